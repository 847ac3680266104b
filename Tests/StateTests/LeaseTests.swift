import Host
import State
import Synchronization
import TestSupport
import Testing

/// A store in memory whose clock the test decides.
private final class ClockedStore: StoreOperations {
    let base: MemoryStore
    private let clock = Mutex<StoreClock?>(nil)

    init(_ base: MemoryStore) { self.base = base }

    func set(_ domain: String?, _ now: Duration = .zero, uncertainty: Duration = .zero) {
        clock.withLock {
            $0 = domain.map {
                StoreClock(
                    domain: $0, nowNanoseconds: Int64(now / .nanoseconds(1)),
                    uncertaintyNanoseconds: Int64(uncertainty / .nanoseconds(1)))
            }
        }
    }

    func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? {
        try base.head(key, call)
    }
    func get(
        _ key: ObjectKey, _ range: ByteRange, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo? {
        try base.get(key, range, call, begin: begin, body: body)
    }
    func put(
        _ key: ObjectKey, _ request: PutRequest, from source: any ByteSource, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        try base.put(key, request, from: source, call)
    }
    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(HostError) {
        try base.remove(key, condition, call)
    }
    func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
        try base.commit(changes, call)
    }
    func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] {
        try base.list(listing, call)
    }
    func ping(_ call: Call) throws(HostError) -> StoreClock? { clock.withLock { $0 } }
    func driverOperations() throws(HostError) -> [DriverOperation] { try base.driverOperations() }
    func callOperation(
        _ request: OperationCall, _ call: Call,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        try base.callOperation(request, call, body: body)
    }
    func close(_ call: Call) {}
}

@Suite(.uniformPaths) struct LeaseTests {
    private let world: World
    private let store: ClockedStore

    init() throws {
        world = try World()
        store = ClockedStore(world.memory)
    }

    private func repository(_ clock: TurnedClock? = nil) -> StateRepository {
        let clocked = { @Sendable [store] (capabilities: Capabilities) in
            Store(
                name: "clocked", driverID: "memory", addressing: .place,
                capabilities: capabilities, operations: store)
        }
        let locks = LockStoreChoice(name: "locks", origin: "`locks`") { _, _ in clocked(.all) }
        return StateRepository(
            StatePlace(
                store: clocked(world.writePath.capabilities), workspace: "",
                locks: world.writePath == .apart ? locks : nil,
                environment: (clock ?? world.clock).environment), kind: .terraform)
    }

    /// The clock is that of the store which keeps the locks.
    private var hasClock: Bool {
        world.writePath == .apart || world.writePath.capabilities.supports(Capabilities.clock)
    }

    @Test func theStoresClockDecides() throws {
        guard hasClock else { return }
        store.set("d", .seconds(100), uncertainty: .seconds(1))
        let first = try repository().lock(world.path, "a", lease: .seconds(30))
        #expect(first.lease?.duration == .seconds(30))
        #expect(first.lease?.stopAtBootNanoseconds == world.clock.now + 24_000_000_000)
        // 100 + 30 + 1 is the end, and a reading may be a second early.
        store.set("d", .seconds(132), uncertainty: .seconds(1))
        #expect(failure { try repository().lock(world.path, "b") } == "locked")
        // However far this machine's own clocks are ahead, they do not count.
        world.clock.advance(.seconds(100_000))
        #expect(failure { try repository().lock(world.path, "b") } == "locked")
        store.set("d", .seconds(132) + .nanoseconds(1), uncertainty: .seconds(1))
        let second = try repository().lock(world.path, "b")
        #expect(second.fence == first.fence + 1)
        #expect(failure { try repository().write(world.path, "x", lock: "a") } == "lockMismatch")
        #expect(
            failure { _ = try repository().renew(world.path, id: "a", nonce: first.nonce, call()) }
                == "lockMismatch")
        // Without a lease it lasts.
        store.set("d", .seconds(1_000_000))
        #expect(failure { try repository().lock(world.path, "c", lease: .seconds(1)) } == "locked")
    }

    @Test(arguments: [String?.none, "other"])
    func elsewhereAnUnchangedNonceDecides(domain: String?) throws {
        store.set("d", .seconds(100))
        let first = try repository().lock(world.path, "a", lease: .seconds(30))
        store.set(domain, .seconds(1_000_000))
        let own = TurnedClock()
        let observer = repository(own)
        #expect(failure { try observer.lock(world.path, "b") } == "locked")
        own.advance(.seconds(33))
        #expect(failure { try observer.lock(world.path, "b") } == "locked")
        store.set("d", .seconds(133))
        let renewed = try repository().renew(world.path, id: "a", nonce: first.nonce, call())
        store.set(domain, .seconds(1_000_000))
        #expect(renewed.nonce != first.nonce && renewed.fence == first.fence)
        own.advance(.seconds(20))
        #expect(failure { try observer.lock(world.path, "b") } == "locked")
        own.advance(.seconds(33) + .nanoseconds(1))
        #expect(try observer.lock(world.path, "b").fence == first.fence + 1)
        // Another process has seen nothing for long enough.
        #expect(failure { try repository(own).lock(world.path, "c") } == "locked")
    }

    @Test func aSummaryIsASightingToo() throws {
        store.set(nil)
        try repository().lock(world.path, "a", lease: .seconds(30))
        let own = TurnedClock()
        let observer = repository(own)
        _ = try observer.summary(world.path, call())
        own.advance(.seconds(34))
        #expect(try observer.lock(world.path, "b").fence == 2)
    }

    @Test func aRenewalMayBeRepeated() throws {
        store.set("d", .seconds(0))
        let states = repository()
        let first = try states.lock(world.path, "a", lease: .seconds(30))
        store.set("d", .seconds(20))
        let second = try states.renew(world.path, id: "a", nonce: first.nonce, call())
        let again = try states.renew(world.path, id: "a", nonce: first.nonce, call())
        #expect(second.fence == again.fence)
        #expect(
            failure { _ = try states.renew(world.path, id: "a", nonce: first.nonce, call()) }
                == "lockMismatch")
        store.set("d", .seconds(49))
        #expect(failure { try states.lock(world.path, "b") } == "locked")
        #expect(try states.unlock(world.path, "a") != nil)
        #expect(
            failure { _ = try states.renew(world.path, id: "a", nonce: again.nonce, call()) }
                == "notLocked")
    }

    @Test func lockingAgainRenews() throws {
        store.set("d", .seconds(0))
        let states = repository()
        let first = try states.lock(world.path, "a", lease: .seconds(30))
        store.set("d", .seconds(29))
        #expect(try states.lock(world.path, "a", lease: .seconds(30)).fence == first.fence)
        store.set("d", .seconds(40))
        #expect(failure { try states.lock(world.path, "b") } == "locked")
        store.set("d", .seconds(60))
        // Run out, but nobody took it: it is still the holder's to write under and to release.
        try states.write(world.path, state(1), lock: "a")
        #expect(failure { try states.write(world.path, state(2)) } == "locked")
        #expect(try states.unlock(world.path, "a")?.info.id == "a")
    }

    @Test(arguments: [Duration.zero, .milliseconds(-5), .milliseconds(9), .seconds(86_401)])
    func aLeaseOutOfRangeIsRefused(lease: Duration) throws {
        #expect(failure { try repository().lock(world.path, "a", lease: lease) } == "invalid")
        #expect(world.keys.isEmpty)
    }
}
