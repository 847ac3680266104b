import Glibc
import HoldfastLoader
import SDKTestSupport
import Testing

/// The examples outside Swift, built as a vendor builds them and loaded as a host loads them.
@Suite("Examples") struct ExampleTests {
    @Test("the log driver in C loads and keeps objects") func log() throws {
        let scratch = try Scratch()
        let driver = try Self.load("log", scratch)
        let path = OptionValue(name: "path", type: .path, value: .text("\(scratch.path)/made/log"))
        let size = OptionValue(name: "compact_at", type: .size, value: .number(1 << 20))
        let missing = try #require(throws: DriverFailure.self) {
            try driver.open([path, size], mustExist: true, CallContext())
        }
        #expect(missing.code == .notFound)
        let store = try driver.open([path, size], CallContext())
        let version = try useStore(store)
        let locked = try #require(throws: DriverFailure.self) {
            try driver.open([path, size], CallContext())
        }
        #expect((locked.code, locked.applied) == (.unavailable, .no))
        try store.close(CallContext())
        let again = try driver.open([path, size], mustExist: true, CallContext())
        #expect(try again.head(ExampleCalls.key("a/b"), CallContext()).version == version)
        try again.close(CallContext())
    }

    @Test("the memory driver in Rust loads and keeps objects") func memoryRust() throws {
        let scratch = try Scratch()
        let driver = try Self.load("memory-rust", scratch)
        let name = OptionValue(name: "name", type: .string, value: .text("loader"))
        let store = try driver.open([name], CallContext())
        _ = try useStore(store)
        try countObjects(store)
        try store.close(CallContext())
    }

    /// Calls the operation of the driver's own.
    private func countObjects(_ store: OpenStore) throws {
        let count = try #require(try store.operations().last)
        #expect(count.id == "memory-rust.count" && count.signature == "text")
        #expect(count.traits == [.reads, .idempotent] && !count.hasFunction)
        #expect(try store.operations().first?.hasFunction == true)
        for (collection, expected) in [("state", "6"), ("other", "0")] {
            var bytes: [UInt8] = []
            _ = try store.call(count.id, [.text(collection)], CallContext()) { piece in
                piece.withUnsafeBytes { bytes += $0 }
                return .more
            }
            #expect(String(decoding: bytes, as: UTF8.self) == expected)
        }
    }

    /// Builds an example with its own makefile and starts a copy of it.
    private static func load(_ id: String, _ scratch: borrowing Scratch) throws -> LoadedDriver {
        let example = "\(DriverFixture.sdk)/examples/\(id)"
        try run(["make", "--silent", "--directory=\(example)"])
        return try scratch.start("\(example)/build/\(id)", id)
    }
}

/// A temporary folder.
struct Scratch: ~Copyable {
    /// Its path.
    let path: String

    init() throws {
        var template = Array("/tmp/holdfast-example-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("mkdtemp: \(errno)") }
        path = String(cString: made)
    }

    deinit { try? run(["rm", "-rf", path]) }

    /// Copies a driver's folder, so that nobody replaces it meanwhile, loads it and starts it.
    func start(_ folder: String, _ id: String) throws -> LoadedDriver {
        try run(["cp", "-r", folder, "\(path)/\(id)"])
        // The checkout's own modes depend on the umask of whoever made it.
        try run(["chmod", "-R", "go-w", "\(path)/\(id)"])
        let inspection = LibraryInspection.inspect(folder: "\(path)/\(id)")
        #expect(inspection.problems.isEmpty, "\(inspection.problems)")
        #expect(inspection.image?.exports.map(\.name) == ["holdfast_driver_main_v1"])
        let host = HostIdentity(name: "tests", version: "1")
        let driver = try LoadedDriver.load(folder: "\(path)/\(id)", host: host)
        try driver.start(CallContext())
        let text = String(decoding: try driver.describe(CallContext()), as: UTF8.self)
        let start = String(text.filter { !$0.isWhitespace }.prefix(100))
        #expect(start.hasPrefix("{\"format\":1,\"id\":\"\(id)\","), "\(text)")
        return driver
    }
}

/// Short forms of the calls that every example must answer alike.
struct ExampleCalls {
    let store: OpenStore

    static func key(_ path: String) -> ObjectKey {
        ObjectKey(collection: "state", workspace: "ü", path: path)
    }

