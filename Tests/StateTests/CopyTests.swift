import Host
import State
import TestSupport
import Testing

/// What others put in the legible place, and what becomes of refused bytes.
@Suite(.uniformPaths) struct CopyTests {
    @Test func aCopyWithoutARecordIsTheState() throws {
        let world = try World()
        try world.put(copy: state(7))
        let states = world.repository()
        let summary = try #require(try states.summary(world.path, call()))
        #expect(summary.current?.id == "adopted" && summary.current?.serial == 7)
        #expect(summary.sequence == 0)
        #expect(try states.text(world.path) == state(7))
        #expect(try states.text(world.path, version: "adopted") == state(7))
        #expect(try states.versions(world.path, call()).map { $0.id } == ["adopted"])
        #expect(try states.list(prefix: "", startAfter: "", limit: 9, call()).count == 1)
        #expect(world.keys.count == 1, "reading wrote something")
    }

    @Test(arguments: ["write", "lock", "remove"], [0, 2 << 20])
    func theFirstChangeAdoptsIt(change: String, padding: Int) throws {
        let world = try World()
        let body = state(7, padding: padding)
        try world.put(copy: body)
        let states = world.repository()
        switch change {
        case "write": try states.write(world.path, state(8))
        case "lock": try states.lock(world.path, "a")
        default: #expect(try states.remove(world.path, lockID: nil, call()))
        }
        let versions = try states.versions(world.path, call())
        let adopted = try #require(versions.last)
        #expect(adopted.sequence == 1 && adopted.writer == "adopted" && adopted.serial == 7)
        #expect(try states.text(world.path, version: adopted.id) == body)
        #expect(try states.orphans(world.path, call()).isEmpty)
        try world.expectTidy()
        #expect(try states.orphans(world.path, call()).isEmpty)
    }

    @Test func aCopyPutUnderALockIsAdoptedByTheHoldersWrite() throws {
        let world = try World()
        let states = world.repository()
        try states.lock(world.path, "a")
        try world.put(copy: state(7))
        #expect(try states.text(world.path) == state(7))
        let version = try states.write(world.path, state(8), lock: "a")
        #expect(version.sequence == 2)
        #expect(try states.text(world.path, version: version.previousID) == state(7))
    }

    @Test(arguments: [0, 2 << 20])
    func anEditedCopyIsKeptAndReplaced(padding: Int) throws {
        let world = try World()
        let states = world.repository()
        try states.write(world.path, state(1))
        let edited = state(99, padding: padding)
        try world.put(copy: edited)
        // The record is the truth.
        #expect(try states.text(world.path) == state(1))
        #expect(try states.repair(world.path, call()))
        #expect(world.copy == state(1))
        let orphan = try #require(try states.orphans(world.path, call()).first)
        #expect(orphan.reason == "edited-copy")
        var bytes: [UInt8] = []
        _ = try states.readOrphan(
            world.path, id: orphan.id, call(), begin: { #expect($0 == orphan) },
            body: { (piece) throws(StateError) in bytes.append(contentsOf: piece) })
        #expect(String(decoding: bytes, as: UTF8.self) == edited)
        #expect(
            failure {
                _ = try states.readOrphan(
                    world.path, id: "0", call(), begin: { _ in }, body: { _ in })
            } == "notFound")
        try world.expectTidy()
    }

    @Test func repairComparesEveryByte() throws {
        let world = try World()
        let states = world.repository()
        try states.write(world.path, state(1))
        world.memory.damage(world.key("terraform")) { $0[3] ^= 1 }
        #expect(try states.repair(world.path, call()))
        #expect(world.copy == state(1))
        #expect(try states.orphans(world.path, call()).count == 1)
        try world.memory.store().remove(world.key("terraform"), condition: .none, call())
        #expect(try states.repair(world.path, call()))
        #expect(world.copy == state(1))
    }

    @Test func aCopyPutOverARemovedStateIsKept() throws {
        let world = try World()
        let states = world.repository()
        try states.write(world.path, state(1))
        _ = try states.remove(world.path, lockID: nil, call())
        try world.put(copy: "back again")
        #expect(try states.text(world.path) == nil)
        try states.write(world.path, state(2))
        #expect(world.copy == state(2))
        #expect(try states.orphans(world.path, call()).map { $0.reason } == ["edited-copy"])
    }

