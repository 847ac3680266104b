import Dispatch
import Host
import State
import Synchronization
import TestSupport
import Testing

@Suite(.uniformPaths) struct LockTests {
    @Test func twoClientsTakeTurns() throws {
        let world = try World()
        let (one, two) = (world.repository(), world.repository())
        let first = try one.lock(world.path, "a")
        #expect(first.fence == 1)
        do {
            try two.lock(world.path, "b")
            Issue.record("the second lock was granted")
        } catch let error as StateError {
            guard case .locked(let holder) = error.code else { throw error }
            #expect(holder.info.id == "a")
            #expect(holder.info.who == "me@here")
            // Unlocking by the id that the refusal reported is what force-unlock does.
            #expect(try two.unlock(world.path, holder.info.id)?.info.id == "a")
        }
        #expect(try two.lock(world.path, "b").fence == 2)
        #expect(try one.summary(world.path, call())?.lock?.info.id == "b")
    }

    @Test func lockAndUnlockMayBeRepeated() throws {
        let world = try World()
        let states = world.repository()
        let first = try states.lock(world.path, "a")
        let second = try states.lock(world.path, "a")
        #expect(first.fence == second.fence && first.nonce == second.nonce)
        #expect(try states.unlock(world.path, "a")?.info.id == "a")
        #expect(try states.unlock(world.path, "a") == nil)
        #expect(try states.unlock(world.path, "never") == nil)
        #expect(try states.unlock(world.path, .force, call()) == nil)
        #expect(try states.lock(world.path, "a").fence == 2)
        #expect(failure { try states.unlock(world.path, "b") } == "locked")
        #expect(try states.unlock(world.path, .force, call())?.info.id == "a")
        #expect(try states.summary(world.path, call())?.fence == 3)
    }

    @Test func anUnlockOfAnUnknownStateLeavesNothing() throws {
        let world = try World()
        #expect(try world.repository().unlock(world.path, "a") == nil)
        #expect(world.keys.isEmpty)
    }

