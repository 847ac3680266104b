internal import HoldfastDriver

extension PostgresStore: WatchableStore {
    func watch(_ request: WatchRequest, _ call: Call) throws(DriverError) -> [UInt8] {
        // Every write of the store moves a counter, so that the scope does not matter: a wake for a change
        // elsewhere is allowed, and looking at one sum costs the same for any scope.
        let now = try watchers.look(call)
        if request.cursor != now { return now }
        return try watchers.wait(beyond: now, call)
    }

    /// Tells the watchers of other stores, and then those of this one, that something was committed.
    ///
    /// - Parameters:
    ///   - isWatched: Whether the write saw that somebody watches.
    ///   - call: The call that wrote; its own work is done, so that a failure here is not its failure.
    func announce(_ isWatched: Bool, _ call: Call) {
        guard isWatched, !call.isOver else { return }
        _ = try? pool.run([Step(statements.announce)], call, "")
    }
}