    @discardableResult
    func put(
        _ path: String, _ bytes: [UInt8], _ condition: Condition = .none,
        _ attributes: [Attribute] = [], length: UInt64? = nil
    ) throws -> ObjectInfo {
        var rest = bytes[...]
        let request = PutRequest(condition: condition, attributes: attributes, length: length)
        return try store.put(Self.key(path), request, CallContext()) { buffer in
            let piece = rest.prefix(min(buffer.count, 7777))
            buffer.copyBytes(from: piece)
            rest = rest.dropFirst(piece.count)
            return piece.count
        }
    }

    func get(_ path: String, _ range: ByteRange = .whole) throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try store.get(
            Self.key(path), range, CallContext(), onInfo: { _ in .more },
            onBytes: { span in
                span.withUnsafeBytes { bytes.append(contentsOf: $0) }
                return .more
            })
        return bytes
    }

    func list(_ prefix: String, after: String = "", limit: UInt32 = 100) throws -> [Entry] {
        var entries: [Entry] = []
        let request = ListRequest(
            collection: "state", workspace: "ü", prefix: prefix, startAfter: after, limit: limit,
            wantsAttributes: true)
        _ = try store.list(request, CallContext()) {
            entries.append($0)
            return .more
        }
        return entries
    }

    func failure(_ body: () throws -> Void) throws -> DriverFailure {
        try #require(throws: DriverFailure.self) { try body() }
    }
}

/// Calls everything once, in an empty store.
///
/// - Returns: The version of the object `a/b`, which stays.
func useStore(_ store: OpenStore) throws -> Version {
    let calls = ExampleCalls(store: store)
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let attributes = [Attribute(name: "a", value: ""), Attribute(name: "b", value: "grün")]
    let first = try calls.put("a/b", bytes, .absent, attributes)
    #expect((first.byteCount, first.attributes) == (200_000, attributes))
    #expect(try store.head(ExampleCalls.key("a/b"), CallContext()) == first)
    #expect(try calls.get("a/b") == bytes)
    let range = ByteRange(offset: 65_000, length: 1000)
    #expect(try calls.get("a/b", range) == Array(bytes[65_000..<66_000]))
    #expect(try calls.get("a/b", ByteRange(offset: .max, length: .max)) == [])
    try useConditions(calls, first.version)
    // The last two look alike and are not the same path.
    for path in ["a", "a-b", "b", "e\u{301}", "é"] {
        try calls.put(path, Array(path.utf8), .none, attributes)
    }
    #expect(try calls.list("").map(\.path) == ["a", "a-b", "a/b", "b", "e\u{301}", "é"])
    #expect(try calls.list("a", after: "a", limit: 1).map(\.path) == ["a-b"])
    #expect(try calls.list("b").map(\.info.attributes) == [attributes])
    #expect(try calls.list("c").isEmpty)
    let cancelled = CallContext()
    cancelled.cancel()
    let late = try calls.failure {
        _ = try store.put(ExampleCalls.key("late"), PutRequest(), cancelled) { _ in 0 }
    }
    #expect((late.code, late.applied) == (.cancelled, .no))
    let short = try calls.failure { try calls.put("short", [1, 2], length: 3) }
    #expect((short.code, short.applied) == (.source, .no))
    #expect(try calls.list("late").isEmpty && calls.list("short").isEmpty)
    let clock = try store.ping(CallContext())
    let reported = try store.capabilities(CallContext()).map(\.id)
    #expect(reported.contains("clock") == (clock != nil))
    #expect(Set(reported).isSuperset(of: ["condition.absent", "condition.version", "range"]))
    return try store.head(ExampleCalls.key("a/b"), CallContext()).version
}

/// Checks the conditions with the object `a/b`, which has this version, and leaves it with another.
private func useConditions(_ calls: ExampleCalls, _ first: Version) throws {
    let exists = try calls.failure { try calls.put("a/b", [1], .absent) }
    #expect((exists.code, exists.applied) == (.condition, .no))
    #expect(exists.currentVersion == first)
    let second = try calls.put("a/b", [1], .version(first)).version
    #expect(second != first)
    #expect(try calls.failure { try calls.put("a/b", [2], .version(first)) }.code == .condition)
    let key = ExampleCalls.key("a/b")
    let stale = try calls.failure { try calls.store.remove(key, .version(first), CallContext()) }
    #expect((stale.code, stale.currentVersion) == (.condition, second))
    try calls.store.remove(key, .version(second), CallContext())
    try calls.store.remove(key, .none, CallContext())
    #expect(try calls.failure { _ = try calls.get("a/b") }.code == .notFound)
    #expect(try calls.failure { try calls.put("a/b", [1], .version(second)) }.code == .condition)
    let third = try calls.put("a/b", [1], .absent).version
    #expect(third != second && third != first)
}