    @Test func lastSeenIsRefreshedAtMostEveryTenSeconds() throws {
        let world = try World()
        let states = world.repository()
        let first = try states.lock(world.path, "a")
        world.clock.advance(.seconds(9))
        #expect(
            try states.lock(world.path, "a").lastSeenNanoseconds == first.lastSeenNanoseconds)
        world.clock.advance(.seconds(1))
        let later = try states.lock(world.path, "a")
        #expect(later.lastSeenNanoseconds == first.lastSeenNanoseconds + 10_000_000_000)
        #expect(later.acquiredNanoseconds == first.acquiredNanoseconds)
        #expect(later.fence == first.fence)
    }

    @Test func idsThatOnlyLookTheSameAreDifferent() throws {
        let world = try World()
        let states = world.repository()
        try states.lock(world.path, "caf\u{E9}")
        #expect(failure { try states.lock(world.path, "cafe\u{301}") } == "locked")
        #expect(
            failure { try states.write(world.path, "x", lock: "cafe\u{301}") } == "lockMismatch")
        #expect(failure { try states.unlock(world.path, "cafe\u{301}") } == "locked")
    }

    @Test func writesFollowTheLock() throws {
        let world = try World()
        let states = world.repository()
        #expect(
            failure { try states.write(world.path, "x", lock: "a", keep: false) } == "notLocked")
        #expect(world.keys.isEmpty)
        try states.write(world.path, state(1))
        try states.lock(world.path, "a")
        let version = try states.write(world.path, state(2), lock: "a")
        #expect(version.lockID == "a" && version.fence == 1)
        #expect(failure { try states.write(world.path, state(3)) } == "locked")
        #expect(failure { try states.write(world.path, state(3), lock: "") } == "locked")
        #expect(failure { try states.write(world.path, state(3), lock: "b") } == "lockMismatch")
        #expect(failure { _ = try states.remove(world.path, lockID: nil, call()) } == "locked")
        #expect(
            failure { _ = try states.remove(world.path, lockID: "b", call()) } == "lockMismatch")
        #expect(try states.text(world.path) == state(2))
        #expect(try states.remove(world.path, lockID: "a", call()))
        try states.unlock(world.path, "a")
        #expect(failure { _ = try states.remove(world.path, lockID: "a", call()) } == "notLocked")
        try world.expectTidy()
    }

    @Test func exactlyOneOfManyWins() throws {
        let world = try World()
        let threads = 8
        var fences: [UInt64] = []
        for round in 0..<20 {
            let winners = Mutex<[HeldLock]>([])
            let refusals = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: threads) { thread in
                do {
                    let held = try world.repository().lock(world.path, "\(round)-\(thread)")
                    winners.withLock { $0.append(held) }
                } catch {
                    refusals.withLock { $0.append((error as? StateError)?.word ?? "\(error)") }
                }
            }
            let won = winners.withLock { $0 }
            #expect(won.count == 1)
            #expect(refusals.withLock { $0 } == Array(repeating: "locked", count: threads - 1))
            fences += won.map { $0.fence }
            for held in won { try world.repository().unlock(world.path, held.info.id) }
        }
        #expect(fences == Array(1...20))
    }

    @Test func sevenFieldsForTheStrictestClient() throws {
        let world = try World()
        let states = world.repository()
        let held = try states.lock(
            world.path, LockInfo(json: Array("{\"ID\":\"a\\\"b\",\"Extra\":1e3}".utf8)),
            lease: nil, call())
        world.clock.advance(.seconds(3 * 3600 + 12 * 60 + 5))
        let json = try JSONValue(parsing: held.json(now: world.clock.now)).members
        let fields = try #require(json)
        let isApart = world.writePath == .apart
        #expect(
            fields.all.map { $0.name } == [
                "ID", "Operation", "Info", "Who", "Version", "Created", "Path",
            ] + (isApart ? ["Fenced"] : []))
        #expect(fields["ID"]?.text == "a\"b")
        let note = isApart ? "; \(UnfencedLock.note("locks"))" : ""
        #expect(fields["Info"]?.text == "held 3h12m, last seen 3h12m ago" + note)
        #expect(fields["Path"]?.text == world.path.description)
        #expect(fields["Created"]?.text == Timestamp.text(nanoseconds: held.acquiredNanoseconds))
        #expect(Timestamp.isValid(fields["Created"]?.text ?? ""))
        // What the client sent is kept whole.
        let seen = try #require(try world.repository().summary(world.path, call())?.lock)
        #expect(String(decoding: seen.info.raw, as: UTF8.self).contains("\"Extra\":1e3"))
    }

    @Test func theHoldersOwnWordsComeBack() throws {
        let text =
            #"{"ID":"x","Operation":"OperationTypeApply","Info":"i","Who":"u@h","Version":"1.11.4","#
            + #""Created":"2026-11-21T07:14:03.242552313Z","Path":"p"}"#
        let world = try World()
        let held = try world.repository().lock(
            world.path, LockInfo(json: Array(text.utf8)), lease: nil, call())
        // One that is not fenced says so besides.
        guard held.isFenced else { return }
        #expect(String(decoding: held.json(now: world.clock.now), as: UTF8.self) == text)
    }

    @Test(arguments: [
        "", "null", "[]", "{", "{}", #"{"ID":""}"#, #"{"ID":7}"#, #"{"Id":[]}"#,
        #"{"ID":"a\u0000"}"#,
        #"{"ID":"a\nb"}"#,
        #"{"ID":"\#(String(repeating: "x", count: 513))"}"#,
    ])
    func aLockWithoutAnIDIsRefused(json: String) {
        #expect(failure { _ = try LockInfo(json: Array(json.utf8)) } == "invalid")
    }

    @Test func namesOfFieldsMayBeInAnyCase() throws {
        let info = try LockInfo(json: Array(#"{"id":"x","who":"me"}"#.utf8))
        #expect(info.id == "x" && info.who == "me")
        let large = #"{"ID":"x","Info":"\#(String(repeating: "x", count: 65_536))"}"#
        #expect(failure { _ = try LockInfo(json: Array(large.utf8)) } == "tooLarge")
    }

    @Test func timesAreThoseOfGo() {
        #expect(Timestamp.text(nanoseconds: 0) == "1970-01-01T00:00:00.000000000Z")
        #expect(Timestamp.text(nanoseconds: -1) == "1969-12-31T23:59:59.999999999Z")
        #expect(
            Timestamp.text(nanoseconds: 1_709_210_096_000_000_001)
                == "2024-02-29T12:34:56.000000001Z")
        let valid = [
            "2026-11-21T07:14:03Z", "2024-02-29T00:00:00.1+05:30", "0001-01-01T00:00:00Z",
        ]
        let invalid = [
            "", "2026-11-21", "2026-11-21T07:14:03", "2023-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
            "2026-11-21T24:00:00Z", "2026-11-21T07:14:03.Z", "2026-11-21T07:14:03+24:00",
            "2026-11-21T07:14:03Zx", "2026-11-21 07:14:03Z",
        ]
        for text in valid { #expect(Timestamp.isValid(text), "\(text)") }
        for text in invalid { #expect(!Timestamp.isValid(text), "\(text)") }
    }
}
