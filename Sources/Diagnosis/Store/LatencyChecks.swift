internal import Host
internal import State

extension StoreChecks {
    /// How long the store takes to say that it is there.
    static let pingTime = Check<StoreBench>("latency.ping", "time of a ping") {
        bench, call throws(HostError) in
        try Latency.measure { _ throws(HostError) in _ = try bench.store.ping(call) }
    }

    /// How long a small write takes.
    static let putTime = Check<StoreBench>("latency.put", "time to write 4 KiB", writes: true) {
        bench, call throws(HostError) in
        guard bench.hasWritten else { return .nothingToLookAt }
        let bytes = StoreBench.bytes()
        // Some services take but one write a second of one object.
        return try Latency.measure { index throws(HostError) in
            _ = try bench.put(bench.key("time-\(index)"), bytes, .none, call)
        }
    }

    /// How long a small read takes.
    static let getTime = Check<StoreBench>("latency.get", "time to read 4 KiB", writes: true) {
        bench, call throws(HostError) in
        guard bench.hasWritten else { return .nothingToLookAt }
        return try Latency.measure { index throws(HostError) in
            _ = try bench.store.read(
                bench.key("time-\(index)"), maxByteCount: StoreBench.byteCount, call)
        }
    }
}

extension StoreBench {
    /// Whether an object could be made.
    fileprivate var hasWritten: Bool {
        chart.now.findings.contains { $0.id == "write" && $0.finding.verdict == .ok }
    }
}

/// The time of something that is done several times.
enum Latency {
    private static let count = 5
    /// From this median on it is worth a warning: every write of a state waits for several calls.
    private static let slowNanoseconds: Int64 = 1_000_000_000

    /// Does something several times and says how long it took.
    static func measure(_ body: (Int) throws(HostError) -> Void) throws(HostError) -> Finding {
        var times: [Int64] = []
        for index in 0..<count {
            let start = Monotonic.now
            try body(index)
            times.append(Monotonic.now - start)
        }
        return finding(times)
    }

    /// What times mean.
    static func finding(_ times: [Int64]) -> Finding {
        let sorted = times.sorted()
        let (median, worst) = (sorted[sorted.count / 2], sorted[sorted.count - 1])
        let isSlow = median > slowNanoseconds
        return Finding(
            isSlow ? .warning : .ok,
            "median \(text(median)), worst \(text(worst)) of \(times.count)",
            advice: isSlow ? "look for a nearer store, or for what slows the way to it down" : "",
            measured: [
                ("median_ms", .number(milliseconds(median))),
                ("worst_ms", .number(milliseconds(worst))), ("count", .integer(times.count)),
            ])
    }

    /// A time such as `3.2 ms`.
    static func text(_ nanoseconds: Int64) -> String { "\(milliseconds(nanoseconds)) ms" }

    private static func milliseconds(_ nanoseconds: Int64) -> String {
        let hundredths = max(0, nanoseconds) / 10_000
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
