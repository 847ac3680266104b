import Host
import TestSupport
import Testing

/// Everything that a caller may not ask for is refused before the driver hears of it.
@Suite struct StoreArgumentTests {
    private let memory = MemoryStore()
    private let call = Call(timeout: .seconds(30))

    private func error(_ body: () throws -> Void) -> HostError? {
        do { try body() } catch { return error as? HostError }
        return nil
    }

    @Test(arguments: [
        ("", "the path is empty"),
        ("/a", "empty part"), ("a/", "empty part"), ("a//b", "empty part"),
        (".", "the part \".\""), ("a/../b", "the part \"..\""), ("..", "the part \"..\""),
        ("a\u{0}b", "control character 0x00"), ("a\nb", "control character 0x0A"),
        ("a\u{7F}", "control character 0x7F"),
        (String(repeating: "a", count: 201), "a part of 201 bytes, at most 200"),
        (String(repeating: "é", count: 101), "a part of 202 bytes, at most 200"),
        (
            Array(repeating: String(repeating: "a", count: 127), count: 6).joined(separator: "/"),
            "the path has 767 bytes, at most 640"
        ),
    ])
    func badPaths(path: String, message: String) throws {
        let store = memory.store()
        let key = ObjectKey(collection: "c", path: path)
        let failures = [
            error { _ = try store.head(key, call) },
            error { _ = try store.put(key, [1], condition: .none, call) },
            error { try store.remove(key, condition: .none, call) },
            error { _ = try store.read(key, maxByteCount: 1, call) },
        ]
        for failure in failures {
            let failure = try #require(failure)
            #expect(failure.code == .invalid)
            #expect(failure.message.contains(message), "\(failure.message)")
            #expect(failure.applied == .no)
            #expect(failure.store == "memory")
        }
        #expect(memory.calls.isEmpty)
    }

    @Test(arguments: [
        String(repeating: "a", count: 200), ".hidden", "...", "a b", "é", "-", "~", "a:b", "a\\b",
        "%2e%2e",
        Array(repeating: String(repeating: "a", count: 127), count: 5)
            .joined(separator: "/"),
    ])
    func goodPaths(path: String) throws {
        let store = memory.store()
        let key = ObjectKey(collection: "c", path: path)
        _ = try store.put(key, [7], condition: .absent, call)
        #expect(try store.read(key, maxByteCount: 1, call)?.bytes == [7])
    }

    @Test(arguments: [
        ("", "the collection is empty"), ("A", "not made of a-z"), ("1a", "starting with a letter"),
        ("a_b", "not made of a-z"), (String(repeating: "a", count: 33), "33 bytes, at most 32"),
    ])
    func badCollections(collection: String, message: String) throws {
        let key = ObjectKey(collection: collection, path: "p")
        let failure = try #require(error { _ = try memory.store().head(key, call) })
        #expect(failure.code == .invalid)
        #expect(failure.message.contains(message), "\(failure.message)")
        let listing = Listing(collection: collection)
        let listed = try #require(error { _ = try memory.store().list(listing, call) })
        #expect(listed.message == failure.message)
        #expect(memory.calls.isEmpty)
    }

    @Test(arguments: [
        ("a\tb", "control character 0x09"), (String(repeating: "w", count: 513), "at most 512"),
    ])
    func badWorkspaces(workspace: String, message: String) throws {
        let key = ObjectKey(collection: "c", workspace: workspace, path: "p")
        let failure = try #require(error { _ = try memory.store().head(key, call) })
        #expect(failure.code == .invalid)
        #expect(failure.message.contains(message), "\(failure.message)")
    }

