import Host
import State
import TestSupport
import Testing

/// A state that is read again is not fetched again, and is never an old one.
@Suite(.uniformPaths) struct RecentReadsTests {
    let world: World
    let reader: StateRepository
    let writer: StateRepository

    init() throws {
        world = try World()
        reader = world.repository()
        writer = world.repository()
    }

    @Test func readingAgainOnlyLooksAtTheRecord() throws {
        try writer.write(world.path, state(1))
        _ = try reader.bytes(world.path)
        let before = world.memory.calls.count
        #expect(try reader.bytes(world.path) == Array(state(1).utf8))
        #expect(Array(world.memory.calls[before...]) == [.head])
    }

    @Test func whatAnotherCommitsIsSeenAtOnce() throws {
        for serial in 1...20 {
            try writer.write(world.path, state(serial))
            for _ in 0..<2 {
                #expect(try reader.bytes(world.path) == Array(state(serial).utf8))
            }
        }
    }

    @Test func whatAnotherRemovesIsGoneAtOnce() throws {
        try writer.write(world.path, state(1))
        _ = try reader.bytes(world.path)
        #expect(try writer.remove(world.path, lockID: nil, call()))
        #expect(try reader.bytes(world.path) == nil)
    }

    @Test func moreThanFitsIsReadCorrectly() throws {
        // 48 states of 250 KiB are more than is kept.
        let paths = try (0..<48).map { try StatePath("many/\($0)") }
        for (serial, path) in paths.enumerated() {
            try writer.write(path, state(serial, padding: 250 << 10))
        }
        for _ in 0..<2 {
            for (serial, path) in paths.enumerated() {
                #expect(try reader.bytes(path) == Array(state(serial, padding: 250 << 10).utf8))
            }
        }
    }
}
