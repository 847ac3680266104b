import Dispatch
import Host
import State
import Synchronization
import TestSupport
import Testing

/// A store, a clock that tests turn and the repositories over them.
final class World: Sendable {
    /// The memory behind the store, unless the world was made over another one.
    let memory = MemoryStore()
    let clock = TurnedClock()
    let path: StatePath
    /// How small bodies get into the store in memory.
    let writePath = WritePath.current
    private let stores: [Store]
    private let locks: LockStoreChoice?
    private let recordsWorkspace: String
    private let turn = Atomic(0)

    init(_ path: String = "shop/prod/terraform.tfstate", over stores: [Store] = []) throws {
        self.path = try StatePath(path)
        self.stores = stores.isEmpty ? writePath.stores(memory) : stores
        locks = stores.isEmpty ? writePath.locks(memory) : nil
        recordsWorkspace = stores.isEmpty ? writePath.recordsWorkspace : ""
        // Stores are paired once, as by an earlier process, so that faults and pauses are counted from the
        // first call of a test.
        if locks != nil { try place().prepare(call()) }
    }

    /// The stores in turn: what one writes, another reads.
    var store: Store {
        stores[turn.wrappingAdd(1, ordering: .relaxed).oldValue % stores.count]
    }

    /// A repository of its own, as another process has.
    func repository(_ kind: StateKind = .terraform) -> StateRepository {
        StateRepository(place(), kind: kind)
    }

    /// The way to the records that such a repository has.
    func place(_ store: Store? = nil) -> StatePlace {
        StatePlace(
            store: store ?? self.store, workspace: "", locks: locks, environment: clock.environment)
    }

    func key(_ collection: String, _ path: String? = nil) -> ObjectKey {
        ObjectKey(
            collection: collection,
            workspace: collection.hasSuffix("-records") ? recordsWorkspace : "",
            path: path ?? self.path.description)
    }

    /// Puts bytes in the legible place, as another tool does.
    func put(copy: String, attributes: [String: String] = [:]) throws {
        _ = try store.put(
            key("terraform"), Array(copy.utf8), condition: .none, attributes: attributes, call())
    }

    /// The keys of all objects but those by which the store is paired with that of its locks.
    var keys: [ObjectKey] { memory.keys.filter { $0.collection != "pairings" } }

    /// What is in the legible place.
    var copyBytes: [UInt8]? {
        (try? store.read(key("terraform"), maxByteCount: 64 << 20, call()))?.bytes
    }

    var copy: String? { copyBytes.map { String(decoding: $0, as: UTF8.self) } }

    /// The ids of all versions in the store, committed or not.
    func storedVersions() -> [String] {
        let listing = Listing(
            collection: "terraform-versions", prefix: "\(path)/@", limit: 1000)
        let entries = (try? store.list(listing, call())) ?? []
        return entries.map { String($0.path.dropFirst(path.description.count + 2)) }
    }

    /// The record as JSON.
    func record() throws -> JSONObject {
        let bytes = try #require(memory.bytes(of: key("terraform-records")))
        return try #require(try JSONValue(parsing: bytes).members)
    }

    /// Everything that must hold of a state at rest after a repair: the copy shows the current
    /// version, every version is there, and nothing else is.
    func expectTidy(_ comment: Comment? = nil) throws {
        let repository = repository()
        clock.advance(.seconds(7200))
        _ = try repository.repair(path, call())
        #expect(
            try !repository.repair(path, call()), "a second repair finds work: \(comment ?? "")")
        let versions = try repository.versions(path, call())
        let adopted = versions.first?.id == StateVersion.adoptedID
        let names = Set(storedVersions().map { $0.replacing(".meta", with: "") })
        #expect(names == (adopted ? [] : Set(versions.map { $0.id })), comment)
        for version in versions {
            let bytes = try repository.bytes(path, version: version.id)
            #expect(bytes != nil && UInt64(bytes?.count ?? 0) == version.byteCount, comment)
        }
        if !adopted {
            let current = try repository.summary(path, call())?.current
            #expect((copy != nil) == (current != nil), comment)
            #expect(try repository.bytes(path) == copyBytes, comment)
        }
    }
}

/// Clocks and randomness that tests decide.
final class TurnedClock: Sendable {
    // From now on, because the store in memory stamps its objects with the real time.
    private let nanoseconds = Mutex<Int64>(WallClock.now)

    var now: Int64 { nanoseconds.withLock { $0 } }

    func advance(_ duration: Duration) {
        nanoseconds.withLock { $0 += Int64(duration / .nanoseconds(1)) }
    }

    var environment: StateEnvironment {
        StateEnvironment(
            randomBytes: { count in
                var generator = SystemRandomNumberGenerator()
                return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            },
            wallClock: { self.now }, bootClock: { self.now })
    }
}

