import CHoldfast
import HoldfastDriver
import SDKTestSupport
import Testing

@testable import HoldfastLoader

/// Commits and watches of a driver in Swift, called through the loader's side.
@Suite("Commits and watches in Swift") struct ExtensionBridgeTests {
    typealias Change = HoldfastLoader.Change
    typealias Key = HoldfastLoader.ObjectKey

    private let store: OpenStore

    init() throws { store = try BridgeTests.driver.get().open([], CallContext()) }

    private func key(_ path: String) -> Key {
        Key(collection: "terraform", workspace: "ü", path: path)
    }

    private func commit(
        _ changes: [Change], _ bytes: [[UInt8]] = []
    ) throws -> [HoldfastLoader.ObjectInfo?] {
        var rest = bytes.map { $0[...] }
        return try store.commit(changes, CallContext()) { change, buffer in
            let piece = rest[change].prefix(min(buffer.count, 777))
            buffer.copyBytes(from: piece)
            rest[change] = rest[change].dropFirst(piece.count)
            return piece.count
        }
    }

    private func failure(_ changes: [Change], _ bytes: [[UInt8]] = []) throws -> DriverFailure {
        try #require(throws: DriverFailure.self) { _ = try commit(changes, bytes) }
    }

    private func get(_ path: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try store.get(
            key(path), .whole, CallContext(), onInfo: { _ in .more },
            onBytes: { span in
                span.withUnsafeBytes { bytes.append(contentsOf: $0) }
                return .more
            })
        return bytes
    }

    @Test("puts, removals and checks pass both sides together") func mixed() throws {
        let large = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        let attributes = [
            HoldfastLoader.Attribute(name: "empty", value: ""),
            HoldfastLoader.Attribute(name: "writer", value: "grün"),
        ]
        let first = try commit(
            [
                Change(key("a"), .put(length: 2), condition: .absent),
                Change(key("b"), .put(attributes: attributes)), Change(key("c"), .put(length: 0)),
            ], [[1, 2], large, []])
        #expect(first.map { $0?.byteCount } == [2, 5000, 0])
        #expect(first[1]?.attributes == attributes)
        #expect(try get("b") == large)
        let version = try #require(first[0]).version
        let second = try commit(
            [
                Change(key("a"), .check, condition: .version(version)), Change(key("c"), .remove),
                Change(key("d"), .check, condition: .absent), Change(key("b"), .put()),
            ], [[], [], [], [7]])
        #expect(second.map { $0 == nil } == [true, true, true, false])
        #expect(try get("b") == [7])
        #expect(throws: DriverFailure.self) { try get("c") }
    }

    @Test("a failure names its change and nothing is done") func failures() throws {
        let info = try #require(try commit([Change(key("x"), .put())], [[1]])[0])
        let changes = [
            Change(key("y"), .put()), Change(key("x"), .put(), condition: .absent),
            Change(key("z"), .remove),
        ]
        let failed = try failure(changes, [[1], [2], []])
        #expect(failed.code == .condition && failed.change == 2 && failed.applied == .no)
        #expect(failed.currentVersion == info.version)
        #expect(throws: DriverFailure.self) { try get("y") }
        #expect(try failure([]).code == .invalid)
    }

    @Test("a source that fails or lies stops all of it") func sources() throws {
        let changes = [Change(key("s"), .put()), Change(key("t"), .put(length: 3))]
        #expect(throws: TestFailure.self) {
            try store.commit(changes, CallContext()) { change, _ in
                if change == 1 { throw TestFailure("source") }
                return 0
            }
        }
        let short = try failure(changes, [[1], [2]])
        #expect(short.code == .source && short.message.contains("only 1 bytes"))
        #expect(throws: DriverFailure.self) { try get("s") }
    }

    @Test("success without the bytes or the information is a defect") func defects() throws {
        let unread = try failure([Change(key("unread"), .put())], [[1]])
        #expect(unread.code == .internalError)
        #expect(unread.applied == .unknown || unread.applied == .yes)
    }

    @Test("what is newer than the driver is unsupported, and named") func unknown() throws {
        let table = try #require(
            BridgeTests.driver.get().extensionTable(HOLDFAST_TRANSACTION_ID)?
                .assumingMemoryBound(to: holdfast_transaction.self))
        let status = withPair([HOLDFAST_CHANGE_CHECK, 77]) { request in
            let context = CallContext()
            let status = context.withC { call in
                var request = request
                var sink = holdfast_commit_sink()
                return table.pointee.commit(store.driverObject, call, &request, &sink)
            }
            #expect(context.takeReport()?.change == 2)
            return status
        }
        #expect(status == HOLDFAST_UNSUPPORTED)
    }

    /// Two changes of a host whose struct is longer than this one's.
    private func withPair(
        _ kinds: [holdfast_change_kind],
        call: (holdfast_commit) -> holdfast_status
    ) -> holdfast_status {
        let stride = MemoryLayout<holdfast_change>.stride + 24
        let items = UnsafeMutableRawPointer.allocate(byteCount: 2 * stride, alignment: 8)
        defer { items.deallocate() }
        items.initializeMemory(as: UInt8.self, repeating: 0xee, count: 2 * stride)
        let keys = ["a", "b"].map { key($0) }
        return keys[0].withC { first in
            keys[1].withC { second in
                HoldfastLoader.Condition.absent.withC { condition in
                    for (index, key) in [first, second].enumerated() {
                        var change = holdfast_change()
                        change.size = UInt32(stride)
                        change.kind = kinds[index]
                        change.key = key
                        change.condition = condition
                        (items + index * stride).storeBytes(of: change, as: holdfast_change.self)
                    }
                    return call(
                        holdfast_commit(
                            size: UInt32(MemoryLayout<holdfast_commit>.size), flags: 0,
                            items: items, count: 2, stride: UInt32(stride)))
                }
            }
        }
    }

    @Test("a watch gives a cursor, waits, and wakes") func watch() throws {
        var request = HoldfastLoader.WatchRequest(collection: "terraform", workspace: "ü")
        request.cursor = try store.watch(request, CallContext())
        let late = try #require(throws: DriverFailure.self) {
            _ = try store.watch(request, CallContext(deadlineNanoseconds: 1))
        }
        #expect(late.code == .deadline)
        _ = try commit([Change(key("w"), .put())], [[1]])
        let next = try store.watch(request, CallContext())
        #expect(next != request.cursor)
        request.prefix = "no-cursor"
        let empty = try #require(throws: DriverFailure.self) {
            _ = try store.watch(request, CallContext())
        }
        #expect(empty.code == .internalError && empty.message.contains("cursor"))
    }

    @Test("the store says that it can") func says() throws {
        #expect(store.isTransactional && store.isWatchable)
    }
}
