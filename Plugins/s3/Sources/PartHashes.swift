internal import Glibc
internal import SharedAWS
internal import SharedDatabase
internal import Synchronization

/// Hashes parts for their signatures while others are being sent, on threads of its own.
///
/// A hash costs more than sending the part over a fast network. All uploads of the process together have
/// few such threads; an upload that gets none hashes its parts itself.
final class PartHashes {
    /// The most threads of one upload.
    private static let threadCount = 2
    /// The most threads of the process.
    private static let totalCount = 6
    private static let running = Atomic(0)

    private let work = Monitor(HashWork())
    private var threads: [pthread_t] = []

    deinit { end() }

    /// Begins to hash a part.
    func start(_ part: Part) {
        if threads.isEmpty { startThreads() }
        let (number, bytes) = (part.number, part.bytes)
        guard !threads.isEmpty else { return work.withLock { $0.done[number] = hash(bytes) } }
        work.change { $0.waiting.append((number, bytes)) }
    }

    /// The hash of a part that was started; `nil` while it is not there.
    func take(_ part: Part) -> String? {
        work.withLock { $0.done.removeValue(forKey: part.number) }
    }

    /// Waits for the hash of a part that was started.
    func wait(for part: Part) -> String {
        work.wait(deadline: .max) { $0.done.removeValue(forKey: part.number) }
    }

    /// Ends the threads; what they have not begun stays undone.
    func end() {
        work.change { work in
            work.isOver = true
            work.waiting = []
        }
        for thread in threads { pthread_join(thread, nil) }
        Self.running.subtract(threads.count, ordering: .relaxed)
        threads = []
    }

    private func startThreads() {
        while threads.count < Self.threadCount {
            let count = Self.running.add(1, ordering: .relaxed).newValue
            guard count <= Self.totalCount, let thread = startThread(work) else {
                Self.running.subtract(1, ordering: .relaxed)
                return
            }
            threads.append(thread)
        }
    }
}

/// What is to be hashed, and the hashes.
private struct HashWork: Sendable {
    var waiting: [(number: Int, bytes: [UInt8])] = []
    var done: [Int: String] = [:]
    var isOver = false

    /// What a thread does next; `nil` while there is nothing.
    mutating func next() -> HashStep? {
        if isOver { return .end }
        if waiting.isEmpty { return nil }
        let (number, bytes) = waiting.removeFirst()
        return .hash(number, bytes)
    }
}

/// What a thread does next.
private enum HashStep: Sendable {
    case hash(_ number: Int, _ bytes: [UInt8])
    case end
}

private func hash(_ bytes: [UInt8]) -> String { Digest.hexadecimal(Digest.sha256(bytes)) }

private func run(_ work: Monitor<HashWork>) {
    while case .hash(let number, let bytes) = work.wait(deadline: .max, { $0.next() }) {
        let hash = hash(bytes)
        work.change { $0.done[number] = hash }
    }
}

/// Starts a thread; `nil` when the system has no more.
private func startThread(_ work: Monitor<HashWork>) -> pthread_t? {
    // Signals are for the host's threads, and a new thread has its maker's mask.
    var all = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let context = unsafe Unmanaged.passRetained(work).toOpaque()
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread, nil,
        { context in
            guard let context = unsafe context else { return nil }
            run(unsafe Unmanaged<Monitor<HashWork>>.fromOpaque(context).takeRetainedValue())
            return nil
        }, context)
    if status == 0 { return thread }
    unsafe Unmanaged<Monitor<HashWork>>.fromOpaque(context).release()
    return nil
}
