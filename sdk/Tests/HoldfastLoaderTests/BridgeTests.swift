import CHoldfast
import HoldfastDriver
import SDKTestSupport
import Synchronization
import Testing

@testable import HoldfastLoader

/// The Swift SDK's side of the table, called through the loader's side, without a library file.
@Suite("Drivers in Swift") struct BridgeTests {
    typealias Failure = HoldfastLoader.DriverFailure

    /// The driver, as if it had been loaded; one for the process, because it is started once.
    static let driver = Result { () throws -> LoadedDriver in
        DriverRegistration.register(SwiftMemoryDriver.self)
        var offer = holdfast_offer()
        offer.size = UInt32(MemoryLayout<holdfast_offer>.size)
        offer.draft = HOLDFAST_DRAFT + 1
        var table: UnsafeRawPointer?
        #expect(_holdfastMain(&offer, &table) == HOLDFAST_UNSUPPORTED)
        offer.draft = HOLDFAST_DRAFT
        try #require(_holdfastMain(&offer, &table) == HOLDFAST_OK)
        // The whole address space, because the code is that of the tests themselves.
        let copy = try DriverTable(table, code: [1..<UInt.max])
        let manifest = try DriverManifest(text: Array(DriverFixture.goodManifest.utf8), path: "x")
        let driver = LoadedDriver(
            inspection: LibraryInspection(folder: "x"), manifest: manifest, table: copy)
        try driver.start(CallContext())
        return driver
    }

    private let store: OpenStore
    private let key = HoldfastLoader.ObjectKey(
        collection: "terraform", workspace: "ü", path: "stack/dev")

    init() throws { store = try Self.driver.get().open([], CallContext()) }

    private func put(
        _ bytes: [UInt8], _ request: HoldfastLoader.PutRequest = .init(), path: String? = nil
    ) throws -> HoldfastLoader.ObjectInfo {
        var rest = bytes[...]
        var key = key
        if let path { key.path = path }
        return try store.put(key, request, CallContext()) { buffer in
            let piece = rest.prefix(min(buffer.count, 777))
            buffer.copyBytes(from: piece)
            rest = rest.dropFirst(piece.count)
            return piece.count
        }
    }

