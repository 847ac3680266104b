internal import Glibc

/// What this process has used so far.
enum ProcessFigures {
    /// The processor time of all threads, in nanoseconds.
    static var cpuNanoseconds: Int64 {
        let usage = usage
        return [usage.ru_utime, usage.ru_stime].reduce(0) { sum, time in
            sum + Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_usec) * 1000
        }
    }

    /// The most memory that it ever had, in KiB.
    static var peakKibibytes: Int { usage.ru_maxrss }

    /// The threads that there are at this moment.
    static var threadCount: Int {
        guard let folder = unsafe opendir("/proc/self/task") else { return 0 }
        defer { unsafe closedir(folder) }
        var count = 0
        while let entry = unsafe readdir(folder) {
            if unsafe entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        return count
    }

    private static var usage: rusage {
        var usage = rusage()
        _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage
    }
}
