internal import Host

/// What a run of one operation showed, printed as the baselines print theirs.
struct Measurement {
    private var samples: [Int64] = []
    private var elapsed: Int64 = 0
    private var cpu: Int64 = 0

    /// Runs `step` `count` times to warm up, as the baselines do, and `count` times more.
    init(count: Int, _ step: (Int) throws -> Void) rethrows {
        samples.reserveCapacity(count)
        for number in 0..<count { try step(number) }
        let started = Monotonic.now
        for number in 0..<count {
            let before = Monotonic.now
            try step(number)
            samples.append(Monotonic.now - before)
        }
        elapsed = Monotonic.now - started
    }

    /// A measurement of several writers at once, of which only the rate counts.
    init(count: Int, elapsed: Int64, cpu: Int64 = 0) {
        samples = [elapsed / Int64(max(1, count))]
        self.elapsed = elapsed
        self.cpu = cpu
        repeats = count
    }

    private var repeats: Int?

    /// One line of JSON.
    var json: String {
        let sorted = samples.sorted()
        let count = Double(repeats ?? samples.count)
        let rate = count * 1e9 / Double(max(1, elapsed))
        return "{\"median_us\": \(microseconds(sorted[sorted.count / 2])), "
            + "\"p99_us\": \(microseconds(sorted[sorted.count * 99 / 100])), \"rate\": \(rate), "
            + "\"cpu_us\": \(Double(cpu) / 1000 / count), "
            + "\"peak_kib\": \(ProcessFigures.peakKibibytes)}"
    }

    private func microseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1000 }
}
