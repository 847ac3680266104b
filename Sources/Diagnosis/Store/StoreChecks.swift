/// What is looked at in an open store.
enum StoreChecks {
    /// All checks, in their order: each may build on what those before it left.
    static let all = [
        capabilities, identity, list, write, read, found, absent, version, delete, clock, pingTime,
        putTime, getTime, policy,
    ]

    /// The checks that are made, and those that are left out because nothing may be changed.
    static func chosen(isReadOnly: Bool) -> (made: [Check<StoreBench>], left: [Check<StoreBench>]) {
        (all.filter { !isReadOnly || !$0.writes }, all.filter { isReadOnly && $0.writes })
    }
}
