import Glibc
import HoldfastLoader
import SDKTestSupport
import Testing

// Sources that are compiled with the headers recorded then, and binaries kept outside the repository.

/// Drivers of earlier states of the interface.
@Suite("Kept drivers") struct KeptTests {
    @Test("every recorded state is there") func recorded() throws {
        let numbers = Recorded.all.map(\.draft)
        #expect(numbers.contains(1) && numbers.contains(2), "\(numbers)")
    }

    @Test(
        "a driver of a recorded header loads, or is refused for its draft", arguments: Recorded.all)
    private func source(_ recorded: Recorded) throws {
        let fixture = try recorded.build(include: recorded.include)
        try check(fixture, recorded)
    }

    @Test("a driver of a header that has grown since loads", arguments: [8, 64])
    func newer(bytes: Int) throws {
        // Every struct that may grow is longer than this host knows, and its end is not zero.
        let today = try #require(Recorded(folder: DriverFixture.sdk + "/include"))
        let header = String(
            decoding: try contents(today.include + "/holdfast/driver.h"), as: UTF8.self)
        let frozen = ["holdfast_text", "holdfast_note"]
        let grown = header.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let name = line.dropFirst(2).dropLast()
            guard line.hasPrefix("} holdfast_"), !frozen.contains(String(name)) else {
                return String(line)
            }
            return "    uint64_t later[\(bytes / 8)];\n" + line
        }
        let scratch = try DriverFixture(manifest: today.manifest)
        try run(["mkdir", "-p", scratch.root + "/holdfast"])
        let text = grown.joined(separator: "\n")
        #expect(text.split(separator: "later[").count > 20)
        try write(Array(text.utf8), to: scratch.root + "/holdfast/driver.h")
        let fixture = try today.build(include: scratch.root)
        try check(fixture, today)
    }

    @Test("kept binaries load, or are refused for their draft") func binaries() throws {
        guard let place = getenv("HOLDFAST_KEPT_DRIVERS").map({ String(cString: $0) }) else {
            print("kept drivers: none, HOLDFAST_KEPT_DRIVERS names no folder")
            return
        }
        let folders = try names(in: place).map { "\(place)/\($0)" }
        print("kept drivers: \(folders.count) in \(place)")
        for folder in folders {
            try run(["sh", "-c", "cd \"$0\" && exec sha256sum --quiet --check SHA256SUMS", folder])
            let recorded = try #require(Recorded(folder: folder), "\(folder)")
            let error = refusal(folder)
            print("kept drivers: \(folder): \(error.map(\.message) ?? "loaded")")
            #expect((error == nil) == recorded.isCurrent, "\(folder): \(String(describing: error))")
            if let error { #expect(error.code == .interface, "\(error)") }
        }
    }

    private func refusal(_ folder: String) -> LoaderError? {
        do throws(LoaderError) {
            _ = try LoadedDriver.load(
                folder: folder, host: HostIdentity(name: "tests", version: "1"))
            return nil
        } catch {
            return error
        }
    }

    private func check(_ fixture: DriverFixture, _ recorded: Recorded) throws {
        guard recorded.isCurrent else {
            let error = try #require(fixture.refusal())
            #expect(error.code == .interface, "\(error)")
            #expect(
                error.message.contains(
                    "draft \(recorded.draft) of the interface, this host for"), "\(error)")
            return
        }
        let store = try fixture.store()
        let key = { ObjectKey(collection: "kept", workspace: "", path: $0) }
        for path in ["a", "b"] {
            var rest = Array("object \(path)".utf8)[...]
            let info = try store.put(key(path), .init(), CallContext()) { buffer in
                let count = min(buffer.count, rest.count)
                buffer.copyBytes(from: rest.prefix(count))
                rest = rest.dropFirst(count)
                return count
            }
            #expect(try store.head(key(path), CallContext()) == info)
        }
        var bytes: [UInt8] = []
        _ = try store.get(
            key("b"), .init(offset: 3, length: 4), CallContext(), onInfo: { _ in .more },
            onBytes: { span in
                span.withUnsafeBytes { bytes += $0 }
                return .more
            })
        #expect(String(decoding: bytes, as: UTF8.self) == "ect ")
        var paths: [String] = []
        let all = ListRequest(collection: "kept", workspace: "", prefix: "", limit: 10)
        _ = try store.list(all, CallContext()) { entry in
            paths.append(entry.path)
            return .more
        }
        #expect(paths == ["a", "b"])
        try store.remove(key("a"), .none, CallContext())
        let missing = try #require(throws: DriverFailure.self) {
            try store.head(key("a"), CallContext())
        }
        #expect((missing.code, missing.message) == (.notFound, "there is no such object"))
        #expect(try store.capabilities(CallContext()).map(\.limit) == [4096])
        #expect(try store.ping(CallContext())?.domain == "kept")
        try store.close(CallContext())
    }
}

/// A state of the interface whose header was recorded, or kept with a driver.
private struct Recorded: Sendable, CustomTestStringConvertible {
    let include: String
    let (major, minor, draft, behaviour): (UInt32, UInt32, UInt32, UInt32)

    var testDescription: String { draft == 0 ? "\(major).\(minor)" : "draft \(draft)" }

    /// Whether a host of today takes its drivers.
    var isCurrent: Bool { major == InterfaceVersion.major && draft == InterfaceVersion.draft }

    static let all: [Recorded] = {
        let place = DriverFixture.sdk + "/abi/baseline"
        return ((try? names(in: place)) ?? []).compactMap { Recorded(folder: "\(place)/\($0)") }
    }()

    /// Reads the numbers of the header in a folder.
    init?(folder: String) {
        guard let bytes = try? contents(folder + "/holdfast/driver.h") else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        func number(_ name: String) -> UInt32? {
            lines.lazy.compactMap { line in
                let words = line.split(separator: " ")
                guard words.count >= 3, words[1] == "HOLDFAST_\(name)" else { return nil }
                return UInt32(words[2].dropLast())
            }.first
        }
        guard let major = number("ABI_MAJOR"), let minor = number("ABI_MINOR"),
            let draft = number("DRAFT"), let behaviour = number("BEHAVIOUR")
        else { return nil }
        include = folder
        (self.major, self.minor, self.draft, self.behaviour) = (major, minor, draft, behaviour)
    }

    var manifest: String {
        """
        manifest_version = 1
        [driver]
        id = "few"
        name = "Few"
        version = "1.0.0"
        publisher = "Kept"
        license = "Apache-2.0"
        summary = "A few small objects in memory"
        [abi]
        major = \(major)
        minor = \(minor)
        draft = \(draft)
        behaviour = \(behaviour)
        [library]
        path = "driver.so"
        needed = ["libc.so.6"]
        [runtime]
        language = "c"
        threads = "per-driver"
        [isolation]
        default = "in-process"

        """
    }

    /// Compiles the kept source with a header.
    func build(include: String) throws -> DriverFixture {
        let fixture = try DriverFixture(manifest: manifest)
        try run([
            "cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC",
            "-fvisibility=hidden", "-Wl,-z,now,-z,relro,-z,nodelete", "-I", include,
            DriverFixture.sdk + "/Tests/Kept/few.c", "-o", fixture.library,
        ])
        return fixture
    }
}

/// The names in a folder, sorted.
private func names(in folder: String) throws -> [String] {
    guard let stream = opendir(folder) else { throw TestFailure("cannot read \(folder): \(errno)") }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}
