import Host
import TestSupport
import Testing

/// A driver that answers whatever a test tells it to.
struct LyingDriver: StoreOperations {
    typealias Begin = (ObjectInfo) throws(HostError) -> Void
    typealias Body = (UnsafeRawBufferPointer) throws(HostError) -> Void

    var head: ObjectInfo?
    var get: @Sendable (Begin, Body) throws(HostError) -> ObjectInfo? = { _, _ in nil }
    var put: @Sendable (PutRequest, any ByteSource) throws(HostError) -> ObjectInfo = { _, _ in
        info()
    }
    var list: [Entry] = []
    var ping: StoreClock?

    func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? { head }

    func get(
        _ key: ObjectKey, _ range: ByteRange, _ call: Call, begin: Begin, body: Body
    ) throws(HostError) -> ObjectInfo? {
        try get(begin, body)
    }

    func put(
        _ key: ObjectKey, _ request: PutRequest, from source: any ByteSource, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        try put(request, source)
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(HostError) {}
    func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] { list }
    func ping(_ call: Call) throws(HostError) -> StoreClock? { ping }
    func close(_ call: Call) {}

    var store: Store {
        Store(
            name: "s", driverID: "liar", addressing: .place, capabilities: .all, operations: self)
    }
}

private func info(
    _ version: [UInt8] = [1], _ byteCount: UInt64 = 0, _ attributes: [String: String] = [:]
) -> ObjectInfo {
    ObjectInfo(
        version: Version(token: version), byteCount: byteCount, modifiedNanoseconds: 0,
        attributes: attributes)
}

