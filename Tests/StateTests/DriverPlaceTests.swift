import Dispatch
import FoundationEssentials
import Host
import State
import Synchronization
import TestSupport
import Testing

/// What is shown in memory, again over every real driver, with two stores open on one place.
@Suite struct DriverPlaceTests {
    @Test(arguments: BuiltDriver.everywhere)
    func aWholeLife(driver: BuiltDriver) throws {
        try DriverPlace.within(driver) { world, _ in
            let bodies = ["", "\u{0}\u{1}", state(1), state(2, padding: 3 << 20), state(3)]
            for body in bodies {
                try world.repository().write(world.path, body)
                #expect(try world.repository().text(world.path) == body)
                #expect(world.copy == body)
            }
            let versions = try world.repository().versions(world.path, call())
            #expect(
                try versions.map { try world.repository().text(world.path, version: $0.id) }
                    == bodies.reversed())
            #expect(try world.repository().lock(world.path, "a").fence == 1)
            #expect(failure { try world.repository().lock(world.path, "b") } == "locked")
            #expect(failure { try world.repository().write(world.path, "x") } == "locked")
            try world.repository().write(world.path, state(4), lock: "a")
            #expect(try world.repository().unlock(world.path, "a")?.info.id == "a")
            #expect(try world.repository().orphans(world.path, call()).count == 1)
            let listed = try world.repository().list(
                prefix: "shop/", startAfter: "", limit: 9, call())
            #expect(listed.map { $0.path } == [world.path])
            try world.expectTidy()
            #expect(try world.repository().remove(world.path, lockID: nil, call()))
            #expect(world.copy == nil)
            try world.expectTidy()
        }
    }

    /// The body of a write does not end while its lock is broken and taken by another.
    @Test(arguments: BuiltDriver.everywhere, [10, 2 << 20])
    func aPausedWriterIsRefused(driver: BuiltDriver, padding: Int) throws {
        try DriverPlace.within(driver) { world, _ in
            try world.repository().write(world.path, state(1))
            try world.repository().lock(world.path, "a")
            let source = PausedSource(Array(state(9, padding: padding).utf8))
            let outcome = Box<String>()
            source.start { body in
                outcome.value = failure {
                    _ = try world.repository().write(
                        world.path, from: body, WriteRequest(lockID: "a"), call())
                }
            }
            #expect(try world.repository().unlock(world.path, .force, call())?.info.id == "a")
            #expect(try world.repository().lock(world.path, "a").fence == 3)
            #expect(try world.repository().text(world.path) == state(1))
            source.resume()
            #expect(outcome.value == "lockMismatch")
            #expect(try world.repository().text(world.path) == state(1))
            #expect(try world.repository().orphans(world.path, call()).count == 1)
            try world.repository().unlock(world.path, "a")
            try world.expectTidy()
        }
    }

    @Test(arguments: BuiltDriver.everywhere)
    func oneWinnerAndOneChain(driver: BuiltDriver) throws {
        try DriverPlace.within(driver) { world, _ in
            let winners = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 6) { thread in
                if let held = try? world.repository().lock(world.path, "\(thread)") {
                    winners.withLock { $0.append(held.info.id) }
                }
            }
            let won = winners.withLock { $0 }
            #expect(won.count == 1)
            try world.repository().unlock(world.path, won.first ?? "")
            let written = Mutex<[String: String]>([:])
            DispatchQueue.concurrentPerform(iterations: 4) { thread in
                for index in 0..<6 {
                    let body = state(thread * 100 + index)
                    if let version = try? world.repository().write(world.path, body) {
                        written.withLock { $0[version.id] = body }
                    }
                }
            }
            let done = written.withLock { $0 }
            #expect(done.count == 24)
            let versions = try world.repository().versions(world.path, call())
            #expect(Set(versions.map { $0.id }) == Set(done.keys))
            for version in versions {
                let text = try world.repository().text(world.path, version: version.id)
                #expect(text == done[version.id])
            }
            try world.expectTidy()
        }
    }

    @Test(arguments: BuiltDriver.everywhere, [21, 22] as [UInt64])
    func randomOperations(driver: BuiltDriver, seed: UInt64) throws {
        try DriverPlace.within(driver) { world, _ in try ModelTests.run(world, seed: seed) }
    }

    @Test(arguments: BuiltDriver.everywhere)
    func leasesFollowTheStoresClock(driver: BuiltDriver) throws {
        try DriverPlace.within(driver) { world, _ in
            // Without a clock a lease is judged by its unchanged nonce: see SemanticsTests.
            guard let clock = try world.store.ping(call()) else {
                #expect(world.store.capabilities.level(Capabilities.clock) == .none)
                return
            }
            let states = world.repository()
            let first = try states.lock(world.path, "a", lease: .milliseconds(10))
            #expect(first.lease?.duration == .milliseconds(10))
            // Waits until the store's clock is past the lease; nothing is said of how long that is.
            while try world.store.ping(call())?.nowNanoseconds ?? .max
                < clock.nowNanoseconds + 20_000_000
                + 4 * clock.uncertaintyNanoseconds
            {}
            #expect(try world.repository().lock(world.path, "b").fence == first.fence + 1)
        }
    }

    /// What someone does with an editor and `cp` in the folder of the local driver.
    @Test func filesEditedByHand() throws {
        let driver = try #require(BuiltDriver.all.first { $0.id == "local" })
        try DriverPlace.within(driver, "app.tfstate") { world, folder in
            try world.repository().write(world.path, state(1))
            let file = URL(filePath: folder).appending(path: "terraform/app.tfstate")
            #expect(try String(contentsOf: file, encoding: .utf8) == state(1))
            try Data("edited".utf8).write(to: file)
            #expect(try world.repository().text(world.path) == state(1))
            try world.repository().write(world.path, state(2))
            #expect(try String(contentsOf: file, encoding: .utf8) == state(2))
            let orphans = try world.repository().orphans(world.path, call())
            #expect(orphans.map { $0.reason } == ["edited-copy"])
            try world.expectTidy()
        }
    }

    @Test func receiptsOfTheOriginalSystemAreFound() throws {
        let driver = try #require(BuiltDriver.all.first { $0.id == "local" })
        try DriverPlace.within(driver) { world, folder in
            let file = URL(filePath: folder).appending(path: "state/shop/dev/aws.state.json")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(#"{"service":"shop","deploymentId":"d-1","more":[1]}"#.utf8).write(to: file)
            let receipts = ReceiptRepository(store: world.store, workspace: "")
            let found = try receipts.list(call())
            let address = try #require(found.first?.address)
            var (receipt, version) = try #require(try receipts.read(address, call()))
            #expect(version.id == StateVersion.adoptedID && receipt.deploymentID == "d-1")
            receipt.deploymentID = "d-2"
            _ = try receipts.write(receipt, at: address, WriteRequest(), call())
            #expect(
                try String(contentsOf: file, encoding: .utf8)
                    == #"{"service":"shop","deploymentId":"d-2","more":[1]}"#)
            #expect(try receipts.states.versions(address.path, call()).count == 2)
        }
    }
}

/// A body that stops before its last byte until the test lets it go on.
private final class PausedSource: ByteSource, @unchecked Sendable {
    // SAFETY: read only on the one thread that `start` makes; the semaphores order the rest.
    private var rest: ArraySlice<UInt8>
    private let reached = DispatchSemaphore(value: 0)
    private let go = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)
    let length: UInt64?

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
        length = UInt64(bytes.count)
    }

    func start(_ body: @escaping @Sendable (PausedSource) -> Void) {
        DispatchQueue.global().async {
            body(self)
            self.finished.signal()
        }
        reached.wait()
    }

    func resume() {
        go.signal()
        finished.wait()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
        if rest.count == 1 {
            reached.signal()
            go.wait()
        }
        let count = min(buffer.count, rest.count > 1 ? rest.count - 1 : rest.count)
        buffer.copyBytes(from: rest.prefix(count))
        rest = rest.dropFirst(count)
        return count
    }
}
