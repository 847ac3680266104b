import Dispatch
import Host
import State
import Synchronization
import TestSupport
import Testing

@Suite(.allPaths) struct InterleavingTests {
    /// A writer stops between its check of the lock and its commit; the lock is broken and taken.
    @Test(arguments: [10, 2 << 20], ["b", "a"])
    func aPausedWriterIsRefused(padding: Int, nextID: String) throws {
        let world = try World()
        try world.repository().write(world.path, state(1))
        try world.repository().lock(world.path, "a")
        let pause = Pause(world.memory, before: .put, of: world.key("terraform-records"))
        let outcome = Box<String>()
        pause.start {
            outcome.value = failure {
                try world.repository().write(world.path, state(9, padding: padding), lock: "a")
            }
        }
        let other = world.repository()
        #expect(try other.unlock(world.path, .force, call())?.info.id == "a")
        // Also with the same id as before, because its fence is higher.
        #expect(try other.lock(world.path, nextID).fence == 3)
        #expect(try other.text(world.path) == state(1))
        pause.resume()
        #expect(outcome.value == "lockMismatch")
        #expect(try other.text(world.path) == state(1))
        #expect(world.copy == state(1))
        #expect(try other.versions(world.path, call()).count == 1)
        try other.write(world.path, state(2), lock: nextID)
        #expect(try other.orphans(world.path, call()).map { $0.reason } == ["lock-mismatch"])
        try world.expectTidy()
    }

    @Test func aPausedWriterWhoseLockWasReleasedIsRefused() throws {
        let world = try World()
        try world.repository().lock(world.path, "a")
        let pause = Pause(world.memory, before: .put, of: world.key("terraform-records"))
        let outcome = Box<String>()
        pause.start {
            outcome.value = failure {
                try world.repository().write(world.path, state(1), lock: "a")
            }
        }
        try world.repository().unlock(world.path, "a")
        pause.resume()
        #expect(outcome.value == "notLocked")
        #expect(try world.repository().text(world.path) == nil)
        try world.expectTidy()
    }

    @Test func aPausedRemovalIsRefused() throws {
        let world = try World()
        try world.repository().write(world.path, state(1))
        let pause = Pause(world.memory, before: .put, of: world.key("terraform-records"))
        let outcome = Box<String>()
        pause.start {
            outcome.value = failure {
                _ = try world.repository().remove(world.path, lockID: nil, call())
            }
        }
        try world.repository().lock(world.path, "b")
        pause.resume()
        #expect(outcome.value == "locked")
        #expect(try world.repository().text(world.path) == state(1))
    }

    @Test(arguments: [true, false])
    func aPausedRemovalDoesNotTakeALaterState(isLocked: Bool) throws {
        let world = try World()
        let id = isLocked ? "a" : nil
        try world.repository().write(world.path, state(1))
        if isLocked { try world.repository().lock(world.path, "a") }
        let pause = Pause(world.memory, before: .put, of: world.key("terraform-records"))
        let outcome = Box<String>()
        pause.start {
            outcome.value = failure {
                _ = try world.repository().remove(world.path, lockID: id, call())
            }
        }
        try world.repository().write(world.path, state(2), lock: id)
        pause.resume()
        #expect(outcome.value == "conflict")
        #expect(try world.repository().text(world.path) == state(2))
        try world.expectTidy()
    }

    /// The first attempt of a client that gave up waiting arrives after its later writes.
    @Test func aForgottenAttemptUnderTheSameLockIsRefused() throws {
        let world = try World()
        try world.repository().lock(world.path, "a")
        let pause = Pause(world.memory, before: .put, of: world.key("terraform-records"))
        let outcome = Box<String>()
        pause.start {
            outcome.value = failure {
                try world.repository().write(world.path, state(1), lock: "a")
            }
        }
        try world.repository().write(world.path, state(1), lock: "a")
        try world.repository().write(world.path, state(2), lock: "a")
        pause.resume()
        #expect(outcome.value == "conflict")
        #expect(try world.repository().text(world.path) == state(2))
        try world.expectTidy()
    }

    @Test func aRepeatedAttemptWithTheSameBytesSucceeds() throws {
        let world = try World()
        try world.repository().lock(world.path, "a")
        let pause = Pause(world.memory, before: .put, of: world.key("terraform-records"))
        let outcome = Box<String>()
        pause.start {
            outcome.value = failure {
                try world.repository().write(world.path, state(1), lock: "a")
            }
        }
        try world.repository().write(world.path, state(1), lock: "a")
        pause.resume()
        #expect(outcome.value == "")
        #expect(try world.repository().versions(world.path, call()).count == 1)
        try world.expectTidy()
    }

    /// A holder that asks for its lock again while it writes does not hinder its write.
    @Test func aRefreshedLockLetsTheWriteThrough() throws {
        let world = try World()
        try world.repository().lock(world.path, "a")
        let pause = Pause(world.memory, before: .put, of: world.key("terraform-records"))
        let outcome = Box<String>()
        pause.start {
            outcome.value = failure {
                try world.repository().write(world.path, state(1), lock: "a")
            }
        }
        world.clock.advance(.seconds(60))
        try world.repository().lock(world.path, "a")
        pause.resume()
        #expect(outcome.value == "")
        #expect(try world.repository().text(world.path) == state(1))
        #expect(world.storedVersions().count == 1)
    }

