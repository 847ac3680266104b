/// How many jobs may run at once, of each kind.
struct PoolLimits {
    /// Threads in all.
    let threads: Int
    /// Jobs that are not of the control lane.
    let shared: Int
    /// Jobs of the write lane.
    let write: Int
    /// Jobs of the bulk lane.
    let bulk: Int
    /// Jobs of these two lanes together: fewer than one store may have, so that it can still be read.
    let slow: Int
    /// Jobs of one store that are not of the control lane; one more is left for that lane.
    let store: Int
    /// Jobs of the normal lane that get a thread at once.
    ///
    /// Those that come while so many run wait for one of these threads, because waking one more than
    /// there are processors makes all slower.
    let eager: Int
    /// How long such a job waits before it gets a thread of its own after all: those that run may be
    /// waiting for their store.
    let patienceNanoseconds: Int64 = 500_000
    /// Threads that may stand in for stuck ones.
    let replacements: Int
    /// Jobs that may wait.
    let queued = 4096

    static let reservedForControl = 2

    init(threads: Int, cores: Int) {
        eager = max(2, cores)
        self.threads = max(threads, Self.reservedForControl + 2)
        shared = self.threads - Self.reservedForControl
        write = max(1, shared / 2)
        bulk = max(1, shared / 2)
        slow = max(1, shared * 5 / 8)
        store = max(1, shared * 3 / 4)
        replacements = self.threads
    }
}

/// What the pool's lock guards: who runs, who waits, who is idle.
///
/// Decides, and does nothing else.
struct PoolState {
    private struct Load {
        var control = 0
        var other = 0
        var total: Int { control + other }
    }

    let limits: PoolLimits
    private var control = PoolQueue()
    private var normal = PoolQueue()
    private var write = PoolQueue()
    private var bulk = PoolQueue()
    private var runningControl = 0
    private var runningNormal = 0
    private var runningWrite = 0
    private var runningBulk = 0
    private var loads: [UInt64: Load] = [:]
    private var lastSequence: UInt64 = 0
    private var unsettled: [UInt64: PoolJob] = [:]
    private(set) var stuck = 0
    private(set) var replaced = 0
    /// Workers without a job, the most recently used last: its memory is still in the caches.
    private(set) var idle: [PoolWorker] = []
    /// Threads that exist.
    private(set) var threads = 0
    /// When the watchdog looks next.
    var nextCheckNanoseconds: Int64 = .max
    var isStopped = false

    init(limits: PoolLimits) { self.limits = limits }

    var queued: Int { control.count + normal.count + write.count + bulk.count }
    var running: Int { runningControl + runningOther }
    private var runningOther: Int { runningNormal + runningWrite + runningBulk }
    private var threadLimit: Int { limits.threads + replaced }

    // MARK: - Jobs

    mutating func enqueue(_ job: PoolJob) {
        lastSequence += 1
        job.sequence = lastSequence
        job.queuedNanoseconds = Monotonic.now
        unsettled[job.sequence] = job
        switch job.lane {
        case .control: control.append(job)
        case .normal: normal.append(job)
        case .write: write.append(job)
        case .bulk: bulk.append(job)
        }
    }

    /// Takes the next job that may run; `nil` when none may.
    private mutating func takeNext(graceNanoseconds: Int64) -> PoolJob? {
        guard let job = nextControl() ?? nextOther() else { return nil }
        switch job.lane {
        case .control: control.removeHead(of: job.storeID)
        case .normal: normal.removeHead(of: job.storeID)
        case .write: write.removeHead(of: job.storeID)
        case .bulk: bulk.removeHead(of: job.storeID)
        }
        job.phase = .running
        let grace = max(graceNanoseconds, job.store?.grace.nanoseconds ?? 0)
        let (drop, overflow) = job.call.deadlineNanoseconds.addingReportingOverflow(grace)
        job.dropNanoseconds = overflow ? .max : drop
        count(job, 1)
        countLoad(job, 1)
        return job
    }

    private func nextControl() -> PoolJob? {
        guard running < threadLimit else { return nil }
        return control.first { mayRun($0, control: true) }
    }

    private mutating func nextOther() -> PoolJob? {
        guard running < threadLimit, runningOther < limits.shared else { return nil }
        var heads = [nextNormal()]
        if runningWrite + runningBulk < limits.slow {
            if runningWrite < limits.write {
                heads.append(write.first { mayRun($0, control: false) })
            }
            if runningBulk < limits.bulk { heads.append(bulk.first { mayRun($0, control: false) }) }
        }
        return heads.compactMap(\.self).min { $0.sequence < $1.sequence }
    }

