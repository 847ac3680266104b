package import Glibc
internal import HoldfastDriver

/// State behind a lock, with a way to sleep until somebody changed it.
///
/// `Synchronization.Mutex` cannot be waited on, and a driver must not bring Dispatch or Foundation.
/// Its functions are inlinable so that drivers get them for their own types of state.
@safe package final class Monitor<State>: @unchecked Sendable {
    // SAFETY: `state` is only touched while the mutex is held; the pointers never change.
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
    @usableFromInline let changed: UnsafeMutablePointer<pthread_cond_t>
    @usableFromInline var state: State

    /// The longest sleep, so that a cancellation, which wakes nobody, is seen in time.
    @usableFromInline static var longestSleepNanoseconds: Int64 { 20_000_000 }

    /// Puts a state behind a new lock.
    @inlinable package init(_ state: State) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        self.state = state
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        // Deadlines are CLOCK_MONOTONIC: a step of the wall clock must not stretch or cut a wait.
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(changed, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    @inlinable deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the lock held.
    @inlinable package func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Runs `body` with the lock held, then wakes everybody who waits.
    @inlinable package func change<Result>(_ body: (inout State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer {
            unsafe pthread_mutex_unlock(mutex)
            unsafe pthread_cond_broadcast(changed)
        }
        return body(&state)
    }

    /// Tries `step` with the lock held until it returns something, sleeping in between.
    ///
    /// - Parameters:
    ///   - deadline: When to try once more even if nobody woke this thread.
    ///   - step: Returns `nil` to go on waiting; it decides by itself when to give up.
    /// - Returns: What `step` returned.
    @inlinable package func wait<Result>(
        deadline: Int64, _ step: (inout State) -> Result?
    ) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = step(&state) { return result }
            let now = monotonicNanoseconds()
            let longest = now + Self.longestSleepNanoseconds
            // A deadline in the past must not turn the wait into a spin.
            let wake = deadline > now ? min(deadline, longest) : longest
            var time = timespec(
                tv_sec: Int(wake / 1_000_000_000), tv_nsec: Int(wake % 1_000_000_000))
            unsafe pthread_cond_timedwait(changed, mutex, &time)
        }
    }
}