func call() -> Call { Call(timeout: .seconds(60)) }

func info(_ id: String, who: String = "me@here") throws -> LockInfo {
    try LockInfo(id: id, operation: "OperationTypeApply", who: who, created: "")
}

/// A Terraform state with `serial`.
func state(_ serial: Int, lineage: String = "l-1", padding: Int = 0) -> String {
    "{\"version\":4,\"terraform_version\":\"1.11.4\",\"serial\":\(serial),\"lineage\":\"\(lineage)\","
        + "\"resources\":[],\"padding\":\"\(String(repeating: "x", count: padding))\"}"
}

extension StateRepository {
    /// Writes a text.
    @discardableResult
    func write(
        _ path: StatePath, _ text: String, lock: String? = nil, keep: Bool = true
    ) throws(StateError) -> StateVersion {
        try write(
            path, from: MemorySource(Array(text.utf8)),
            WriteRequest(lockID: lock, writer: "test", keepRefused: keep), call())
    }

    /// The bytes of a state or one of its versions.
    func bytes(_ path: StatePath, version: String? = nil) throws(StateError) -> [UInt8]? {
        var bytes: [UInt8] = []
        let found = try read(
            path, version: version, call(), begin: { _ in },
            body: { (piece) throws(StateError) in bytes.append(contentsOf: piece) })
        return found == nil ? nil : bytes
    }

    /// The text of a state or one of its versions.
    func text(_ path: StatePath, version: String? = nil) throws(StateError) -> String? {
        try bytes(path, version: version).map { String(decoding: $0, as: UTF8.self) }
    }

    @discardableResult
    func lock(_ path: StatePath, _ id: String, lease: Duration? = nil) throws -> HeldLock {
        try lock(path, info(id), lease: lease, call())
    }

    @discardableResult
    func unlock(_ path: StatePath, _ id: String) throws -> HeldLock? {
        try unlock(path, .id(id), call())
    }
}

extension StateError {
    /// The class of the failure in one word.
    var word: String {
        switch code {
        case .invalid: "invalid"
        case .notFound: "notFound"
        case .locked: "locked"
        case .lockMismatch: "lockMismatch"
        case .notLocked: "notLocked"
        case .conflict: "conflict"
        case .integrity: "integrity"
        case .newerFormat: "newerFormat"
        case .tooLarge: "tooLarge"
        case .checksumMismatch: "checksumMismatch"
        case .host(let code): "host.\(code)"
        }
    }
}

/// The class of the error that `body` throws; empty when it throws none.
func failure(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch let error as StateError {
        return error.word
    } catch {
        return "\(error)"
    }
}

/// A source whose bytes come in pieces and may break off.
final class PieceSource: ByteSource {
    let length: UInt64?
    private var rest: ArraySlice<UInt8>
    private let piece: Int
    private let breaksOff: Bool

    init(_ bytes: [UInt8], length: UInt64?, piece: Int = 1000, breaksOff: Bool = false) {
        self.length = length
        rest = bytes[...]
        self.piece = piece
        self.breaksOff = breaksOff
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
        if rest.isEmpty, breaksOff { throw HostError(.source, "the client went away") }
        let count = min(rest.count, buffer.count, piece)
        buffer.copyBytes(from: rest.prefix(count))
        rest = rest.dropFirst(count)
        return count
    }
}

/// Stops the first operation that a test names, until the test lets it go on.
final class Pause: Sendable {
    private let reached = DispatchSemaphore(value: 0)
    private let go = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)
    private let countdown: Mutex<Int>

    /// Arms the pause for the `ordinal`-th call of `operation` on `key`; a commit counts as a put.
    init(
        _ memory: MemoryStore, before operation: MemoryStore.Operation, of key: ObjectKey,
        ordinal: Int = 1
    ) {
        countdown = Mutex(ordinal)
        memory.onOperation { [self] seen, seenKey in
            guard seen == operation || (seen == .commit && operation == .put), seenKey == key
            else { return }
            let isDue = countdown.withLock { count in
                count -= 1
                return count == 0
            }
            guard isDue else { return }
            reached.signal()
            go.wait()
        }
    }

    /// Starts `body` on a thread of its own and returns when it has come to the pause.
    func start(_ body: @escaping @Sendable () -> Void) {
        DispatchQueue.global().async {
            body()
            self.finished.signal()
        }
        reached.wait()
    }

    /// Lets it go on and waits for its end.
    func resume() {
        go.signal()
        finished.wait()
    }
}

/// What a thread hands back.
final class Box<Value: Sendable>: Sendable {
    private let content = Mutex<Value?>(nil)
    var value: Value? {
        get { content.withLock { $0 } }
        set { content.withLock { $0 = newValue } }
    }
}
