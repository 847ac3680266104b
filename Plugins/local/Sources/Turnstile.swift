internal import CLocal
internal import Glibc
internal import HoldfastDriver

/// Lets one thread at a time through each of 256 gates, in the order in which they came.
@safe final class Turnstile: @unchecked Sendable {
    // SAFETY: `lines` and `tickets` are only touched while `mutex` is held; the two pointers are
    // constant and freed when no thread can hold them any more.
    private var lines: [UInt8: [UInt64]] = [:]
    private var tickets: UInt64 = 0
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let moved = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(moved, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(moved)
        unsafe pthread_mutex_destroy(mutex)
        unsafe moved.deallocate()
        unsafe mutex.deallocate()
    }

    /// Waits until this thread is the first in a gate's line.
    ///
    /// - Returns: Whether it is; when the call was over first, the thread has left the line.
    func enter(_ gate: UInt8, _ call: Call) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        tickets += 1
        let ticket = tickets
        lines[gate, default: []].append(ticket)
        while lines[gate]?.first != ticket {
            guard !call.isOver else {
                lines[gate]?.removeAll { $0 == ticket }
                unsafe pthread_cond_broadcast(moved)
                return false
            }
            waitForMove()
        }
        return true
    }

    /// Lets the next thread in a gate's line go.
    func leave(_ gate: UInt8) {
        unsafe pthread_mutex_lock(mutex)
        lines[gate]?.removeFirst()
        if lines[gate]?.isEmpty == true { lines[gate] = nil }
        unsafe pthread_cond_broadcast(moved)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Waits for a change of any line, but not long: a cancellation wakes nobody.
    private func waitForMove() {
        _ = unsafe local_wait(moved, mutex, monotonicNanoseconds() + 20_000_000)
    }
}