    /// A copy of another state's file, with its attributes, is not ours.
    @Test func anothersVersionIsForeign() throws {
        let world = try World()
        let states = world.repository()
        try states.write(world.path, state(1))
        try world.put(
            copy: "theirs", attributes: ["version": "0000000001-00000000", "sha256": "x"])
        try states.write(world.path, state(2))
        #expect(world.copy == state(2))
        #expect(try states.orphans(world.path, call()).count == 1)
    }

    @Test(arguments: [0, 2 << 20])
    func refusedBytesAreKept(padding: Int) throws {
        let world = try World()
        let states = world.repository()
        try states.lock(world.path, "a")
        func body(_ serial: Int) -> String {
            world.clock.advance(.seconds(1))
            return state(serial, padding: padding)
        }
        #expect(failure { try states.write(world.path, body(1)) } == "locked")
        #expect(failure { try states.write(world.path, body(2), lock: "b") } == "lockMismatch")
        #expect(failure { try states.write(world.path, body(3), keep: false) } == "locked")
        try states.unlock(world.path, "a")
        #expect(failure { try states.write(world.path, body(4), lock: "a") } == "notLocked")
        let orphans = try states.orphans(world.path, call())
        #expect(orphans.map { $0.reason } == ["locked", "lock-mismatch", "not-locked"])
        #expect(orphans.map { $0.lockID } == ["", "b", "a"])
        #expect(orphans.allSatisfy { $0.writer == "test" && $0.byteCount == body(1).utf8.count })
        #expect(try states.text(world.path) == nil)
    }

    @Test func orphansAreCappedAndNotDoubled() throws {
        let world = try World()
        let states = world.repository()
        try states.lock(world.path, "a")
        for serial in 0..<25 {
            for _ in 0..<2 {
                #expect(failure { try states.write(world.path, state(serial)) } == "locked")
                world.clock.advance(.seconds(1))
            }
        }
        let orphans = try states.orphans(world.path, call())
        #expect(orphans.count == 20)
        #expect(
            orphans.map { $0.createdNanoseconds } == orphans.map { $0.createdNanoseconds }.sorted())
        var last: [UInt8] = []
        _ = try states.readOrphan(
            world.path, id: orphans[19].id, call(), begin: { _ in },
            body: { (piece) throws(StateError) in last.append(contentsOf: piece) })
        #expect(last == Array(state(24).utf8))
    }

    @Test func aRefusalNamesItsOrphan() throws {
        let world = try World()
        let states = world.repository()
        try states.lock(world.path, "a")
        do {
            try states.write(world.path, state(1))
            Issue.record("a write under another's lock was taken")
        } catch {
            #expect(error.orphanID == (try states.orphans(world.path, call()).first?.id))
            #expect(error.message.contains(error.orphanID ?? "none"))
        }
    }

    @Test func aRefusalStaysARefusalWhenNothingCanBeKept() throws {
        let world = try World()
        let states = world.repository()
        try states.lock(world.path, "a")
        world.memory.fail(1, of: .put, at: .before, with: HostError(.full, "no space"))
        #expect(failure { try states.write(world.path, state(1)) } == "locked")
        #expect(try states.orphans(world.path, call()).isEmpty)
    }
}

