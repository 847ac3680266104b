// The checks of commits and watches.

extension CheckTable {
    static let transaction = [
        Check(
            "transaction.declared", .transaction,
            "the capability and the table say the same, and a commit works",
            TransactionChecks.declared),
        Check(
            "transaction.all-or-nothing", .transaction,
            "a commit whose change fails, in any place for any condition, changes nothing and names it",
            TransactionChecks.allOrNothing),
        Check(
            "transaction.conditions-hold", .transaction,
            "a commit whose conditions all hold makes all its changes",
            TransactionChecks.conditionsHold),
        Check(
            "transaction.plain-calls", .transaction,
            "commits and plain calls see each other's objects, versions and attributes",
            TransactionChecks.plainCalls),
        Check(
            "transaction.new-versions", .transaction,
            "each commit gives each object a version that it never had",
            TransactionChecks.newVersions),
        Check(
            "transaction.sizes", .transaction,
            "objects of no bytes, few and many are put in one commit", TransactionChecks.sizes),
        Check(
            "transaction.limit", .transaction,
            "a commit of as many changes as the limit works, one more is HOLDFAST_TOO_LARGE",
            TransactionChecks.limit),
        Check(
            "transaction.unknown-kind", .transaction,
            "changes and conditions of an unknown kind are HOLDFAST_UNSUPPORTED",
            TransactionChecks.unknownKind),
        Check(
            "transaction.source-fails", .transaction,
            "a commit one of whose sources fails changes nothing",
            TransactionStreamChecks.sourceFails),
        Check(
            "transaction.slow-source", .transaction,
            "other writes go on while a commit waits for a source",
            TransactionStreamChecks.slowSource),
        Check(
            "transaction.over", .transaction,
            "a commit that is cancelled or late ends in time and changes nothing",
            TransactionStreamChecks.over),
        Check(
            "transaction.never-mixed", .transaction,
            "who reads while commits are made never sees a part of one", seconds: 120,
            TransactionRaceChecks.neverMixed),
        Check(
            "transaction.one-wins", .transaction,
            "of commits under the same versions exactly one succeeds", seconds: 120,
            TransactionRaceChecks.oneWins),
        Check(
            "transaction.bank", .transaction,
            "transfers between accounts neither lose nor make money", seconds: 120,
            TransactionRaceChecks.bank),
        Check(
            "transaction.killed", .transaction,
            "a process that is killed in a commit leaves all of it or nothing", seconds: 120,
            TransactionStreamChecks.killed),
    ]

    static let watch = [
        Check(
            "watch.declared", .watch, "the capability and the table say the same",
            WatchChecks.declared),
        Check(
            "watch.first", .watch, "a watch without a cursor gives one at once", WatchChecks.first),
        Check(
            "watch.missed", .watch, "a change that was made while nobody watched is told at once",
            seconds: 120, WatchChecks.missed),
        Check(
            "watch.wakes", .watch, "a change wakes a watch that waits", seconds: 120,
            WatchChecks.wakes),
        Check(
            "watch.elsewhere", .watch, "changes by other processes wake a watch", seconds: 120,
            WatchChecks.elsewhere),
        Check(
            "watch.scope", .watch, "no change inside the scope is missed", seconds: 120,
            WatchChecks.scope),
        Check(
            "watch.unknown-cursor", .watch, "a cursor that is not known ends a watch at once",
            seconds: 120, WatchChecks.unknownCursor),
        Check(
            "watch.deadline", .watch,
            "a watch ends at its deadline with HOLDFAST_DEADLINE, and its cursor stays good",
            WatchChecks.deadline),
        Check(
            "watch.cancelled", .watch, "a watch ends when it is cancelled", WatchChecks.cancelled),
        Check(
            "watch.quiet", .watch, "where nothing changes, watches wait", WatchChecks.quiet),
        Check(
            "watch.beside", .watch, "watches do not keep other calls from going on", seconds: 120,
            WatchChecks.beside),
    ]
}
