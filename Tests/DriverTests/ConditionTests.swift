import Host
import TestSupport
import Testing

/// Conditions are honoured, atomically.
@Suite struct ConditionTests {
    /// An object as a write may find it, relative to the version that the writer knows.
    enum Found: CaseIterable {
        case absent, matching, stale
    }

    /// What a writer requires.
    enum Required: CaseIterable {
        case none, absent, version
    }

    @Test(arguments: BuiltDriver.all, Found.allCases)
    func putsMeetTheirConditions(driver: BuiltDriver, found: Found) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        for required in Required.allCases {
            let key = key("\(required)")
            let known = try store.put(key, [1], condition: .absent, anyCall())
            if found == .absent { try store.remove(key, condition: .none, anyCall()) }
            if found == .stale { _ = try store.put(key, [2], condition: .none, anyCall()) }
            let before = try store.head(key, anyCall())
            let (condition, holds): (Condition, Bool) =
                switch required {
                case .none: (.none, true)
                case .absent: (.absent, found == .absent)
                case .version: (.version(known.version), found == .matching)
                }
            let error = failure {
                _ = try store.put(key, [9], condition: condition, anyCall())
            }
            #expect(error?.code == (holds ? nil : .condition), "\(required)")
            guard let error else {
                #expect(try store.read(key, maxByteCount: 1, anyCall())?.bytes == [9])
                continue
            }
            #expect(error.applied == .no)
            if let reported = error.currentVersion { #expect(reported == before?.version) }
            #expect(try store.head(key, anyCall()) == before)
        }
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func unconditionalPutsAlwaysHold(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        for value in UInt8(0)..<3 {
            _ = try store.put(key("p"), [value], condition: .none, anyCall())
            #expect(try store.read(key("p"), maxByteCount: 1, anyCall())?.bytes == [value])
        }
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all, Found.allCases)
    func removalsMeetTheirConditions(driver: BuiltDriver, found: Found) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let first = try store.put(key("p"), [1], condition: .absent, anyCall())
        if found == .absent { try store.remove(key("p"), condition: .none, anyCall()) }
        if found == .stale { _ = try store.put(key("p"), [2], condition: .none, anyCall()) }
        let error = failure {
            try store.remove(key("p"), condition: .version(first.version), anyCall())
        }
        if found == .matching {
            #expect(error == nil)
            #expect(try store.head(key("p"), anyCall()) == nil)
        } else {
            #expect(error?.code == .condition)
            #expect(error?.applied == .no)
            #expect((try store.head(key("p"), anyCall()) == nil) == (found == .absent))
        }
        try store.remove(key("p"), condition: .none, anyCall())
        #expect(try store.head(key("p"), anyCall()) == nil)
        store.close(anyCall())
    }

    /// The same bytes again are another version, also after a removal and over many rounds.
    @Test(arguments: BuiltDriver.all)
    func versionsAreNeverUsedAgain(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        var store = try place.open()
        var versions: Set<Version> = []
        for round in 0..<60 {
            let info = try store.put(key("aba"), [7], condition: .none, anyCall())
            #expect(versions.insert(info.version).inserted, "round \(round)")
            if round % 3 == 0 { try store.remove(key("aba"), condition: .none, anyCall()) }
            if round % 10 == 9 {
                store.close(anyCall())
                store = try place.open()
            }
        }
        for version in versions {
            let current = try store.head(key("aba"), anyCall())?.version
            guard version != current else { continue }
            let error = failure {
                _ = try store.put(key("aba"), [7], condition: .version(version), anyCall())
            }
            #expect(error?.code == .condition)
        }
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func aContendedCounterLosesNothing(driver: BuiltDriver) async throws {
        let place = try Place(driver)
        defer { place.remove() }
        let threads = 6
        let rounds = 25
        let pool = BlockingPool(threads: 24)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<threads {
                // A store each: they meet in the storage and nowhere before it.
                let store = try place.open()
                group.addTask {
                    try await pool.run(.normal, anyCall()) {
                        for _ in 0..<rounds { try increment(store) }
                        store.close(anyCall())
                    }
                }
            }
            try await group.waitForAll()
        }
        let store = try place.open()
        let bytes = try store.read(key("counter"), maxByteCount: 20, anyCall())?.bytes
        #expect(bytes == Array("\(threads * rounds)".utf8))
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func oneOfManyCreatorsWins(driver: BuiltDriver) async throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let pool = BlockingPool(threads: 24)
        for round in 0..<10 {
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for contender in UInt8(0)..<8 {
                    group.addTask {
                        try await pool.run(.normal, anyCall()) {
                            do throws(HostError) {
                                _ = try store.put(
                                    key("race/\(round)"), [contender], condition: .absent,
                                    anyCall())
                                return true
                            } catch {
                                guard error.code == .condition else { throw error }
                                return false
                            }
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(winners == 1)
        }
        store.close(anyCall())
    }
}

/// Adds one to the counter, whoever else does so at the same time.
private func increment(_ store: Store) throws(HostError) {
    while true {
        let current = try store.read(key("counter"), maxByteCount: 20, anyCall())
        let count = current.flatMap { Int(String(decoding: $0.bytes, as: UTF8.self)) } ?? 0
        let condition = current.map { Condition.version($0.info.version) } ?? .absent
        do throws(HostError) {
            _ = try store.put(
                key("counter"), Array("\(count + 1)".utf8), condition: condition, anyCall())
            return
        } catch {
            guard error.code == .condition else { throw error }
        }
    }
}
