internal import Host
internal import State

/// A counter that several processes raise, one at a time, under a lock with a short lease.
///
/// The worker never looks at its own deadline: it is the holder that was stopped, does not know it,
/// and writes late. With the fence such a write must be refused.
struct Counter {
    private let states: StateRepository
    private let store: Store
    private let path: StatePath
    private let lease: Duration
    private let isFenced: Bool

    init(_ store: Store, _ options: Options) throws(StateError) {
        self.store = store
        states = StateRepository(
            store: store, kind: .terraform, workspace: options.workspace(store))
        path = try StatePath(options.path)
        lease = .milliseconds(options.leaseMilliseconds)
        isFenced = options.isFenced
    }

    /// What became of one turn.
    enum Turn {
        case accepted(value: Int, fence: UInt64)
        case refused
        case waiting
    }

    /// Takes the lock, raises the counter by one and gives the lock back.
    func raise(thinking: () -> Void) throws(StateError) -> Turn {
        let id = String(UInt64.random(in: 1 ... .max), radix: 16)
        let held: HeldLock
        do throws(StateError) {
            let info = try LockInfo(id: id, operation: "raise", who: "lease-worker")
            held = try states.lock(path, info, lease: lease, call)
        } catch {
            guard error.isContention else { throw error }
            return .waiting
        }
        defer { _ = try? states.unlock(path, .id(id), call) }
        let value = try current() + 1
        thinking()
        do throws(StateError) {
            try write(value, lockID: id)
        } catch {
            guard error.isContention else { throw error }
            return .refused
        }
        return .accepted(value: value, fence: held.fence)
    }

    private var call: Call { Call(timeout: .seconds(30)) }

    // MARK: - The counter's bytes: a state whose serial is the count

    private func current() throws(StateError) -> Int {
        var bytes: [UInt8] = []
        if isFenced {
            _ = try unsafe states.read(
                path, call, begin: { _ in }, body: { unsafe bytes.append(contentsOf: $0) })
        } else {
            do throws(HostError) {
                bytes = try store.read(bareKey, maxByteCount: 1024, call)?.bytes ?? []
            } catch {
                throw StateError(error)
            }
        }
        let digits = bytes.drop { !isDigit($0) }.prefix(while: isDigit)
        return Int(String(decoding: digits, as: UTF8.self)) ?? 0
    }

    private func write(_ value: Int, lockID: String) throws(StateError) {
        let bytes = Array("{\"serial\":\(value)}".utf8)
        if isFenced {
            let request = WriteRequest(lockID: lockID, writer: "lease-worker", keepRefused: false)
            _ = try states.write(path, from: MemorySource(bytes), request, call)
            return
        }
        do throws(HostError) {
            _ = try store.put(bareKey, bytes, condition: .none, call)
        } catch {
            throw StateError(error)
        }
    }

    /// Beside all that State keeps: nothing there checks the lock.
    private var bareKey: ObjectKey {
        ObjectKey(
            collection: "bare-counter", workspace: states.workspace, path: path.description)
    }
}

private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

extension Options {
    /// The workspace that the front ends would use.
    func workspace(_ store: Store) -> String { store.addressing == .rows ? project : "" }
}

extension StateError {
    /// Whether another holder, and not a fault, is the reason.
    var isContention: Bool {
        switch code {
        case .locked, .lockMismatch, .notLocked, .conflict: true
        default: false
        }
    }
}
