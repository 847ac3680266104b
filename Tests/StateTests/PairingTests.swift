import Host
import State
import TestSupport
import Testing

/// Which store keeps the locks of a place: one and the same for all clients, or nobody gets one.
@Suite struct PairingTests {
    private let stores: TwoStores
    private var path: StatePath { stores.path }

    init() throws { stores = try TwoStores() }

    @Test func theFirstWriterPairs() throws {
        let held = try stores.client().lock(path, "a")
        #expect(held.lockStore == "keeper" && !held.isFenced)
        #expect(stores.marks.count == 1)
        #expect(stores.locks.keys == [TwoStores.pairingKey, stores.recordKey])
        let again = stores.client()
        #expect(failure { try again.lock(path, "b") } == "locked")
        try again.write(path, state(1), lock: "a")
        #expect(stores.marks.count == 1 && stores.copy == state(1))
        #expect(!stores.bytes.keys.contains { $0.collection.hasSuffix("-records") })
        #expect(try again.summary(path, call())?.lockStore == "keeper")
        #expect(try again.unlock(path, "a")?.lockStore == "keeper")
    }

    @Test func readingPairsNothing() throws {
        let reader = stores.client()
        #expect(try reader.text(path) == nil)
        #expect(try reader.list(prefix: "", startAfter: "", limit: 10, call()).isEmpty)
        #expect(stores.bytes.keys.isEmpty && stores.locks.keys.isEmpty)
        // What it found out is not kept: another client pairs.
        try stores.client().write(path, state(1))
        #expect(try reader.text(path) == state(1))
        #expect(try reader.summary(path, call())?.lockStore == "keeper")
    }

