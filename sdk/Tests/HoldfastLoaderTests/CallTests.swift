import Glibc
import HoldfastLoader
import SDKTestSupport
import Testing

/// What a store of the fixture promises, wherever its driver runs: also part of the tests of
/// isolation, by a link.
@Suite("Calls") struct CallTests {
    private let store: OpenStore

    init() throws { store = try openPlainStore() }

    private func key(_ path: String) -> ObjectKey {
        ObjectKey(collection: "terraform", workspace: "w", path: path)
    }

    @discardableResult
    private func put(
        _ path: String, _ bytes: [UInt8], _ condition: Condition = .none,
        _ attributes: [Attribute] = [], length: UInt64?? = .none, context: CallContext = .init()
    ) throws -> ObjectInfo {
        var rest = bytes[...]
        let length = length ?? UInt64(bytes.count)
        let request = PutRequest(condition: condition, attributes: attributes, length: length)
        return try store.put(key(path), request, context) { buffer in
            let piece = rest.prefix(buffer.count)
            buffer.copyBytes(from: piece)
            rest = rest.dropFirst(piece.count)
            return piece.count
        }
    }

    private func get(_ path: String, _ range: ByteRange = .whole) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let outcome = try store.get(
            key(path), range, CallContext(), onInfo: { _ in .more },
            onBytes: { span in
                span.withUnsafeBytes { bytes.append(contentsOf: $0) }
                return .more
            })
        #expect(outcome == .complete)
        return bytes
    }

    private func failure(_ body: () throws -> Void) throws -> DriverFailure {
        try #require(throws: DriverFailure.self) { try body() }
    }

    // MARK: - What works

    @Test("what is written comes back", arguments: [0, 1, 63, 64, 4096, 4097, 300_000])
    func roundTrip(_ size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let attributes = [Attribute(name: "a", value: ""), Attribute(name: "b", value: "ü")]
        let written = try put("x", bytes, .none, attributes)
        #expect(written.byteCount == UInt64(size))
        #expect(written.attributes == attributes)
        #expect(written.version.description == "v1")
        #expect(try store.head(key("x"), CallContext()) == written)
        #expect(try get("x") == bytes)
        #expect(try get("x", ByteRange(offset: 1, length: 5)) == Array(bytes.dropFirst().prefix(5)))
        #expect(try get("x", ByteRange(offset: 1 << 40, length: .max)) == [])
        #expect(try put("x", bytes, length: .some(nil)).version.description == "v2")
    }

    @Test("conditions are carried, and the current version comes back") func conditions() throws {
        let first = try put("c", [1], .absent)
        let absent = try failure { try put("c", [2], .absent) }
        #expect((absent.code, absent.applied) == (.condition, .no))
        #expect(absent.currentVersion == first.version)
        let second = try put("c", [2], .version(first.version))
        #expect(try failure { try put("c", [3], .version(first.version)) }.code == .condition)
        #expect(
            try failure { try store.remove(key("c"), .version(first.version), CallContext()) }.code
                == .condition)
        try store.remove(key("c"), .version(second.version), CallContext())
        try store.remove(key("c"), .none, CallContext())
        #expect(try failure { _ = try store.head(key("c"), CallContext()) }.code == .notFound)
        #expect(try failure { _ = try get("c") }.code == .notFound)
    }

    @Test("a listing is complete, in order and can be cut") func listing() throws {
        for path in ["b", "a/2", "a/1", "a", "a/10", "ab", "z"] {
            try put(path, [1], .none, [Attribute(name: "n", value: path)])
        }
        func list(
            _ prefix: String = "", after: String = "", limit: UInt32 = 100, stopAfter: Int = 100
        ) throws -> ([String], ListOutcome) {
            var paths: [String] = []
            let request = ListRequest(
                collection: "terraform", workspace: "w", prefix: prefix, startAfter: after,
                limit: limit, wantsAttributes: true)
            let outcome = try store.list(request, CallContext()) { entry in
                #expect(entry.info.attributes == [Attribute(name: "n", value: entry.path)])
                paths.append(entry.path)
                return paths.count == stopAfter ? .stop : .more
            }
            return (paths, outcome)
        }
        #expect(try list() == (["a", "a/1", "a/10", "a/2", "ab", "b", "z"], .end))
        #expect(try list("a/") == (["a/1", "a/10", "a/2"], .end))
        #expect(try list(after: "a/10") == (["a/2", "ab", "b", "z"], .end))
        #expect(try list(limit: 7) == (["a", "a/1", "a/10", "a/2", "ab", "b", "z"], .limitReached))
        #expect(try list(limit: 4) == (["a", "a/1", "a/10", "a/2"], .limitReached))
        #expect(try list(stopAfter: 2) == (["a", "a/1"], .stopped))
        #expect(try list("none") == ([], .end))
    }

    @Test("capabilities and the clock are carried") func reports() throws {
        let capabilities = try store.capabilities(CallContext())
        #expect(
            capabilities.first == CapabilityReport(id: "condition.absent", level: .native)
                && capabilities.last { $0.id == "value" }
                    == CapabilityReport(
                        id: "value", level: .emulated, limit: 1 << 20, note: "small")
        )
        let clock = try #require(try store.ping(CallContext()))
        #expect((clock.domain, clock.uncertaintyNanoseconds) == ("memory", 1))
        #expect(clock.nowNanoseconds > 0)
    }

    @Test("the call's context reaches the driver") func context() throws {
        let context = CallContext(
            deadlineNanoseconds: 1, attempt: 3, traceParent: "00-ab", idempotencyKey: "key")
        var text = ""
        _ = try store.get(
            key("bad/echo"), .whole, context, onInfo: { _ in .more },
            onBytes: { span in
                text += span.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                return .more
            })
        #expect(text == "\(context.id) 1 3 00-ab key 1")
    }

    @Test("a consumer can stop a read") func stop() throws {
        try put("long", [UInt8](repeating: 7, count: 900_000))
        var pieces = 0
        let outcome = try store.get(
            key("long"), .whole, CallContext(), onInfo: { _ in .more },
            onBytes: { _ in
                pieces += 1
                return pieces == 2 ? .stop : .more
            })
        #expect((outcome, pieces) == (.stopped, 2))
        let early = try store.get(
            key("long"), .whole, CallContext(), onInfo: { _ in .stop },
            onBytes: { _ in
                Issue.record("bytes after the stop")
                return .more
            })
        #expect(early == .stopped)
        let deaf = try store.get(
            key("bad/deaf"), .whole, CallContext(), onInfo: { _ in .stop },
            onBytes: { _ in
                Issue.record("bytes after the stop")
                return .more
            })
        #expect(deaf == .stopped)
    }

    @Test("an error of the consumer comes out as it is") func consumerErrors() throws {
        try put("y", [UInt8](repeating: 7, count: 20000))
        #expect(throws: TestFailure.self) {
            try store.get(
                key("y"), .whole, CallContext(), onInfo: { _ in throw TestFailure("info") },
                onBytes: { _ in .more })
        }
        #expect(throws: TestFailure.self) {
            try store.get(
                key("y"), .whole, CallContext(), onInfo: { _ in .more },
                onBytes: { _ in throw TestFailure("bytes") })
        }
        #expect(throws: TestFailure.self) {
            let request = ListRequest(collection: "terraform", workspace: "w", limit: 9)
            _ = try store.list(request, CallContext()) { _ in throw TestFailure("entry") }
        }
        #expect(throws: TestFailure.self) {
            try store.put(key("z"), PutRequest(), CallContext()) { _ in throw TestFailure("source")
            }
        }
        #expect(try failure { _ = try store.head(key("z"), CallContext()) }.code == .notFound)
    }

    @Test("a source that breaks its word writes nothing", arguments: [UInt64(2), 4])
    func sourceLength(_ length: UInt64) throws {
        let failure = try failure { try put("s", [1, 2, 3], length: length) }
        #expect((failure.code, failure.applied) == (.source, .no))
        #expect(try self.failure { _ = try store.head(key("s"), CallContext()) }.code == .notFound)
    }

    @Test("a call ends when it is cancelled or its deadline passes") func cancellation()
        async throws
    {
        let cancelled = CallContext()
        let waiting = Task.detached { [store] in
            try store.get(
                ObjectKey(collection: "terraform", workspace: "w", path: "bad/waits"), .whole,
                cancelled, onInfo: { _ in .more }, onBytes: { _ in .more })
        }
        cancelled.cancel()
        let result = await waiting.result
        #expect(throws: DriverFailure.self) { try result.get() }
        let late = CallContext(deadlineNanoseconds: CallContext.monotonicNanoseconds() + 1_000_000)
        let failure = try failure {
            _ = try store.get(
                key("bad/waits"), .whole, late, onInfo: { _ in .more }, onBytes: { _ in .more })
        }
        #expect(failure.code == .cancelled)
    }

    @Test("a closed store refuses calls") func close() throws {
        try store.close(CallContext())
        #expect(try failure { try store.close(CallContext()) }.code == .invalid)
        #expect(try failure { _ = try get("x") }.code == .invalid)
    }

    // MARK: - What a broken driver does

    @Test(
        "a read that breaks the interface fails, and says how",
        arguments: [
            ("no-reason", DriverFailure.Code.io, "gave no reason"),
            ("two-words", .internalError, "returned -16 but reported -1: one word"),
            ("unknown", .internalError, "status -99"), ("positive", .internalError, "status 7"),
            ("stopped", .internalError, "status 1"),
            ("no-info", .internalError, "no object information"),
            ("info-twice", .internalError, "twice"),
            ("bytes-first", .internalError, "before information"),
            ("short", .internalError, "6 bytes before the end"),
            ("long", .internalError, "more bytes than"),
            ("small-info", .internalError, "only 8 bytes"),
            ("no-version", .internalError, "1 to 256"),
            ("wild-version", .internalError, "1 to 256"),
            ("long-version", .internalError, "1 to 256"),
            ("wild-attributes", .internalError, "cannot be read"),
            ("many-attributes", .internalError, "cannot be read"),
            ("wild-bytes", .internalError, "no address"), ("no-context", .internalError, ""),
        ])
    func brokenRead(_ what: String, _ code: DriverFailure.Code, _ words: String) throws {
        let failure = try failure { _ = try get("bad/\(what)") }
        #expect((failure.code, failure.applied) == (code, .no))
        #expect(failure.message.contains(words), "\(failure)")
        if code == .internalError && !words.isEmpty { #expect(failure.message.contains("memory")) }
    }

    @Test(
        "a write that breaks the interface is not known to be applied",
        arguments: [
            ("no-reason", DriverFailure.Code.io, DriverFailure.Applied.unknown, "gave no reason"),
            ("no-reason-condition", .condition, .no, "gave no reason"),
            ("lost", .unavailable, .unknown, "lost answer"),
            ("forgets-info", .internalError, .unknown, "no object information"),
            ("miscounts", .internalError, .unknown, "stored 6 bytes of 5"),
            ("half", .internalError, .unknown, "after only 4 bytes"),
        ])
    func brokenWrite(
        _ what: String, _ code: DriverFailure.Code, _ applied: DriverFailure.Applied,
        _ words: String
    ) throws {
        let failure = try failure { try put("bad/\(what)", [1, 2, 3, 4, 5]) }
        #expect((failure.code, failure.applied) == (code, applied), "\(failure)")
        #expect(failure.message.contains(words), "\(failure)")
    }

    @Test("a failed source matters less than what the write did") func brokenSource() throws {
        func attempt(_ what: String) throws -> DriverFailure {
            try failure {
                _ = try store.put(key("bad/\(what)"), PutRequest(), CallContext()) { _ in
                    throw TestFailure("source")
                }
            }
        }
        let ignored = try attempt("ignores-source")
        #expect((ignored.code, ignored.applied) == (.internalError, .unknown))
        #expect(ignored.message.contains("although the source failed"))
        let maybe = try attempt("maybe")
        #expect((maybe.code, maybe.applied) == (.io, .unknown))
        #expect(try attempt("no-buffer").applied == .unknown)
        let removal = try failure { try store.remove(key("bad/x"), .none, CallContext()) }
        #expect((removal.code, removal.applied) == (.io, .unknown))
    }

    @Test(
        "a listing that breaks the interface fails, and says how",
        arguments: [
            ("order", "do not ascend"), ("prefix", "outside the prefix"), ("limit", "the limit"),
            ("stride", "cannot be read"), ("nothing", "cannot be read"),
        ])
    func brokenListing(_ what: String, _ words: String) throws {
        let failure = try failure {
            let request = ListRequest(
                collection: "terraform", workspace: "bad/\(what)", prefix: "bad/",
                limit: what == "limit" ? 1 : 9)
            _ = try store.list(request, CallContext()) { _ in .more }
        }
        #expect(failure.code == .internalError)
        #expect(failure.message.contains(words), "\(failure)")
    }
}