    private mutating func nextNormal() -> PoolJob? {
        guard let head = normal.first(where: { mayRun($0, control: false) }) else { return nil }
        guard runningNormal >= limits.eager else { return head }
        let due = head.queuedNanoseconds + limits.patienceNanoseconds
        guard due > Monotonic.now else { return head }
        nextCheckNanoseconds = min(nextCheckNanoseconds, due)
        return nil
    }

    private func mayRun(_ store: UInt64, control: Bool) -> Bool {
        // Jobs without a store are the host's own and not limited as one.
        guard store != 0, let load = loads[store] else { return true }
        return load.total <= limits.store && (control || load.other < limits.store)
    }

    private mutating func count(_ job: PoolJob, _ change: Int) {
        switch job.lane {
        case .control: runningControl += change
        case .normal: runningNormal += change
        case .write: runningWrite += change
        case .bulk: runningBulk += change
        }
    }

    private mutating func countLoad(_ job: PoolJob, _ change: Int) {
        if job.lane == .control {
            loads[job.storeID, default: Load()].control += change
        } else {
            loads[job.storeID, default: Load()].other += change
        }
        if loads[job.storeID]?.total == 0 { loads[job.storeID] = nil }
    }

    /// A job came back from its thread.
    mutating func finish(_ job: PoolJob) {
        unsettled[job.sequence] = nil
        job.phase = .settled
        countLoad(job, -1)
        if job.isStuck { stuck -= 1 }
        if job.isReplaced { replaced -= 1 } else { count(job, -1) }
    }

    /// Lets a running job's caller go.
    ///
    /// Its store stays charged with it, its lane does not, as long
    /// as a replacement is to be had.
    mutating func markStuck(_ job: PoolJob) {
        job.isStuck = true
        stuck += 1
        unsettled[job.sequence] = nil
        guard replaced < limits.replacements else { return }
        job.isReplaced = true
        replaced += 1
        count(job, -1)
    }

    /// Takes a waiting job out; `false` when it does not wait any more.
    mutating func withdraw(_ job: PoolJob) -> Bool {
        guard job.phase == .queued else { return false }
        job.phase = .settled
        unsettled[job.sequence] = nil
        removeSettled()
        return true
    }

    /// Takes out what is due: waiting jobs past their deadline, running ones past their grace.
    mutating func takeDue(_ now: Int64) -> (expired: [PoolJob], stuck: [PoolJob]) {
        var expired: [PoolJob] = []
        var overstayed: [PoolJob] = []
        for job in unsettled.values where job.checkNanoseconds <= now {
            if job.phase == .queued { expired.append(job) } else { overstayed.append(job) }
        }
        for job in expired {
            job.phase = .settled
            unsettled[job.sequence] = nil
        }
        if !expired.isEmpty { removeSettled() }
        for job in overstayed { markStuck(job) }
        nextCheckNanoseconds = unsettled.values.lazy.map(\.checkNanoseconds).min() ?? .max
        return (expired, overstayed)
    }

    /// Every waiting job, taken out.
    mutating func takeQueued() -> [PoolJob] {
        let jobs = unsettled.values.filter { $0.phase == .queued }
        for job in jobs {
            job.phase = .settled
            unsettled[job.sequence] = nil
        }
        removeSettled()
        return jobs
    }

    private mutating func removeSettled() {
        control.removeAll { $0.phase == .settled }
        normal.removeAll { $0.phase == .settled }
        write.removeAll { $0.phase == .settled }
        bulk.removeAll { $0.phase == .settled }
    }

    // MARK: - Workers

    /// Gives jobs to idle workers, and to new ones while there may be more.
    mutating func dispatch(graceNanoseconds: Int64) -> [(worker: PoolWorker, job: PoolJob)] {
        var assigned: [(worker: PoolWorker, job: PoolJob)] = []
        while !isStopped, !idle.isEmpty || threads < threadLimit,
            let job = takeNext(graceNanoseconds: graceNanoseconds)
        {
            nextCheckNanoseconds = min(nextCheckNanoseconds, job.checkNanoseconds)
            if let worker = idle.popLast() {
                assigned.append((worker, job))
            } else {
                threads += 1
                assigned.append((PoolWorker(), job))
            }
        }
        return assigned
    }

    /// A worker has nothing to do; `false` when it is one too many and ends.
    mutating func park(_ worker: PoolWorker) -> Bool {
        guard !isStopped, threads <= threadLimit else {
            threads -= 1
            return false
        }
        idle.append(worker)
        return true
    }

    /// A thread could not be made.
    mutating func threadFailed() { threads -= 1 }

    /// The idle workers, taken out.
    mutating func takeIdle() -> [PoolWorker] {
        defer { idle = [] }
        threads -= idle.count
        return idle
    }
}
