internal import Synchronization

/// The pool's machinery: moves jobs to threads as ``PoolState`` decides.
///
/// Apart from ``BlockingPool`` so that threads keep this alive and not the pool: the pool's end
/// ends them.
final class PoolCore: Sendable {
    private let state: Mutex<PoolState>
    private let watchdog = PoolWatchdog()
    private let graceNanoseconds: Int64

    init(limits: PoolLimits, graceNanoseconds: Int64) {
        state = Mutex(PoolState(limits: limits))
        self.graceNanoseconds = graceNanoseconds
        _ = PlainThread.start { [self] in watchdog.run { sweep() } }
    }

    var statistics: BlockingPool.Statistics {
        state.withLock {
            BlockingPool.Statistics(
                threads: $0.threads, running: $0.running, queued: $0.queued, stuck: $0.stuck)
        }
    }

    func submit(_ job: PoolJob) {
        let refusal = state.withLock { state -> HostError? in
            // Cancelled before it came here: its caller has its answer.
            guard job.phase == .queued else { return nil }
            guard !state.isStopped else { return job.error(.cancelled, "the host is stopping") }
            guard state.queued < state.limits.queued else {
                return job.error(
                    .throttled, "\(state.limits.queued) calls wait for a thread already",
                    retry: .same(after: .seconds(1)))
            }
            state.enqueue(job)
            return nil
        }
        if let refusal { return job.fail(refusal) }
        dispatch(armingFor: job)
    }

    /// Cancels a job: one that waits ends now, one that runs has the grace from now.
    func cancel(_ job: PoolJob) {
        let isWithdrawn = state.withLock { state -> Bool in
            if state.withdraw(job) { return true }
            guard job.phase == .running, !job.isStuck else { return false }
            let grace = max(graceNanoseconds, job.store?.grace.nanoseconds ?? 0)
            job.dropNanoseconds = min(
                job.dropNanoseconds, Monotonic.now(plus: .nanoseconds(grace)))
            return false
        }
        if isWithdrawn {
            job.fail(withdrawal(of: job))
        } else {
            dispatch(armingFor: job)
        }
    }

    /// Ends idle threads and fails what waits; running jobs end as they do.
    func stop() {
        let (idle, queued) = state.withLock { state in
            state.isStopped = true
            return (state.takeIdle(), state.takeQueued())
        }
        watchdog.stop()
        for worker in idle { worker.stop() }
        for job in queued { job.fail(job.error(.cancelled, "the host is stopping")) }
    }

    // MARK: - Threads

    private func dispatch(armingFor job: PoolJob?) {
        let (assigned, check) = state.withLock { state in
            let before = state.nextCheckNanoseconds
            let assigned = state.dispatch(graceNanoseconds: graceNanoseconds)
            if let job {
                state.nextCheckNanoseconds = min(state.nextCheckNanoseconds, job.checkNanoseconds)
            }
            let after = state.nextCheckNanoseconds
            return (assigned, after < before ? after : Int64.max)
        }
        if check != .max { watchdog.arm(check) }
        for (worker, job) in assigned { give(job, to: worker) }
    }

    private func give(_ job: PoolJob, to worker: PoolWorker) {
        guard !worker.hasThread else { return worker.assign(job) }
        worker.hasThread = true
        let isStarted = PlainThread.start { [self] in
            perform(job, on: worker)
            while let next = worker.next() { perform(next, on: worker) }
        }
        guard !isStarted else { return }
        state.withLock { state in
            state.finish(job)
            state.threadFailed()
        }
        job.fail(
            job.error(
                .unavailable, "the system has no thread for the call",
                advice: "raise the limit on threads", retry: .same(after: .seconds(1))))
    }

    /// Runs a job and then whatever comes to this thread without waiting.
    private func perform(_ first: PoolJob, on worker: PoolWorker) {
        var job: PoolJob? = first
        while let current = job {
            current.run()
            job = finish(current, on: worker)
        }
    }

    /// Settles the accounts of a job; the next one for this thread, if there is one already.
    private func finish(_ job: PoolJob, on worker: PoolWorker) -> PoolJob? {
        let (isParked, assigned, check) = state.withLock { state in
            state.finish(job)
            let isParked = state.park(worker)
            let before = state.nextCheckNanoseconds
            let assigned = state.dispatch(graceNanoseconds: graceNanoseconds)
            let after = state.nextCheckNanoseconds
            return (isParked, assigned, after < before ? after : Int64.max)
        }
        if check != .max { watchdog.arm(check) }
        var mine: PoolJob?
        for (other, job) in assigned {
            if other === worker { mine = job } else { give(job, to: other) }
        }
        if !isParked { worker.stop() }
        return mine
    }

    /// Lets go of every caller whose time is over; when to look next.
    private func sweep() -> Int64 {
        let now = Monotonic.now
        let (due, next) = state.withLock { state in
            let due = state.takeDue(now)
            return (due, state.nextCheckNanoseconds)
        }
        for job in due.expired { job.fail(expiry(of: job)) }
        for job in due.stuck { job.fail(stuckness(of: job)) }
        // For those that wait in the place of stuck ones, and those that have waited long enough.
        dispatch(armingFor: nil)
        return next
    }

    private func withdrawal(of job: PoolJob) -> HostError {
        job.error(.cancelled, "the call was cancelled before it began")
    }

    private func expiry(of job: PoolJob) -> HostError {
        job.error(
            .deadline, "the deadline passed while the call waited for a thread; nothing was done",
            retry: .same(after: .zero))
    }

    private func stuckness(of job: PoolJob) -> HostError {
        let wasCancelled = job.call.isCancelled
        job.call.cancel()
        // On a loaded machine its thread may not have come to it yet, and now never will.
        if job.withdraw() { return wasCancelled ? withdrawal(of: job) : expiry(of: job) }
        return job.error(
            .stuck,
            "the driver did not return in time after the deadline or cancellation: whether the "
                + "call took effect is unknown",
            advice: "look at the state before trying again; restart if the store stays stuck",
            applied: .unknown)
    }
}