    @Test(arguments: [
        (["Name": "v"], HostError.Code.invalid, "not made of a-z"),
        (["": "v"], .invalid, "not made of a-z"),
        ([String(repeating: "n", count: 65): "v"], .invalid, "65 bytes, at most 64"),
        (["write-id": "mine"], .invalid, "the host's own"),
        (["a": "x\r\ny"], .invalid, "control character 0x0D"),
        // 1536 less the host's own 40 less the name's 1 is 1495.
        (["a": String(repeating: "v", count: 1496)], .tooLarge, "take 1537 bytes, at most 1536"),
    ])
    func badAttributes(
        attributes: [String: String], code: HostError.Code, message: String
    ) throws {
        let key = ObjectKey(collection: "c", path: "p")
        let failure = try #require(
            error {
                _ = try memory.store()
                    .put(key, [], condition: .none, attributes: attributes, call)
            })
        #expect(failure.code == code)
        #expect(failure.message.contains(message), "\(failure.message)")
        #expect(memory.calls.isEmpty)
    }

    @Test func attributesUpToTheLimitComeBackWithoutTheHostsOwn() throws {
        let store = memory.store()
        let key = ObjectKey(collection: "c", path: "p")
        let attributes = ["a": String(repeating: "v", count: 1495)]
        let put = try store.put(key, [1], condition: .absent, attributes: attributes, call)
        #expect(put.attributes == attributes)
        #expect(put.writeID.utf8.count == 32)
        #expect(try store.head(key, call) == put)
        let again = try store.put(key, [1], condition: .version(put.version), call)
        #expect(again.writeID != put.writeID)
        let listing = Listing(collection: "c", wantsAttributes: true)
        #expect(try store.list(listing, call).map(\.info.writeID) == [again.writeID])
    }

    @Test(arguments: [
        (0, "", "", "the limit is 0"), (100_001, "", "", "the limit is 100001"),
        (1, "a//", "", "empty part"), (1, "/", "", "empty part"), (1, "../", "", "\"..\""),
        (1, "a\u{1}", "", "0x01"), (1, "", "a/../b", "\"..\""),
        (1, String(repeating: "a", count: 201), "", "201 bytes, at most 200"),
    ])
    func badListings(limit: Int, prefix: String, startAfter: String, message: String) throws {
        let listing = Listing(
            collection: "c", prefix: prefix, startAfter: startAfter, limit: limit)
        let failure = try #require(error { _ = try memory.store().list(listing, call) })
        #expect(failure.code == .invalid)
        #expect(failure.message.contains(message), "\(failure.message)")
        #expect(memory.calls.isEmpty)
    }

    @Test(arguments: ["", "a", "a/", "a/b", ".", "..", "a/."])
    func prefixesMayEndAnywhere(prefix: String) throws {
        let listing = Listing(collection: "c", prefix: prefix)
        #expect(try memory.store().list(listing, call).isEmpty)
    }

    @Test func versionsOfConditionsHaveLimits() throws {
        let key = ObjectKey(collection: "c", path: "p")
        for count in [0, 257] {
            let version = Version(token: Array(repeating: 1, count: count))
            let failure = try #require(
                error {
                    _ = try memory.store().put(key, [], condition: .version(version), call)
                })
            #expect(failure.code == .invalid)
            #expect(failure.message.contains("\(count) bytes"), "\(failure.message)")
        }
        let absent = try #require(
            error { try memory.store().remove(key, condition: .absent, call) })
        #expect(absent.code == .invalid)
        #expect(memory.calls.isEmpty)
    }

    @Test func missingCapabilitiesAreRefusedWithAdvice() throws {
        let key = ObjectKey(collection: "c", path: "p")
        let store = memory.store(capabilities: Capabilities([]))
        let version = Version(token: [1])
        let refusals: [(String, HostError?)] = [
            ("condition.absent", error { _ = try store.put(key, [], condition: .absent, call) }),
            (
                "condition.version",
                error { _ = try store.put(key, [], condition: .version(version), call) }
            ),
            (
                "condition.version",
                error { try store.remove(key, condition: .version(version), call) }
            ),
            (
                "range",
                error {
                    _ = try store.get(
                        key, range: ByteRange(offset: 1, length: 1), call, begin: { _ in },
                        body: { _ in })
                }
            ),
            (
                "list.attributes",
                error {
                    _ = try store.list(Listing(collection: "c", wantsAttributes: true), call)
                }
            ),
        ]
        for (capability, failure) in refusals {
            let failure = try #require(failure)
            #expect(failure.code == .unsupported)
            #expect(failure.advice.contains(capability), "\(failure.advice)")
            #expect(failure.applied == .no)
        }
        #expect(memory.calls.isEmpty)
        _ = try store.put(key, [], condition: .none, call)
    }

    @Test func capabilitiesThatWereOnlyDeclaredDoNotCount() throws {
        let declared = Capabilities([
            Capability("condition.absent", .native), Capability("value", .native, limit: 100),
            Capability("range", .native),
        ])
        let probed = Capabilities([
            Capability("value", .native, limit: 10), Capability("range", .emulated),
            Capability("clock", .native),
        ])
        let record = CapabilityRecord(declared: declared, probed: probed)
        #expect(record.effective.level("condition.absent") == .none)
        #expect(record.effective.level("range") == .emulated)
        #expect(record.effective.level("clock") == .none)
        #expect(record.effective.limit("value") == 10)
    }

    @Test func objectsOverTheStoresLimitAreRefused() throws {
        let key = ObjectKey(collection: "c", path: "p")
        let limited = Capabilities(
            Capabilities.all.all + [Capability("value", .native, limit: 4)])
        let store = memory.store(capabilities: limited)
        let known = try #require(
            error { _ = try store.put(key, [1, 2, 3, 4, 5], condition: .none, call) })
        #expect(known.code == .tooLarge)
        #expect(memory.calls.isEmpty)
        // Without a length it shows on the way.
        let unknown = try #require(
            error {
                _ = try store.put(
                    key, from: StreamSource([1, 2, 3, 4, 5]), condition: .none, call)
            })
        #expect(unknown.code == .tooLarge)
        #expect(memory.keys.isEmpty)
        _ = try store.put(key, [1, 2, 3, 4], condition: .none, call)
    }

    @Test func readsAreBounded() throws {
        let store = memory.store()
        let key = ObjectKey(collection: "c", path: "p")
        _ = try store.put(key, Array(repeating: 9, count: 20_000), condition: .none, call)
        let failure = try #require(
            error { _ = try store.read(key, maxByteCount: 19_999, call) })
        #expect(failure.code == .tooLarge)
        #expect(try store.read(key, maxByteCount: 20_000, call)?.bytes.count == 20_000)
    }

    @Test func keysCompareByTheirBytes() {
        let composed = ObjectKey(collection: "c", path: "\u{E9}")
        let decomposed = ObjectKey(collection: "c", path: "e\u{301}")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
    }
}
