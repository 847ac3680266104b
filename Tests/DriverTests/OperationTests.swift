import Foundation
import Host
import TestSupport
import Testing

/// The verbs of the drivers' own, as `holdfast driver call` runs them.
@Suite struct OperationTests {
    /// A folder with a store in it.
    private struct Opened {
        let folder: TemporaryFolder
        let driver: BuiltDriver

        init(_ id: String) throws {
            folder = try TemporaryFolder()
            driver = try #require(BuiltDriver.all.first { $0.id == id })
        }

        func open(layers: [String]? = nil) throws -> Store {
            try Place.host().open(driver.specification(at: folder.path, layers: layers), anyCall())
        }

        func path(_ name: String) -> String { "\(folder.path)/\(name)" }

        /// Runs a program to its end.
        func run(_ program: String, _ arguments: String...) throws {
            let process = try ChildProcess([program] + arguments)
            try #require(process.wait() == 0, "\(program) \(arguments)")
        }
    }

    /// Calls an operation; its JSON.
    private func call(
        _ store: Store, _ id: String, _ inputs: [OperationInput] = [], _ call: Call = anyCall()
    ) throws -> [String: Any] {
        let operation = try DriverOperation.find(
            id, in: try store.driverOperations(), of: store.driverID)
        var bytes: [UInt8] = []
        try store.callOperation(OperationCall(operation, try operation.resolve(inputs)), call) {
            bytes += $0
        }
        let document = try JSONSerialization.jsonObject(with: Data(bytes))
        return try #require(document as? [String: Any])
    }

    private func put(_ store: Store, _ path: String, _ bytes: [UInt8]) throws {
        _ = try store.put(key(path, workspace: "w"), bytes, condition: .none, anyCall())
    }

    @Test(arguments: BuiltDriver.all) func declarationsAreSound(driver: BuiltDriver) throws {
        let opened = try Opened(driver.id)
        let store = try opened.open()
        defer { store.close(anyCall()) }
        let operations = try store.driverOperations()
        #expect(operations.count >= 2)
        for operation in operations where operation.id != "holdfast.canary" {
            #expect(operation.id.hasPrefix("\(driver.id)."))
            let schema = try JSONSerialization.jsonObject(with: Data(operation.resultSchema.utf8))
            #expect((schema as? [String: Any])?["type"] as? String == "object")
        }
    }

    // MARK: - sqlite

    @Test func vacuumGivesBackSpaceAndKeepsObjects() throws {
        let opened = try Opened("sqlite")
        let store = try opened.open()
        defer { store.close(anyCall()) }
        for number in 0..<60 { try put(store, "many/\(number)", noise(20_000)) }
        for number in 1..<60 {
            try store.remove(key("many/\(number)", workspace: "w"), condition: .none, anyCall())
        }
        let other = try opened.open()
        defer { other.close(anyCall()) }
        let result = try call(store, "sqlite.vacuum")
        let before = try #require(result["bytes_before"] as? Int)
        let after = try #require(result["bytes_after"] as? Int)
        #expect(before > 1_200_000 && after < 200_000)
        let size = try FileManager.default.attributesOfItem(atPath: opened.path("state.db"))[.size]
        #expect(size as? Int == after)
        for store in [store, other] {
            let key = key("many/0", workspace: "w")
            #expect(try store.read(key, maxByteCount: 20_000, anyCall())?.bytes == noise(20_000))
            try put(store, "more", [1])
        }
        #expect(try call(store, "sqlite.integrity_check")["ok"] as? Bool == true)
    }

    @Test func vacuumSaysThatTheDatabaseIsBusy() throws {
        let opened = try Opened("sqlite")
        let store = try opened.open(layers: [])
        defer { store.close(anyCall()) }
        let process = try ChildProcess(["sqlite3", opened.path("state.db")], piped: true)
        let input = FileHandle(fileDescriptor: process.input)
        let output = FileHandle(fileDescriptor: process.output)
        input.write(Data("BEGIN IMMEDIATE;\n.print ready\n".utf8))
        #expect(try output.read(upToCount: 5) == Data("ready".utf8))
        let error = failure {
            _ = try call(store, "sqlite.vacuum", [], Call(timeout: .milliseconds(200)))
        }
        #expect(error?.code == .deadline, "\(String(describing: error))")
        #expect(error?.message.contains("another process held the database") == true)
        #expect(process.wait() == 0)
        _ = try call(store, "sqlite.vacuum")
    }

    @Test func operationsHearOfCancellation() throws {
        for (driver, id) in [
            ("sqlite", "sqlite.vacuum"), ("sqlite", "sqlite.integrity_check"),
            ("local", "local.fsck"),
        ] {
            let store = try Opened(driver).open(layers: [])
            let cancelled = Call(timeout: nil)
            cancelled.cancel()
            #expect(failure { _ = try call(store, id, [], cancelled) }?.code == .cancelled)
            store.close(anyCall())
        }
    }

    @Test func integrityCheckFindsADamagedPage() throws {
        let opened = try Opened("sqlite")
        let maker = try opened.open()
        for number in 0..<200 { try put(maker, "many/\(number)", noise(3000)) }
        maker.close(anyCall())
        let file = try FileHandle(forWritingTo: URL(filePath: opened.path("state.db")))
        let size = try file.seekToEnd()
        // Pages in the middle, whose first bytes say what they are.
        for page in 30..<60 where UInt64(page + 1) * 4096 < size {
            try file.seek(toOffset: UInt64(page) * 4096)
            try file.write(contentsOf: Data(repeating: 0xFE, count: 64))
        }
        try file.close()
        let store = try opened.open()
        defer { store.close(anyCall()) }
        let result = try call(store, "sqlite.integrity_check", [OperationInput("limit", "3")])
        #expect(result["ok"] as? Bool == false)
        let problems = try #require(result["problems"] as? [String])
        #expect((1...3).contains(problems.count), "\(problems)")
    }