    @Test func anotherLockStoreIsRefused() throws {
        try stores.client().write(path, state(1))
        for client in [stores.client(stores.otherLocks), stores.client(hasLocks: false)] {
            let refused = try #require(stateError { try client.lock(path, "b") })
            #expect(refused.word == "host.invalid" || refused.word == "host.unavailable")
            #expect(failure { _ = try client.text(path) } != "", "it reads a copy")
        }
        let refused = stateError { try stores.client(hasLocks: false).lock(path, "b") }
        #expect(refused?.message.contains("'keeper' (memory)") == true)
        #expect(stores.otherLocks.keys.isEmpty)
        // Also when that store is in use for something else.
        _ = try stores.otherLocks.store().put(
            ObjectKey(collection: "c", path: "p"), [1], condition: .absent, call())
        let wrong = try #require(
            stateError { try stores.client(stores.otherLocks).lock(path, "b") })
        #expect(wrong.word == "host.invalid" && wrong.message.contains("holdfast.yml:3:10"))
        #expect(stores.otherLocks.keys.count == 1)
    }

    @Test func aLockStoreNeedsConditionsItself() throws {
        let client = stores.client(lockCapabilities: .unconditional)
        let refused = try #require(stateError { try client.lock(path, "a") })
        #expect(refused.word == "host.invalid" && refused.message.contains("holdfast.yml:3:10"))
        #expect(stores.locks.keys.isEmpty && stores.bytes.keys.isEmpty)
    }

    @Test func withoutALockStoreItIsSaidWhatToConfigure() throws {
        let client = stores.client(hasLocks: false)
        let refused = try #require(stateError { try client.lock(path, "a") })
        #expect(refused.word == "host.unsupported")
        for word in ["locks: NAME", "lockTable", "probe: again"] {
            #expect(refused.advice.contains(word))
        }
        #expect(try client.text(path) == nil)
    }

    @Test func whereConditionsHoldTheStoreKeepsItsOwnLocks() throws {
        let client = stores.client(conditions: true)
        #expect(try client.lock(path, "a").isFenced)
        #expect(stores.locks.keys.isEmpty && stores.marks.isEmpty)
        #expect(client.place.notice?.contains("is not used") == true)
        // Whoever takes the conditions for missing must not lock elsewhere.
        let refused = try #require(stateError { try stores.client().lock(path, "b") })
        #expect(refused.word == "host.unsupported" && refused.message.contains("itself"))
        #expect(stores.marks.isEmpty)
    }

    @Test func whereTheyHoldAgainTheLocksStayWhereTheyAre() throws {
        try stores.client().lock(path, "a")
        let client = stores.client(conditions: true)
        #expect(failure { try client.lock(path, "b") } == "locked")
        #expect(client.place.notice?.contains("stay unfenced") == true)
        let refused = stateError {
            try stores.client(conditions: true, hasLocks: false).lock(path, "b")
        }
        #expect(refused?.word == "host.invalid" && refused?.advice.contains("prefix") == true)
    }

    @Test func whoCannotFindOutLocksNothingElsewhere() throws {
        stores.bytes.site = ("memory://here", false)
        let refused = try #require(stateError { try stores.client().lock(path, "a") })
        #expect(refused.word == "host.unsupported" && refused.message.contains("not settled"))
        #expect(stores.marks.isEmpty && stores.locks.keys.isEmpty)
        // Once others have paired, it may follow them.
        stores.bytes.site = ("memory://here", true)
        try stores.client().lock(path, "a")
        stores.bytes.site = ("memory://here", false)
        #expect(failure { try stores.client().lock(path, "b") } == "locked")
    }

    @Test func anotherPlaceOfTheSameNameIsRefused() throws {
        try stores.client().lock(path, "a")
        let other = try TwoStores()
        let client = other.client(stores.locks)
        let refused = try #require(stateError { try client.lock(path, "b") })
        #expect(refused.word == "host.invalid" && refused.message.contains("memory://here"))
        #expect(other.bytes.keys.isEmpty)
    }

    @Test func aDriverThatTellsNoPlaceIsRefused() throws {
        stores.bytes.site = nil
        let refused = try #require(stateError { try stores.client().lock(path, "a") })
        #expect(refused.word == "host.invalid" && refused.message.contains("memory.place"))
    }

    @Test func twoPlacesShareOneLockStore() throws {
        let other = try TwoStores()
        other.bytes.site = ("memory://there", true)
        try stores.client().write(path, state(1))
        try other.client(stores.locks).write(path, state(2))
        #expect(try stores.client().text(path) == state(1))
        #expect(try other.client(stores.locks).text(path) == state(2))
    }

    /// Two clients of one lock store come together, in every order of their calls.
    @Test(arguments: [
        ("pairings", MemoryStore.Operation.put), ("pairing", .put), ("pairing", .get),
    ])
    func twoFirstUsesAtOnceAgree(name: String, operation: MemoryStore.Operation) throws {
        let isMark = name == "pairings"
        for ordinal in 1...2 {
            let stores = try TwoStores()
            let stop = Stop(isMark ? stores.bytes : stores.locks, ordinal) { seen, key in
                seen == operation && key?.collection == "pairings"
            }
            let isStopped = stop.start {
                failure { try stores.client().lock(stores.path, "slow") }
            }
            guard isStopped else { continue }
            let fast = failure { try stores.client().lock(stores.path, "fast") }
            #expect([fast, stop.end()].sorted() == ["", "locked"], "\(name) \(ordinal)")
            #expect(stores.marks.count == 1)
        }
    }

    /// Two clients with different lock stores come together: at most one is let in.
    @Test(arguments: [MemoryStore.Operation.put, .list])
    func twoLockStoresAtOnceAreNeverBothTaken(operation: MemoryStore.Operation) throws {
        for ordinal in 1...6 {
            let stores = try TwoStores()
            let stop = Stop(stores.bytes, ordinal) { seen, _ in seen == operation }
            guard stop.start({ failure { try stores.client().lock(stores.path, "a") } }) else {
                continue
            }
            let fast = failure { try stores.client(stores.otherLocks).lock(stores.path, "b") }
            let slow = stop.end()
            #expect(!fast.isEmpty || !slow.isEmpty, "\(ordinal)")
            // Whoever comes later is let in by one of them at most.
            let later = [stores.locks, stores.otherLocks].map { memory in
                failure { try stores.client(memory).write(stores.path, state(1), lock: "x") }
            }
            #expect(later.contains { $0.hasPrefix("host.") }, "\(later)")
        }
    }

    /// One client keeps records in the store itself, the other pairs it, at the same moment.
    @Test(arguments: [MemoryStore.Operation.put, .list, .get, .head])
    func aFirstOwnRecordAndAPairingAreNeverBothDone(operation: MemoryStore.Operation) throws {
        for isOwnSlow in [true, false] {
            for ordinal in 1...6 {
                let stores = try TwoStores()
                let stop = Stop(stores.bytes, ordinal) { seen, _ in seen == operation }
                let isStopped = stop.start {
                    failure { try stores.client(conditions: isOwnSlow).lock(stores.path, "slow") }
                }
                guard isStopped else { continue }
                let fast = failure {
                    try stores.client(conditions: !isOwnSlow).lock(stores.path, "fast")
                }
                let slow = stop.end()
                #expect(
                    !fast.isEmpty || !slow.isEmpty, "\(operation) \(ordinal): both are let in")
            }
        }
    }

    /// Each call of a first use fails once: nobody is let in twice, and a repeat succeeds.
    @Test(arguments: [MemoryStore.Moment.before, .after])
    func aFirstUseThatFailsIsRepeated(moment: MemoryStore.Moment) throws {
        for isOfLocks in [true, false] {
            var ordinal = 0
            while true {
                ordinal += 1
                let stores = try TwoStores()
                let memory = isOfLocks ? stores.locks : stores.bytes
                let error = HostError(
                    .unavailable, "the connection broke", applied: moment == .after ? .unknown : .no
                )
                memory.fail(ordinal, at: moment, with: error)
                let first = failure { try stores.client().lock(stores.path, "a") }
                let struck = memory.calls.count >= ordinal
                memory.clearFaults()
                guard struck else { break }
                #expect(
                    try stores.client().lock(stores.path, "a").lockStore == "keeper", "\(first)")
                #expect(failure { try stores.client().lock(stores.path, "b") } == "locked")
                #expect(stores.marks.count == 1)
            }
            #expect(ordinal > 3)
        }
    }

    @Test func whenTheLockStoreIsAwayNothingIsWritten() throws {
        try stores.client().write(path, state(1))
        let client = stores.client()
        _ = try client.summary(path, call())
        let before = stores.bytes.keys
        for _ in 0..<4 { stores.locks.fail(1, at: .before, with: HostError(.unavailable, "away")) }
        let away = HostError(.unavailable, "away")
        for ordinal in 1...8 { stores.locks.fail(ordinal, at: .before, with: away) }
        #expect(failure { try client.write(path, state(2)) } == "host.unavailable")
        #expect(failure { try client.lock(path, "a") } == "host.unavailable")
        #expect(failure { _ = try client.text(path) } == "host.unavailable")
        #expect(stores.bytes.keys == before && stores.copy == state(1))
    }
}
