public import Glibc

/// A lock that sleeps at once where another thread holds it.
///
/// `Synchronization.Mutex` spins first, which costs more than it saves where many threads share few
/// processors and each holds the lock for a moment only.
@safe public final class PlainLock: @unchecked Sendable {
    // SAFETY: the pointer never changes, and what it points at is made for many threads.
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// Makes a lock.
    public init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the lock held.
    ///
    /// - Parameter body: Something short.
    /// - Returns: What `body` returns.
    @inlinable public func withLock<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }
}