    @Test(arguments: [
        ("UPDATE objects SET size = size + 1", "has another size than its row says: things/a"),
        ("UPDATE objects SET attributes = '{'", "unreadable attributes: things/a"),
        ("UPDATE objects SET upload = 77, data = NULL", "lacks some of its chunks: things/a"),
        (
            "INSERT INTO uploads VALUES (5, 1, 'stored', '', 0)",
            "chunks belong to no object: upload 5"
        ),
    ])
    func integrityCheckKnowsTheDriversOwnRules(_ sql: String, _ words: String) throws {
        let opened = try Opened("sqlite")
        let store = try opened.open()
        defer { store.close(anyCall()) }
        try put(store, "a", [1, 2, 3])
        try opened.run("/usr/bin/sqlite3", opened.path("state.db"), sql)
        let result = try call(store, "sqlite.integrity_check")
        #expect(result["ok"] as? Bool == false)
        let problems = try #require(result["problems"] as? [String])
        #expect(problems.contains { $0.hasSuffix(words) }, "\(problems)")
    }

    // MARK: - local

    /// What `local.fsck` found: the kinds with their paths.
    private func problems(
        _ store: Store, repair: Bool = false
    ) throws -> (isOK: Bool, objects: Int, found: Set<String>) {
        let input = OperationInput("repair", "\(repair)")
        let result = try call(store, "local.fsck", [input])
        let list = try #require(result["problems"] as? [[String: Any]])
        let found = list.map { problem in
            let mark = problem["repaired"] as? Bool == true ? " repaired" : ""
            return "\(problem["kind"] ?? "") \(problem["path"] ?? "")\(mark)"
        }
        return (
            try #require(result["ok"] as? Bool), try #require(result["objects"] as? Int), Set(found)
        )
    }

    @Test func fsckFindsWhatIsWrongAndChangesNothing() throws {
        let opened = try Opened("local")
        let store = try opened.open()
        defer { store.close(anyCall()) }
        for path in ["a.json", "b.json", "deep/c.json", "deep/d", "e.json"] {
            _ = try store.put(key(path), [1, 2, 3], condition: .none, anyCall())
        }
        try put(store, "other.json", [1])
        var found = try problems(store)
        #expect(found.isOK && found.objects == 6 && found.found == [])

        try opened.run("/usr/bin/truncate", "--size=2", opened.path("things/a.json"))
        try opened.run("/bin/chmod", "666", opened.path("things/b.json"))
        try opened.run(
            "/usr/bin/python3", "-c",
            "import os,sys; os.setxattr(sys.argv[1], 'user.holdfast', b'\\x01bad')",
            opened.path("things/deep/c.json"))
        try opened.run("/bin/ln", "-s", "a.json", opened.path("things/link.json"))
        try opened.run("/usr/bin/mkfifo", opened.path("things/pipe.json"))
        try opened.run(
            "/usr/bin/touch", opened.path(".tmp/dead-1"), opened.path("things/notes.txt"))
        try opened.run("/bin/chmod", "o+w", opened.path(".workspaces/w/things/other.json"))
        let expected: Set = [
            "size things/a.json", "mode things/b.json", "attribute things/deep/c.json",
            "unreadable things/link.json", "in-the-way things/pipe.json", "stray .tmp/dead-1",
            "mode .workspaces/w/things/other.json",
        ]
        for _ in 0..<2 {
            found = try problems(store)
            #expect(!found.isOK && found.objects == 6)
            #expect(found.found == expected)
        }
    }

    @Test func fsckRemovesOnlyGarbageAndOnlyWhenAsked() throws {
        let opened = try Opened("local")
        let store = try opened.open()
        defer { store.close(anyCall()) }
        let files = FileManager.default
        try opened.run("/usr/bin/touch", opened.path(".tmp/dead-1"))
        let source = Asking { [self] in
            // The file of the write that is going on is nobody's garbage.
            let found = try problems(store)
            #expect(found.found == ["stray .tmp/dead-1"])
            let repaired = try problems(store, repair: true)
            #expect(repaired.isOK && repaired.found == ["stray .tmp/dead-1 repaired"])
        }
        _ = try store.put(
            key("a.json"), from: source, condition: .none, anyCall())
        #expect(source.wasAsked && !files.fileExists(atPath: opened.path(".tmp/dead-1")))
        #expect(try store.head(key("a.json"), anyCall())?.byteCount == 1)
        #expect(try problems(store, repair: true).found == [])
    }

    /// One byte, and something that happens before it.
    private final class Asking: ByteSource, @unchecked Sendable {
        // SAFETY: one thread reads a source.
        private let ask: () throws -> Void
        private(set) var wasAsked = false
        let length: UInt64? = nil

        init(_ ask: @escaping () throws -> Void) { self.ask = ask }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
            guard !wasAsked else { return 0 }
            wasAsked = true
            do { try ask() } catch { throw HostError(.source, "\(error)") }
            buffer[0] = 7
            return 1
        }

        func rewind() -> Bool { false }
    }
}
