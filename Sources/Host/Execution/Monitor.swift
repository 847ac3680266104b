internal import Glibc

/// A mutex with one condition variable whose waits end by `CLOCK_MONOTONIC`.
///
/// The standard library has no condition variable, and a wait that ends by the wall clock would
/// jump with it.
// SAFETY: the pointers never change after `init`, and what they point to is made for many threads.
@safe final class Monitor: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe condition = .allocate(capacity: 1)
        unsafe condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe condition.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` while no other thread does.
    func withLock<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Inside ``withLock(_:)``: lets others in until woken or until the deadline.
    ///
    /// - Returns: `false` when the deadline passed. It may return early, so check again.
    func wait(until deadlineNanoseconds: Int64 = .max) -> Bool {
        guard deadlineNanoseconds != .max else {
            return unsafe pthread_cond_wait(condition, mutex) == 0
        }
        let positive = max(0, deadlineNanoseconds)
        var time = timespec(
            tv_sec: Int(positive / 1_000_000_000), tv_nsec: Int(positive % 1_000_000_000))
        return unsafe pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
    }

    /// Wakes one waiting thread.
    func signal() { unsafe pthread_cond_signal(condition) }

    /// Wakes every waiting thread.
    func broadcast() { unsafe pthread_cond_broadcast(condition) }
}