    private func get(_ range: HoldfastLoader.ByteRange = .whole) throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try store.get(
            key, range, CallContext(), onInfo: { _ in .more },
            onBytes: { span in
                span.withUnsafeBytes { bytes.append(contentsOf: $0) }
                return .more
            })
        return bytes
    }

    private func failure(_ body: () throws -> Void) throws -> Failure {
        try #require(throws: Failure.self) { try body() }
    }

    @Test("what a host demands of a struct is what the first version of it had") func leastSizes() {
        let sizes = [
            (LeastSize.attribute, MemoryLayout<holdfast_attribute>.size),
            (LeastSize.capability, MemoryLayout<holdfast_capability>.size),
            (LeastSize.clock, MemoryLayout<holdfast_clock>.size),
            (LeastSize.driver, MemoryLayout<holdfast_driver>.size),
            (LeastSize.entry, MemoryLayout<holdfast_entry>.size),
            (LeastSize.error, MemoryLayout<holdfast_error>.size),
            (LeastSize.info, MemoryLayout<holdfast_info>.size),
        ]
        for (least, today) in sizes {
            #expect(HOLDFAST_ABI_MINOR == 0 ? least == today : least <= today)
        }
    }

    @Test("a driver in Swift says who it is") func identity() throws {
        let driver = try Self.driver.get()
        #expect((driver.id, driver.version) == ("swift-memory", "2.0.0"))
        #expect(driver.threadModel == .parallel)
        let document = String(decoding: try driver.describe(CallContext()), as: UTF8.self)
        #expect(document.contains("\"swift-memory\""))
        #expect(document.contains("\"greeting\""))
        #expect(driver.extensionTable("holdfast.example/1") == nil)
    }

    @Test("objects, attributes, ranges and conditions pass both sides") func objects() throws {
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        let attributes = [
            HoldfastLoader.Attribute(name: "empty", value: ""),
            HoldfastLoader.Attribute(name: "writer", value: "grün"),
        ]
        let first = try put(bytes, .init(condition: .absent, attributes: attributes))
        #expect((first.byteCount, first.modifiedNanoseconds) == (5000, 5))
        #expect(first.attributes == attributes)
        #expect(try store.head(key, CallContext()) == first)
        #expect(try get() == bytes)
        #expect(try get(.init(offset: 10, length: 3)) == [10, 11, 12])
        let changed = try failure { _ = try put([1], .init(condition: .absent)) }
        #expect((changed.code, changed.applied) == (.condition, .no))
        #expect(changed.currentVersion == first.version)
        try store.remove(key, .version(first.version), CallContext())
        let missing = try failure { _ = try store.head(key, CallContext()) }
        #expect(missing == Failure(.notFound, "no such object"))
    }

    @Test("a listing passes both sides, and stops") func listing() throws {
        for path in ["a", "b/1", "b/2", "c"] { _ = try put([1], path: path) }
        func list(_ prefix: String, stop: Bool = false) throws -> ([String], ListOutcome) {
            var paths: [String] = []
            let request = HoldfastLoader.ListRequest(
                collection: "terraform", workspace: "ü", prefix: prefix, limit: 10)
            let outcome = try store.list(request, CallContext()) { entry in
                paths.append(entry.path)
                return stop ? .stop : .more
            }
            return (paths, outcome)
        }
        #expect(try list("b/") == (["b/1", "b/2"], .end))
        #expect(try list("") == (["a", "b/1", "b/2", "c"], .end))
        #expect(try list("", stop: true) == (["a"], .stopped))
    }

    @Test("a consumer's stop and error pass both sides") func consumer() throws {
        _ = try put([1, 2, 3])
        let stopped = try store.get(
            key, .whole, CallContext(), onInfo: { _ in .stop }, onBytes: { _ in .more })
        #expect(stopped == .stopped)
        #expect(throws: TestFailure.self) {
            try store.get(
                key, .whole, CallContext(), onInfo: { _ in .more },
                onBytes: { _ in throw TestFailure("consumer") })
        }
        #expect(throws: TestFailure.self) {
            try store.put(key, .init(), CallContext()) { _ in throw TestFailure("source") }
        }
        #expect(try get() == [1, 2, 3])
    }

    @Test("failures, cancellation and deadlines pass both sides") func failures() throws {
        let refuse = OptionValue(name: "refuse", type: .boolean, value: .number(1))
        let refused = try failure { _ = try Self.driver.get().open([refuse], CallContext()) }
        #expect(
            refused
                == Failure(
                    .unauthenticated, "no such user", retry: .reopen, vendorCode: -7,
                    vendorName: "NOUSER"))
        func wait(_ context: CallContext) throws -> Failure {
            try failure {
                var key = key
                key.path = "waits"
                _ = try store.get(
                    key, .whole, context, onInfo: { _ in .more }, onBytes: { _ in .more })
            }
        }
        let cancelled = CallContext()
        cancelled.cancel()
        #expect(try wait(cancelled).code == .cancelled)
        #expect(try wait(CallContext(deadlineNanoseconds: 1)).code == .deadline)
    }

    @Test("that a store must exist passes both sides; no other flag does") func flags() throws {
        let driver = try Self.driver.get()
        let missing = try failure { _ = try driver.open([], mustExist: true, CallContext()) }
        #expect(missing == Failure(.notFound, "there is no such store"))
        for flags: UInt32 in [1 << 1, 1 << 31, .max] {
            let unknown = try failure { _ = try driver.open([], flags: flags, CallContext()) }
            #expect(unknown.code == .unsupported)
            #expect(unknown.message.contains("0x\(String(flags & ~1, radix: 16))"))
        }
    }

    @Test("capabilities pass both sides, and a store without a clock has none") func reports()
        throws
    {
        #expect(
            try store.capabilities(CallContext())
                == [CapabilityReport(id: "value", level: .native, limit: 1 << 20)])
        #expect(try store.ping(CallContext()) == nil)
        try store.close(CallContext())
    }
}
