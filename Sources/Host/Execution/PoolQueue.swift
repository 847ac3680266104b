/// The waiting jobs of one lane, first come first served among the stores that may run one.
struct PoolQueue {
    private struct Line {
        var jobs: [PoolJob] = []
        var first = 0

        var head: PoolJob? { first < jobs.count ? jobs[first] : nil }

        mutating func removeHead() {
            first += 1
            // Moves what waits to the front only when that is the smaller part, so that each job
            // is moved about once.
            if first > 32, first > jobs.count / 2 {
                jobs.removeFirst(first)
                first = 0
            }
        }
    }

    private var lines: [UInt64: Line] = [:]
    /// How many jobs wait.
    private(set) var count = 0

    mutating func append(_ job: PoolJob) {
        lines[job.storeID, default: Line()].jobs.append(job)
        count += 1
    }

    /// The earliest job whose store `mayRun`.
    func first(where mayRun: (UInt64) -> Bool) -> PoolJob? {
        var earliest: PoolJob?
        for (store, line) in lines {
            guard let head = line.head, earliest.map({ head.sequence < $0.sequence }) ?? true
            else { continue }
            if mayRun(store) { earliest = head }
        }
        return earliest
    }

    /// Takes out a job that `first(where:)` returned.
    mutating func removeHead(of store: UInt64) {
        lines[store]?.removeHead()
        count -= 1
        if lines[store]?.head == nil { lines[store] = nil }
    }

    /// Takes out every job for which `isGone`.
    mutating func removeAll(where isGone: (PoolJob) -> Bool) {
        for (store, line) in lines {
            let kept = line.jobs[line.first...].filter { !isGone($0) }
            count -= line.jobs.count - line.first - kept.count
            lines[store] = kept.isEmpty ? nil : Line(jobs: kept)
        }
    }
}
