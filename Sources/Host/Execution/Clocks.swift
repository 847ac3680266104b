internal import Glibc

/// `CLOCK_MONOTONIC`: for deadlines in this process.
package enum Monotonic {
    /// The time now, in nanoseconds.
    package static var now: Int64 { nanoseconds(of: CLOCK_MONOTONIC) }

    /// The time after `duration`, in nanoseconds; `Int64.max` when that is beyond all clocks.
    package static func now(plus duration: Duration) -> Int64 {
        let (sum, overflow) = now.addingReportingOverflow(duration.nanoseconds)
        return overflow ? .max : sum
    }
}

/// `CLOCK_BOOTTIME`: for leases, because it also counts while the machine sleeps.
package enum BootTime {
    /// The time now, in nanoseconds.
    package static var now: Int64 { nanoseconds(of: CLOCK_BOOTTIME) }
}

/// `CLOCK_REALTIME`: for what people read, never for a decision.
package enum WallClock {
    /// Nanoseconds since 1970 UTC.
    package static var now: Int64 { nanoseconds(of: CLOCK_REALTIME) }
}

private func nanoseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

extension Duration {
    /// The whole nanoseconds of this duration, at most `Int64.max`.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (high, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = high.addingReportingOverflow(attoseconds / 1_000_000_000)
        return sumOverflow ? .max : sum
    }
}