private func send(_ count: Int, _ body: LyingDriver.Body) throws(HostError) {
    let bytes = [UInt8](repeating: 5, count: count)
    let result: Result<Void, HostError> = bytes.withUnsafeBytes { bytes in
        do throws(HostError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    try result.get()
}

/// What a driver may not answer becomes an error that names the driver.
@Suite struct StoreAnswerTests {
    private let key = ObjectKey(collection: "c", path: "p")
    private let call = Call(timeout: nil)

    private func expectNonsense(
        _ message: String, applied: HostError.Applied = .no,
        sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) {
        do {
            try body()
            Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        } catch let error as HostError {
            #expect(error.code == .internalError, sourceLocation: sourceLocation)
            #expect(error.driver == "liar", sourceLocation: sourceLocation)
            #expect(error.applied == applied, sourceLocation: sourceLocation)
            #expect(
                error.message.contains(message), "\(error.message)", sourceLocation: sourceLocation)
        } catch {
            Issue.record(error, sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: [0, 257])
    func versionsHaveLimits(count: Int) {
        let bad = info([UInt8](repeating: 1, count: count))
        let message = "a version of \(count) bytes"
        expectNonsense(message) { _ = try LyingDriver(head: bad).store.head(key, call) }
        expectNonsense(message, applied: .unknown) {
            _ = try LyingDriver(put: { request, source throws(HostError) in
                _ = try readAll(source)
                var bad = bad
                bad.attributes = request.attributes
                return bad
            }).store.put(key, [], condition: .none, call)
        }
        let listed = LyingDriver(list: [Entry(path: "p", info: bad)])
        expectNonsense(message) {
            _ = try listed.store.list(Listing(collection: "c", wantsAttributes: true), call)
        }
        // Listings without attributes may leave versions out.
        guard count > 0 else { return }
        expectNonsense(message) { _ = try listed.store.list(Listing(collection: "c"), call) }
    }

    @Test("an entry without a version is listed, and nothing takes it for a condition")
    func versionsMayBeLeftOut() throws {
        let entry = Entry(path: "p", info: info([]))
        let store = LyingDriver(list: [entry]).store
        let found = try store.list(Listing(collection: "c"), call)
        #expect(found.map(\.info.version) == [.unlisted])
        #expect(throws: HostError.self) {
            _ = try store.put(key, [], condition: .version(.unlisted), call)
        }
        #expect(throws: HostError.self) {
            try store.remove(key, condition: .version(.unlisted), call)
        }
    }

    private func read(
        _ get:
            @escaping @Sendable (LyingDriver.Begin, LyingDriver.Body) throws(HostError) ->
            ObjectInfo?
    ) throws {
        _ = try LyingDriver(get: get).store.read(key, maxByteCount: 100, call)
    }

    @Test func readsAreHeldToTheContract() throws {
        expectNonsense("sent bytes before the information") {
            try read { begin, body throws(HostError) in
                try send(1, body)
                try begin(info([1], 1))
                return info([1], 1)
            }
        }
        expectNonsense("information twice") {
            try read { begin, body throws(HostError) in
                try begin(info())
                try begin(info())
                return info()
            }
        }
        expectNonsense("more than the 3 bytes") {
            try read { begin, body throws(HostError) in
                try begin(info([1], 3))
                try send(4, body)
                return info([1], 3)
            }
        }
        expectNonsense("sent 2 bytes of 3") {
            try read { begin, body throws(HostError) in
                try begin(info([1], 3))
                try send(2, body)
                return info([1], 3)
            }
        }
        expectNonsense("sent an object and reported none") {
            try read { begin, body throws(HostError) in
                try begin(info())
                return nil
            }
        }
        expectNonsense("reported an object and sent none") {
            try read { begin, body throws(HostError) in info() }
        }
        expectNonsense("ended with another") {
            try read { begin, body throws(HostError) in
                try begin(info([1]))
                return info([2])
            }
        }
        try read { begin, body throws(HostError) in
            try begin(info([1], 3))
            try send(1, body)
            try send(0, body)
            try send(2, body)
            return info([1], 3)
        }
    }

    @Test(arguments: [
        (ByteRange(offset: 0, length: 2), 2), (ByteRange(offset: 2, length: 9), 1),
        (ByteRange(offset: 3, length: 1), 0), (ByteRange(offset: .max, length: .max), 0),
    ])
    func rangesAreExact(range: ByteRange, expected: Int) throws {
        func get(_ count: Int) throws {
            let driver = LyingDriver(get: { begin, body throws(HostError) in
                try begin(info([1], 3))
                try send(count, body)
                return info([1], 3)
            })
            _ = try driver.store.get(key, range: range, call, begin: { _ in }, body: { _ in })
        }
        try get(expected)
        expectNonsense("more than the \(expected) bytes") { try get(expected + 1) }
        if expected > 0 {
            expectNonsense("bytes of \(expected)") { try get(expected - 1) }
        }
    }

    private func write(
        _ put: @escaping @Sendable (PutRequest, any ByteSource) throws(HostError) -> ObjectInfo
    ) throws {
        _ = try LyingDriver(put: put).store
            .put(key, [1, 2, 3], condition: .none, attributes: ["a": "\u{E9}"], call)
    }

    @Test func writesAreHeldToTheContract() throws {
        expectNonsense("before the source's end", applied: .unknown) {
            try write { request, _ in info([1], 3, request.attributes) }
        }
        expectNonsense("reported 2 bytes and was given 3", applied: .unknown) {
            try write { request, source throws(HostError) in
                _ = try readAll(source)
                return info([1], 2, request.attributes)
            }
        }
        expectNonsense("attributes came back changed", applied: .unknown) {
            try write { request, source throws(HostError) in
                _ = try readAll(source)
                return info([1], 3, ["a": "\u{E9}"])
            }
        }
        // The same letter in another spelling is another value.
        expectNonsense("attributes came back changed", applied: .unknown) {
            try write { request, source throws(HostError) in
                _ = try readAll(source)
                var attributes = request.attributes
                attributes["a"] = "e\u{301}"
                return info([1], 3, attributes)
            }
        }
        try write { request, source throws(HostError) in
            _ = try readAll(source)
            return info([1], 3, request.attributes)
        }
    }

    @Test func aSuccessAfterAFailedSourceIsNoSuccess() {
        let failure = HostError(.source, "the disk is gone")
        do {
            let driver = LyingDriver(put: { request, source throws(HostError) in
                _ = try? readAll(source)
                return info([1], 3, request.attributes)
            })
            let source = StreamSource([1, 2, 3], failure: failure)
            _ = try driver.store.put(key, from: source, condition: .none, call)
            Issue.record("nothing was thrown")
        } catch {
            #expect(error.code == .source)
            #expect(error.message == failure.message)
            #expect(error.applied == .unknown)
        }
    }

    @Test(arguments: [
        (["b", "a"], "listed \"a\" after \"b\""), (["a", "a"], "listed \"a\" after \"a\""),
        (["a", "b", "c", "d"], "4 entries, at most 3"), (["x"], "outside of the prefix"),
        ([""], "outside of the prefix"),
    ])
    func listingsAreHeldToTheContract(paths: [String], message: String) {
        let prefix = paths == ["x"] ? "a" : ""
        expectNonsense(message) {
            let entries = paths.map { Entry(path: $0, info: info()) }
            _ = try LyingDriver(list: entries).store
                .list(Listing(collection: "c", prefix: prefix, limit: 3), call)
        }
    }

    @Test func listingsGoOnAfterTheGivenPath() {
        expectNonsense("listed \"a\" after \"a\"") {
            _ = try LyingDriver(list: [Entry(path: "a", info: info())]).store
                .list(Listing(collection: "c", startAfter: "a"), call)
        }
    }

    @Test func clocksHaveNames() throws {
        expectNonsense("clock without a name") {
            let clock = StoreClock(domain: "", nowNanoseconds: 1, uncertaintyNanoseconds: 0)
            _ = try LyingDriver(ping: clock).store.ping(call)
        }
    }

    @Test func errorsOfConsumersPassUnchanged() throws {
        let mine = HostError(.cancelled, "the client hung up")
        for atBegin in [true, false] {
            // A driver that swallows the error, or turns it into another, does not hide it.
            for swallows in [true, false] {
                let driver = LyingDriver(get: { begin, body throws(HostError) in
                    do throws(HostError) {
                        try begin(info([1], 1))
                        try send(1, body)
                    } catch {
                        if swallows { return info([1], 1) }
                        throw HostError(.io, "something else")
                    }
                    return info([1], 1)
                })
                do {
                    _ = try driver.store.get(
                        key, call, begin: { _ throws(HostError) in if atBegin { throw mine } },
                        body: { _ throws(HostError) in if !atBegin { throw mine } })
                    Issue.record("nothing was thrown")
                } catch {
                    #expect(error.message == mine.message)
                    #expect(error.store == "")
                }
            }
        }
    }

    @Test(arguments: [2, 4])
    func sourcesKeepTheirPromise(length: UInt64) {
        let memory = MemoryStore()
        do {
            let source = LyingSource([1, 2, 3], length: length)
            _ = try memory.store().put(key, from: source, condition: .none, call)
            Issue.record("nothing was thrown")
        } catch {
            #expect(error.code == .source)
            #expect(error.message.contains("promised \(length) bytes"), "\(error.message)")
        }
        #expect(memory.keys.isEmpty)
    }
}
