extension Store {
    /// Runs `body`; its error names the store, the driver and the object.
    func located<R>(
        _ key: ObjectKey?, _ body: () throws(HostError) -> R
    ) throws(HostError) -> R {
        do throws(HostError) { return try body() } catch { throw located(error, key) }
    }

    /// The error with the store, the driver and the object named.
    func located(_ error: HostError, _ key: ObjectKey?) -> HostError {
        var error = error
        if error.store.isEmpty { error.store = name }
        if error.driver.isEmpty { error.driver = driverID }
        if error.key == nil { error.key = key }
        return error
    }

    /// Throws unless the store has the capability `id`, which `what` needs.
    func require(_ id: String, for what: String) throws(HostError) {
        guard !capabilities.supports(id) else { return }
        let reason =
            capabilityRecord.declared.supports(id)
            ? "its driver can, but the open store cannot" : "its driver cannot"
        throw HostError(
            .unsupported, "this store does not do \(what) (\(id)): \(reason)",
            advice: "configure a store whose driver has the capability \(id)")
    }
}
