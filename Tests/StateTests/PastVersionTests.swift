import Host
import State
import TestSupport
import Testing

/// One version of a history, found without the rest of it.
@Suite(.uniformPaths) struct PastVersionTests {
    let world: World
    let states: StateRepository

    init() throws {
        world = try World()
        states = world.repository()
    }

    /// Puts the bytes of a version that never was committed.
    private func putStray(
        sequence: Int, previous: String, random: String = "0000abcd"
    ) throws -> String {
        let digits = "\(sequence)"
        let id = String(repeating: "0", count: 10 - digits.utf8.count) + digits + "-" + random
        let attributes = [
            "format": "1", "version": id, "fence": "0", "sweep": "0", "created": "1",
            "writer": "test", "lock": "", "previous": previous, "previous-sha256": "",
            "sha256": "", "json": "1", "encrypted": "0", "events": "",
        ]
        _ = try world.store.put(
            world.key("terraform-versions", "\(world.path)/@\(id)"), Array("{}".utf8),
            condition: .none, attributes: attributes, call())
        return id
    }

    @Test func aLongHistoryCostsNoMoreThanAShortOne() throws {
        var ids: [String] = []
        for serial in 1...120 { ids.append(try states.write(world.path, state(serial)).id) }
        for index in [0, 60, 118] {
            let before = world.memory.calls.count
            #expect(try states.text(world.path, version: ids[index]) == state(index + 1))
            // The record, the version and what follows it, the bytes.
            let looks: [MemoryStore.Operation] =
                [.bare, .apart].contains(world.writePath) ? [.list, .head, .head] : [.list]
            #expect(Array(world.memory.calls[before...]) == [.get] + looks + [.get])
        }
    }

    @Test func whatWasNeverCommittedIsNotRead() throws {
        let ids = try (1...4).map { try states.write(world.path, state($0)).id }
        let strays = [
            try putStray(sequence: 2, previous: ids[0]),
            try putStray(sequence: 4, previous: ids[2]),
            try putStray(sequence: 5, previous: ids[3]),
        ]
        for id in strays + ["0000000001-00000000", "0000000009-00000000", "adopted", "x"] {
            #expect(failure { _ = try states.text(world.path, version: id) } == "notFound", "\(id)")
        }
        for (index, id) in ids.enumerated() {
            #expect(try states.text(world.path, version: id) == state(index + 1))
        }
    }

    @Test func manyStraysHideNothing() throws {
        var ids = try (1...3).map { try states.write(world.path, state($0)).id }
        for number in 10..<50 {
            _ = try putStray(sequence: 2, previous: ids[0], random: "000000\(number)")
        }
        ids.append(try states.write(world.path, state(4)).id)
        for (index, id) in ids.enumerated() {
            #expect(try states.text(world.path, version: id) == state(index + 1))
        }
    }

    @Test func removalsBelongToTheHistory() throws {
        let first = try states.write(world.path, state(1)).id
        for _ in 0..<12 {
            _ = try states.remove(world.path, lockID: nil, call())
            _ = try? states.write(world.path, state(2))
        }
        _ = try states.remove(world.path, lockID: nil, call())
        #expect(try states.text(world.path, version: first) == state(1))
        let newest = try #require(try states.versions(world.path, call()).first)
        #expect(try states.text(world.path, version: newest.id) == state(2))
    }

    @Test func aVersionThatIsGoneIsSaidToBeDamage() throws {
        let ids = try (1...3).map { try states.write(world.path, state($0)).id }
        try world.store.remove(
            world.key("terraform-versions", "\(world.path)/@\(ids[1])"), condition: .none, call())
        #expect(failure { _ = try states.text(world.path, version: ids[1]) } == "integrity")
        // The history ends there.
        #expect(failure { _ = try states.text(world.path, version: ids[0]) } == "notFound")
        #expect(try states.text(world.path, version: ids[2]) == state(3))
    }
}
