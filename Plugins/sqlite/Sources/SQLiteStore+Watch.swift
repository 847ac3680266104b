internal import HoldfastDriver
internal import Synchronization

extension SQLiteStore: WatchableStore {
    func watch(_ request: WatchRequest, _ call: Call) throws(DriverError) -> [UInt8] {
        let action = "cannot watch \(request.collection)"
        try call.check()
        try file.checkIdentity()
        try track(action, call)
        while true {
            // Before the look at the marks, so that no change falls between the two.
            let generation = watchers.generation
            try writer.transactions.checkSettled()
            let cursor = try cursor(of: request, action, call)
            // A cursor that is not known is another one, too.
            if cursor != request.cursor { return cursor }
            try watchers.wait(past: generation, action, call)
        }
    }

    private func cursor(
        of request: WatchRequest, _ action: String, _ call: Call
    ) throws(DriverError) -> [UInt8] {
        do throws(DriverError) {
            return try readers.read(action, call) { connection throws(SQLiteFailure) in
                try connection.cursor(
                    collection: request.collection, workspace: request.workspace)
            }
        } catch {
            // A file that was moved away while this waited fails in many words; these are the right ones.
            try file.checkIdentity()
            throw error
        }
    }

    /// Makes sure that changes are tracked, once in the life of the open store.
    private func track(_ action: String, _ call: Call) throws(DriverError) {
        guard !isTracking.load(ordering: .acquiring) else { return }
        let isThere = try readers.read(action, call) { connection throws(SQLiteFailure) in
            try Tracking.isComplete(connection)
        }
        if !isThere {
            try writer.exclusively(action, call) { connection throws(SQLiteFailure) in
                try Tracking.add(to: connection)
            }
        }
        isTracking.store(true, ordering: .releasing)
    }
}
