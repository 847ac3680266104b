// The checks that take several processes, or a system that has no more to give.

extension CheckTable {
    static let history = [
        Check(
            "history.contended", .cas,
            "clients that fight for objects get answers that one order of their calls explains",
            seconds: 120, HistoryChecks.contended),
        Check(
            "history.counter", .cas, "no increment by compare-and-swap is lost or counted twice",
            seconds: 120, HistoryChecks.counter),
        Check(
            "history.aba", .cas,
            "an object that another client changed and changed back looks changed",
            HistoryChecks.sameAgain),
    ]

    static let robustness = [
        Check(
            "robustness.kill-in-put", .core,
            "a put whose process is killed while its source is read leaves what was there",
            seconds: 120, KillChecks.whileReading),
        Check(
            "robustness.kill-acknowledged", .core,
            "what was acknowledged is there after the process was killed",
            seconds: 120, KillChecks.acknowledged),
        Check(
            "robustness.kill-any-moment", .core,
            "a process that is killed at any moment loses nothing acknowledged and tears nothing",
            seconds: 120, KillChecks.anyMoment),
        Check(
            "robustness.memory", .core,
            "a write that lacks memory fails as a whole and says so, or its process ends",
            seconds: 120, ShortageChecks.memory),
        Check(
            "robustness.file-size", .core,
            "a write over the limit of a file's size fails as a whole and says so",
            seconds: 120, ShortageChecks.fileSize),
        Check(
            "robustness.disk-full", .core, "a write on a full disk fails as a whole and says so",
            seconds: 120, ShortageChecks.diskFull),
        Check(
            "robustness.read-only", .core,
            "on a disk that cannot be written, writes fail and nothing is lost",
            ShortageChecks.readOnly),
        Check(
            "robustness.signals", .core, "signals that interrupt system calls change nothing",
            SignalChecks.storm),
    ]
}
