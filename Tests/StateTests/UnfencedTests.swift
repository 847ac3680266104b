import Host
import State
import TestSupport
import Testing

/// States whose locks are in another store: what no condition fences is mended from the record.
@Suite struct UnfencedTests {
    private let stores: TwoStores
    private var path: StatePath { stores.path }

    init() throws { stores = try TwoStores() }

    /// A writer is paused before it publishes, loses its lock, and then puts its copy over a newer one.
    @Test(arguments: [true, false])
    func aPausedPublisherMendsWhatItPutBack(removes: Bool) throws {
        try stores.client().lock(path, "a")
        try stores.client().write(path, state(1), lock: "a")
        let stores = stores
        let stop = Stop(stores.bytes, 1) { [key = stores.key("terraform")] operation, seen in
            operation == .put && seen == key
        }
        let isStopped = stop.start {
            failure { try stores.client().write(stores.path, state(2), lock: "a") }
        }
        #expect(isStopped)
        _ = try stores.client().unlock(path, .force, call())
        try stores.client().lock(path, "b")
        if removes {
            #expect(try stores.client().remove(path, lockID: "b", call()))
        } else {
            try stores.client().write(path, state(3), lock: "b")
        }
        #expect(stop.end().isEmpty)
        #expect(stores.copy == (removes ? nil : state(3)))
        #expect(try stores.client().text(path) == (removes ? nil : state(3)))
        #expect(try stores.client().orphans(path, call()).isEmpty)
    }

    /// It dies as soon as it has put the older copy: readers follow the record, and the next lock, unlock,
    /// write or repair mends the copy.
    @Test(arguments: ["lock", "unlock", "write", "repair"])
    func anOlderCopyIsNeverTrusted(mender: String) throws {
        let client = stores.client()
        try client.write(path, state(1))
        let older = try #require(
            try stores.bytes.store().read(stores.key("terraform"), maxByteCount: 1000, call()))
        try client.write(path, state(2))
        if mender == "unlock" { try client.lock(path, "a") }
        _ = try stores.bytes.store().put(
            stores.key("terraform"), older.bytes, condition: .none,
            attributes: older.info.attributes, call())
        #expect(stores.copy == state(1))
        for reader in [client, stores.client()] {
            #expect(try reader.text(path) == state(2))
            #expect(try reader.summary(path, call())?.current?.serial == 2)
        }
        switch mender {
        case "lock": try stores.client().lock(path, "a")
        case "unlock": try stores.client().unlock(path, "a")
        case "write": try stores.client().write(path, state(3))
        default: #expect(try stores.client().repair(path, call()))
        }
        #expect(stores.copy == state(mender == "write" ? 3 : 2))
        #expect(try stores.client().orphans(path, call()).isEmpty)
        // A write leaves its note to the next call.
        #expect(try stores.client().repair(path, call()) == (mender == "write"))
    }

    /// A copy that comes back after a removal is no state.
    @Test func aRemovedStateStaysRemoved() throws {
        let client = stores.client()
        try client.write(path, state(1))
        let older = try #require(
            try stores.bytes.store().read(stores.key("terraform"), maxByteCount: 1000, call()))
        #expect(try client.remove(path, lockID: nil, call()))
        _ = try stores.bytes.store().put(
            stores.key("terraform"), older.bytes, condition: .none,
            attributes: older.info.attributes, call())
        #expect(try client.text(path) == nil)
        #expect(try client.list(prefix: "", startAfter: "", limit: 10, call()).isEmpty)
        try stores.client().lock(path, "a")
        #expect(stores.copy == nil)
    }

    /// A writer that lost its lock between its look and its commit is refused by the record.
    @Test func aPausedWriterIsRefused() throws {
        try stores.client().lock(path, "a")
        try stores.client().write(path, state(1), lock: "a")
        let stores = stores
        let stop = Stop(stores.locks, 1) { [key = stores.recordKey] operation, seen in
            operation == .put && seen == key
        }
        let isStopped = stop.start {
            failure { try stores.client().write(stores.path, state(2), lock: "a") }
        }
        #expect(isStopped)
        _ = try stores.client().unlock(path, .force, call())
        try stores.client().lock(path, "b")
        #expect(stop.end() == "lockMismatch")
        #expect(stores.copy == state(1))
        #expect(try stores.client().orphans(path, call()).map(\.reason) == ["lock-mismatch"])
    }

    /// The bytes' store goes away after the commit: the write is committed and published later.
    @Test func theBytesStoreMayGoAwayAfterTheCommit() throws {
        let client = stores.client()
        try client.write(path, state(1))
        // Set back? stage, then the copy: looked at, put.
        let away = HostError(.unavailable, "away")
        let calls = stores.bytes.calls.count
        try client.write(path, state(2))
        let count = stores.bytes.calls.count - calls
        for ordinal in 1...count {
            let before = try stores.client().text(path)
            stores.bytes.fail(ordinal, at: .before, with: away)
            let body = state(10 + ordinal)
            let outcome = failure { try client.write(path, body) }
            stores.bytes.clearFaults()
            #expect(try stores.client().text(path) == (outcome.isEmpty ? body : before))
            try stores.client().lock(path, "l")
            try stores.client().unlock(path, "l")
            #expect(try stores.copy == stores.client().text(path))
        }
    }

    /// The lock store was restored from an older backup: the newest versions must not be collected.
    @Test func aRecordThatWasSetBackIsNotWorkedOn() throws {
        let client = stores.client()
        try client.lock(path, "l")
        try client.write(path, state(1), lock: "l")
        let backup = try #require(stores.locks.bytes(of: stores.recordKey))
        for serial in 2...4 { try client.write(path, state(serial), lock: "l") }
        _ = try stores.locks.store().put(stores.recordKey, backup, condition: .none, call())
        let versions = stores.bytes.keys
        stores.clock.advance(.seconds(100_000))
        for body in [
            { try stores.client().write(stores.path, state(9), lock: "l") as Any? },
            { try stores.client().remove(stores.path, lockID: "l", call()) },
            { try stores.client().repair(stores.path, call()) },
        ] {
            let refused = stateError { _ = try body() }
            #expect(refused?.word == "integrity" && refused?.message.contains("set back") == true)
        }
        _ = try stores.client().unlock(path, .force, call())
        let locked = stateError { try stores.client().lock(stores.path, "a") }
        #expect(locked?.word == "integrity")
        #expect(stores.bytes.keys == versions && stores.copy == state(4))
    }

    @Test func whatIsShownOfALockSaysSo() throws {
        let client = stores.client()
        let held = try client.lock(path, "a")
        let words = "unfenced: the lock is kept in the store 'keeper'"
        #expect(held.unfencedNote == words)
        let document = try #require(try JSONValue(parsing: held.json(now: 0)).members)
        #expect(document["Fenced"]?.isTrue == false)
        #expect(document["Info"]?.text?.hasSuffix(words) == true)
        #expect(stateError { try client.lock(path, "b") }?.message.contains(words) == true)
        #expect(try client.list(prefix: "", startAfter: "", limit: 9, call()).first?.lock == held)
    }

    @Test func versionsHaveNamesThatNobodyElseHas() throws {
        let version = try stores.client().write(path, state(1))
        #expect(version.id.utf8.count == 27)
        #expect(try stores.client().text(path, version: version.id) == state(1))
    }
}