@Suite(.uniformPaths) struct HistoryTests {
    @Test func aChainOfSixtyFour() throws {
        let world = try World()
        let states = world.repository()
        var ids: [String] = []
        for serial in 1...64 {
            let body = state(serial, padding: serial % 16 == 0 ? 1 << 20 : 0)
            ids.insert(try states.write(world.path, body).id, at: 0)
        }
        for capabilities in [Capabilities.all, Capabilities([])] {
            let store = world.memory.store(capabilities: capabilities)
            let states = StateRepository(world.place(store), kind: .terraform)
            let versions = try states.versions(world.path, call())
            #expect(versions.map { $0.id } == ids)
            #expect(versions.map { $0.serial } == (1...64).reversed().map { Int64($0) })
            for (version, before) in zip(versions, versions.dropFirst()) {
                #expect(version.previousID == before.id && version.previousSHA256 == before.sha256)
            }
        }
        #expect(try states.text(world.path, version: ids[60]) == state(4))
        #expect(
            failure { _ = try states.text(world.path, version: "0000000001-00000000") }
                == "notFound")
        try world.expectTidy()
    }

    @Test func statesBelowAnotherDoNotMix() throws {
        let world = try World("a")
        let states = world.repository()
        let names = ["a", "a/b", "a/@x", "a/@0000000001-00000000", "a/@0000000001-00000000/c", "b"]
        for (index, name) in names.enumerated() {
            let path = try StatePath(name)
            try states.write(path, state(index))
            try states.write(path, state(100 + index))
            try states.lock(path, "l")
            #expect(failure { try states.write(path, "refused") } == "locked")
        }
        for (index, name) in names.enumerated() {
            let path = try StatePath(name)
            _ = try states.repair(path, call())
            #expect(
                try states.versions(path, call()).map { $0.serial } == [
                    100 + Int64(index), Int64(index),
                ])
            #expect(try states.orphans(path, call()).count == 1)
            #expect(try states.text(path) == state(100 + index))
        }
        let listed = try states.list(prefix: "", startAfter: "", limit: 100, call())
        #expect(
            listed.map { $0.path.description }
                == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(listed.allSatisfy { $0.lock?.info.id == "l" })
        #expect(
            try states.list(prefix: "a/", startAfter: "a/@x", limit: 1, call()).map {
                $0.path.description
            } == ["a/b"])
    }

    @Test func aListingPages() throws {
        let world = try World()
        let states = world.repository()
        for index in 0..<30 {
            let path = try StatePath("p\(index % 3)/\(index)")
            if index % 2 == 0 {
                try states.write(path, state(index))
            } else {
                _ = try world.memory.store().put(
                    world.key("terraform", path.description), [1], condition: .none, call())
            }
            if index % 10 == 4 { _ = try states.remove(path, lockID: nil, call()) }
        }
        let all = try states.list(prefix: "", startAfter: "", limit: 100, call()).map { $0.path }
        #expect(all.count == 27 && all == all.sorted())
        var paged: [StatePath] = []
        while true {
            let page = try states.list(
                prefix: "", startAfter: paged.last?.description ?? "", limit: 4, call())
            paged += page.map { $0.path }
            if page.count < 4 { break }
        }
        #expect(paged == all)
        #expect(try states.list(prefix: "p1/", startAfter: "", limit: 100, call()).count < 12)
        #expect(try states.list(prefix: "", startAfter: "", limit: 0, call()).isEmpty)
    }

    /// A break in the history must never make the collector take what is below it.
    @Test func nothingIsCollectedBelowABreak() throws {
        let world = try World()
        let states = world.repository()
        let versions = try (1...5).map { try states.write(world.path, state($0)) }
        try world.memory.store().remove(
            world.key("terraform-versions", "\(world.path)/@\(versions[2].id)"), condition: .none,
            call())
        _ = try states.repair(world.path, call())
        #expect(
            Set(world.storedVersions()) == Set(versions.map { $0.id }).subtracting([versions[2].id])
        )
        #expect(
            try states.versions(world.path, call()).map { $0.id } == [
                versions[4].id, versions[3].id,
            ])
    }

    /// A lost record is begun after what its versions show, and they are never collected.
    @Test func versionsOfALostRecordStay() throws {
        let world = try World()
        let states = world.repository()
        try states.lock(world.path, "a")
        let old = try (1...3).map { try states.write(world.path, state($0), lock: "a") }
        try world.memory.store().remove(world.key("terraform-records"), condition: .none, call())
        #expect(try states.text(world.path) == state(3))
        let version = try states.write(world.path, state(4))
        #expect(version.sequence == 5)
        #expect(try states.lock(world.path, "b").fence == 2)
        world.clock.advance(.seconds(7200))
        _ = try states.repair(world.path, call())
        #expect(Set(world.storedVersions()).isSuperset(of: old.map { $0.id }))
        #expect(try states.versions(world.path, call()).map { $0.sequence } == [5, 4])
    }
}
