import Host
import State
import TestSupport
import Testing

/// Records of format 1 as they are stored, read for ever.
@Suite(.uniformPaths) struct FormatTests {
    private static let sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    private static let version = #"""
        {"version":"0000000012-9f3c01ab","sequence":12,"bytes":3,"sha256":"\#(sha)",
        "serial":9,"lineage":"l","tool":"1.11.4","json":true,"encrypted":false,
        "created_ns":1800000000000000000,"writer":"w","lock":"a","fence":7,
        "previous":"0000000011-00000000","previous_sha256":"\#(sha)","events":["serial-regressed"]}
        """#
    private static let fixture = #"""
        {"format":1,"write":"00112233445566778899aabbccddeeff","fence":7,"sequence":12,"base":0,
        "sweep":2,"current":\#(version),
        "last":{"version":"0000000012-9f3c01ab","sha256":"\#(sha)"},
        "lock":{"id":"a","fence":7,"nonce":"n","acquired_ns":1800000000000000000,
        "last_seen_ns":1800000060000000000,"info":{"ID":"a","Who":"me","Extra":[1.0]},
        "previous_nonce":"m","lease_ms":30000,"expires":{"domain":"d","at_ns":5}},
        "writing":{"version":"0000000012-9f3c01ab","write":"00112233445566778899aabbccddeeff"},
        "later":{"kept":1.50}}
        """#

    private func world(_ record: String) throws -> World {
        let world = try World()
        let store = world.store
        _ = try store.put(
            world.key("terraform-records"), Array(record.utf8), condition: .none, call())
        _ = try store.put(
            world.key("terraform-versions", "\(world.path)/@0000000012-9f3c01ab"),
            Array("abc".utf8), condition: .none, call())
        return world
    }

    @Test func formatOneIsRead() throws {
        let world = try world(Self.fixture)
        let states = world.repository()
        let summary = try #require(try states.summary(world.path, call()))
        #expect(summary.fence == 7 && summary.sequence == 12)
        let current = try #require(summary.current)
        #expect(current.serial == 9 && current.lineage == "l" && current.tool == "1.11.4")
        #expect(
            current.events == ["serial-regressed"] && current.previousID == "0000000011-00000000")
        let lock = try #require(summary.lock)
        #expect(lock.info.who == "me" && lock.nonce == "n" && lock.fence == 7)
        #expect(lock.lease?.duration == .seconds(30))
        #expect(try states.text(world.path) == "abc")
        #expect(world.copy == "abc")
    }

    @Test func whatIsNotKnownIsKept() throws {
        let world = try world(Self.fixture)
        try world.repository().unlock(world.path, "a")
        let record = try world.record()
        #expect(record["later"] == .object(JSONObject([("kept", .number("1.50"))])))
        #expect(record["lock"] == .null && record["fence"] == .number("7"))
        #expect(record["writing"] == .null)
        #expect(record["current"] == (try JSONValue(parsing: Array(Self.version.utf8))))
    }

    @Test func aNewerFormatIsNeverWrittenTo() throws {
        let newer = Self.fixture.replacing(#""format":1"#, with: #""format":2"#)
        let world = try world(newer)
        let states = world.repository()
        let keys = world.keys
        let words = [
            failure { _ = try states.summary(world.path, call()) },
            failure { _ = try states.text(world.path) },
            failure { try states.write(world.path, "x") },
            failure { try states.write(world.path, "x", lock: "a") },
            failure { _ = try states.remove(world.path, lockID: "a", call()) },
            failure { try states.lock(world.path, "b") },
            failure { try states.unlock(world.path, "a") },
            failure { _ = try states.unlock(world.path, .force, call()) },
            failure { _ = try states.renew(world.path, id: "a", nonce: "n", call()) },
            failure { _ = try states.versions(world.path, call()) },
            failure { _ = try states.repair(world.path, call()) },
        ]
        #expect(words == Array(repeating: "newerFormat", count: 11))
        #expect(world.keys == keys)
        #expect(world.memory.bytes(of: world.key("terraform-records")) == Array(newer.utf8))
        let listed = try states.list(prefix: "", startAfter: "", limit: 9, call())
        #expect(listed.map { $0.problem?.word } == ["newerFormat"])
    }

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"format":0}"#,
        fixture.replacing("\"fence\":7", with: "\"fence\":-7"),
        fixture.replacing("\"sequence\":12,\"base\"", with: "\"sequence\":\"12\",\"base\""),
        fixture.replacing("\"nonce\":\"n\"", with: "\"nonce\":null"),
        fixture.replacing("\"sweep\":2", with: "\"sweep\":18446744073709551615"),
        fixture.replacing("\"sequence\":12,\"base\"", with: "\"sequence\":10000000000,\"base\""),
        fixture.replacing("\"lease_ms\":30000", with: "\"lease_ms\":9223372036854775807"),
    ])
    func aDamagedRecordIsNeverWrittenTo(record: String) throws {
        let world = try world(record)
        let states = world.repository()
        #expect(failure { _ = try states.text(world.path) } == "integrity")
        #expect(failure { try states.write(world.path, "x") } == "integrity")
        #expect(failure { try states.lock(world.path, "b") } == "integrity")
        #expect(failure { _ = try states.unlock(world.path, .force, call()) } == "integrity")
        #expect(world.memory.bytes(of: world.key("terraform-records")) == Array(record.utf8))
    }

    /// The largest LockInfo does not outgrow the record, whatever its characters.
    @Test(arguments: [#"\b"#, "\u{7F}", #"\u0001"#, #"\""#, "é", #"\/"#])
    func theLargestLockIsReadAgain(unit: String) throws {
        let world = try World()
        let count = (LockInfo.documentBytesMax - 100) / unit.utf8.count
        let json = #"{"ID":"a","Info":"\#(String(repeating: unit, count: count))"}"#
        let held = try world.repository().lock(
            world.path, LockInfo(json: Array(json.utf8)), lease: nil, call())
        #expect(try world.repository().summary(world.path, call())?.lock?.info == held.info)
        #expect(try world.repository().unlock(world.path, "a") != nil)
    }

    @Test func extremeTimesOfALockAreNoHarm() throws {
        for time in ["-9223372036854775808", "9223372036854775807"] {
            let world = try world(
                Self.fixture.replacing("1800000060000000000", with: time)
                    .replacing(#""at_ns":5"#, with: #""at_ns":\#(time)"#))
            let held = try #require(try world.repository().summary(world.path, call())?.lock)
            #expect(!held.json(now: world.clock.now).isEmpty)
            #expect(try world.repository().lock(world.path, "a").fence == 7)
        }
    }

    /// Whatever callers say, a version's attributes fit and come back, long ones cut and marked.
    @Test func attributesFit() throws {
        let world = try World()
        let states = world.repository()
        let long = String(repeating: "é %", count: 85)
        let lineage = String(repeating: "ü", count: 128)
        let tool = String(repeating: "\\u0001", count: 256)
        _ = try states.lock(world.path, info(long), lease: nil, call())
        let body =
            #"{"serial":-9223372036854775808,"lineage":"\#(lineage)","terraform_version":"\#(tool)"}"#
        let exact = try states.write(
            world.path, from: MemorySource(Array(body.utf8)),
            WriteRequest(lockID: long, writer: String(repeating: "ø", count: 300)), call())
        #expect(exact.lockID == long && exact.lineage == lineage)
        #expect(try states.summary(world.path, call())?.current == exact)
        try states.write(world.path, state(1), lock: long)
        for object in world.keys where object.collection == "terraform-versions" {
            let info = try #require(try world.memory.store().head(object, call()))
            let bytes = info.attributes.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
            #expect(bytes <= 1400)
            #expect(
                info.attributes.values.allSatisfy {
                    $0.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
                })
        }
        let past = try #require(try states.versions(world.path, call()).last)
        #expect(past.lockID.hasPrefix("é %é") && past.lockID.hasSuffix("…"))
        #expect(past.writer.hasPrefix("me@here (øø") && past.writer.hasSuffix("…"))
        #expect(past.serial == .min && past.sha256 == exact.sha256)
    }
}
