internal import HoldfastDriver
internal import SharedAzure
internal import SharedHTTP
internal import SharedJSON

// Who asks, and what they must be allowed: what `holdfast doctor` shows.

extension AzureBlobDriver {
    static let identity = Operation<AzureBlobStore>(
        "azblob.identity", "Says who the service takes this machine for, and by which credentials.",
        [.reads, .idempotent], result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, call) throws(DriverError) in
        var members = try store.service.account.identity(store.clock(call), call)
        members["place"] = .string(store.service.shown)
        try result.write(JSONValue.object(members).bytes)
    }

    static let policy = Operation<AzureBlobStore>(
        "azblob.policy", "Prints the smallest role or permissions that grant what this store does.",
        [.idempotent], result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, _) throws(DriverError) in
        let document = store.service.account.policy(container: store.service.container)
        try result.write(document.bytes)
    }
}

extension AzureBlobStore {
    /// What the service's clock shows; `nil` where its answer does not tell.
    fileprivate func clock(_ call: Call) -> ServiceClock? {
        let action = Service.Action(
            "GET", query: [("restype", "container"), ("comp", "list"), ("maxresults", "1")])
        let before = unixNanoseconds()
        guard let answer = try? service.send(action, call) else { return nil }
        return ServiceClock(answer, between: before, and: unixNanoseconds())
    }
}
