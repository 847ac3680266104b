internal import Glibc

/// How many files the process may have open.
enum FileLimit {
    /// What stays for stores, libraries and logs.
    private static let reserve: UInt64 = 128

    /// Raises the limit as far as the system lets it, and says how many connections fit.
    ///
    /// Accepting beyond it would fail for everyone, with an error instead of a wait.
    static func connections(atMost wanted: Int) -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return wanted }
        let needed = UInt64(wanted) + reserve
        if limit.rlim_cur < needed {
            limit.rlim_cur = min(limit.rlim_max, rlim_t(needed))
            unsafe setrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
            unsafe getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
        }
        let fitting = UInt64(limit.rlim_cur) > reserve ? UInt64(limit.rlim_cur) - reserve : 1
        return Int(min(UInt64(wanted), fitting))
    }
}