    /// A slow publisher must not put its older version over a newer one.
    @Test(arguments: [MemoryStore.Operation.head, .put], [true, false])
    func theCopyNeverGoesBack(operation: MemoryStore.Operation, removes: Bool) throws {
        let world = try World()
        guard world.writePath != .mixed else { return }
        try world.repository().write(world.path, state(1))
        // Where the records are in another store, the copy is looked at before the commit as well.
        let pause = Pause(
            world.memory, before: operation, of: world.key("terraform"),
            ordinal: world.writePath == .apart && operation == .head ? 2 : 1)
        let outcome = Box<String>()
        pause.start {
            outcome.value = failure { try world.repository().write(world.path, state(2)) }
        }
        if removes {
            #expect(try world.repository().remove(world.path, lockID: nil, call()))
        } else {
            try world.repository().write(world.path, state(3))
        }
        pause.resume()
        #expect(outcome.value == "")
        // In one commit the copy comes with the record: the slow writer is the later one.
        let last = world.writePath == .native ? state(2) : removes ? nil : state(3)
        #expect(world.copy == last)
        #expect(try world.repository().text(world.path) == last)
        #expect(try world.repository().orphans(world.path, call()).isEmpty)
        try world.expectTidy()
    }

    /// The publisher of a first version saw no copy; the state is removed before it puts one.
    @Test func aRemovedStateDoesNotComeBackAsACopy() throws {
        let world = try World()
        guard world.writePath == .steps else { return }
        let pause = Pause(world.memory, before: .put, of: world.key("terraform"))
        let outcome = Box<String>()
        pause.start {
            outcome.value = failure { try world.repository().write(world.path, state(1)) }
        }
        #expect(try world.repository().remove(world.path, lockID: nil, call()))
        pause.resume()
        #expect(outcome.value == "")
        #expect(world.copy == nil)
        try world.expectTidy()
    }

    /// A reader between commit and copy gets the new version and mends the copy.
    @Test func aReaderSeesTheCommitBeforeTheCopy() throws {
        let world = try World()
        guard world.writePath == .steps else { return }
        try world.repository().write(world.path, state(1))
        let pause = Pause(world.memory, before: .head, of: world.key("terraform"))
        pause.start { _ = failure { try world.repository().write(world.path, state(2)) } }
        #expect(world.copy == state(1))
        #expect(try world.repository().text(world.path) == state(2))
        #expect(world.copy == state(2))
        pause.resume()
        #expect(world.copy == state(2))
    }

    /// `repair` must not take the bytes of a writer that is only slow, or the writer must notice.
    @Test(arguments: [10, 2 << 20])
    func aSweptWriterPutsItsBytesAgainOrIsRefused(padding: Int) throws {
        let world = try World()
        guard world.writePath != .mixed else { return }
        try world.repository().write(world.path, state(1))
        let pause = Pause(world.memory, before: .put, of: world.key("terraform-records"))
        let outcome = Box<String>()
        let body = state(2, padding: padding)
        pause.start { outcome.value = failure { try world.repository().write(world.path, body) } }
        // A small body in one commit has left nothing yet that could be swept.
        let isThere = world.storedVersions().contains { $0.hasPrefix("0000000002") }
        #expect(isThere || (world.writePath != .steps && padding < 1 << 20))
        world.clock.advance(.seconds(7200))
        #expect(try world.repository().repair(world.path, call()) == isThere)
        #expect(!world.storedVersions().contains { $0.hasPrefix("0000000002") })
        pause.resume()
        let isSmall = padding < 1 << 20
        #expect(outcome.value == (isSmall ? "" : "conflict"))
        #expect(try world.repository().text(world.path) == (isSmall ? body : state(1)))
        try world.expectTidy()
    }

    /// An unlocked writer's bytes are collected because a lock came and went.
    @Test func anUnlockedWriterOutlivesALock() throws {
        let world = try World()
        try world.repository().write(world.path, state(1))
        let pause = Pause(world.memory, before: .put, of: world.key("terraform-records"))
        let outcome = Box<String>()
        pause.start {
            outcome.value = failure { try world.repository().write(world.path, state(2)) }
        }
        try world.repository().lock(world.path, "a")
        try world.repository().unlock(world.path, "a")
        pause.resume()
        #expect(outcome.value == "")
        #expect(try world.repository().text(world.path) == state(2))
        try world.expectTidy()
    }

    @Test(arguments: [true, false])
    func unlockedWritersMakeOneChain(isLarge: Bool) throws {
        let world = try World()
        let threads = 4
        let writes = isLarge ? 3 : 25
        let written = Mutex<[String: String]>([:])
        let refused = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let states = world.repository()
            for index in 0..<writes {
                let body = state(thread * 1000 + index, padding: isLarge ? (1 << 20) + thread : 0)
                do {
                    let version = try states.write(world.path, body)
                    written.withLock { $0[version.id] = body }
                } catch { refused.withLock { $0.append("\(error)") } }
            }
        }
        let done = written.withLock { $0 }
        // Large bytes may be collected while they are put again; then the writer is told so.
        if !isLarge { #expect(refused.withLock { $0 }.isEmpty) }
        #expect(done.count + refused.withLock { $0.count } == threads * writes)
        let versions = try world.repository().versions(world.path, call())
        #expect(Set(versions.map { $0.id }) == Set(done.keys))
        #expect(versions.map { $0.sequence } == Array((1...UInt64(done.count)).reversed()))
        for version in versions {
            #expect(
                try world.repository().text(world.path, version: version.id) == done[version.id])
        }
        try world.expectTidy()
    }
}
