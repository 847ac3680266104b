internal import HoldfastLoader

// The host's words and the loader's for watches.

extension DriverStore {
    func watch(
        _ scope: WatchScope, after cursor: [UInt8], _ call: Call
    ) throws(HostError) -> [UInt8] {
        try perform(call) { context in
            try store.watch(
                WatchRequest(
                    collection: scope.collection, workspace: scope.workspace, prefix: scope.prefix,
                    cursor: cursor), context)
        }
    }
}
