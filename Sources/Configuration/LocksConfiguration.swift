package import Host

/// The store that keeps the locks of another one, as configured.
package struct LocksConfiguration: Sendable {
    /// What names it: `locks` or, of an s3 backend, `lockTable`.
    package let key: String
    /// The name of the store, or of the table.
    package let value: Sourced<String>
    /// The name of the store whose locks it keeps.
    let owner: String
    /// What `Host.open` takes; `nil` until the name is looked up.
    var target: StoreSpecification?

    init(named name: Sourced<String>, of owner: String) {
        (key, value, self.owner) = ("locks", name, owner)
    }

    init(table: Sourced<String>, _ target: StoreSpecification) {
        (key, value, owner) = ("lockTable", table, "default")
        self.target = target
    }

    /// The store's name in messages.
    package var name: String { target?.name ?? value.value }

    /// The setting with its place, for messages.
    package var origin: String {
        (value.origin.location.map { "\($0): " } ?? "") + "`\(key): \(printable(value.value))`"
    }

    /// What `Host.open` takes.
    ///
    /// - Throws: ``ConfigurationError`` where the table of a service of one's own cannot be found.
    package func specification() throws(ConfigurationError) -> StoreSpecification {
        guard let target else {
            throw ConfigurationError(
                .invalid, at: value.origin.location,
                "no store is named \"\(printable(value.value))\"")
        }
        guard key == "lockTable" else { return target }
        let elsewhere = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].first {
            target.environment[$0]?.isEmpty == false
        }
        if let elsewhere, target.environment["AWS_ENDPOINT_URL_DYNAMODB"]?.isEmpty != false {
            throw ConfigurationError(
                .invalid, at: value.origin.location,
                "`lockTable` is a table of DynamoDB, but \(elsewhere) names another service than Amazon's "
                    + "and AWS_ENDPOINT_URL_DYNAMODB is not set",
                advice:
                    "set AWS_ENDPOINT_URL_DYNAMODB to the URL of its DynamoDB, or name a configured "
                    + "store by `locks: NAME`")
        }
        return target
    }
}

extension LocksConfiguration {
    /// Looks up the stores that `locks` names.
    static func resolve(
        _ stores: [StoreConfiguration]
    ) throws(ConfigurationError) -> [StoreConfiguration] {
        var resolved = stores
        for (index, store) in stores.enumerated() {
            guard let locks = store.locks, locks.key == "locks" else { continue }
            resolved[index].locks?.target = try locks.target(among: stores).specification
        }
        return resolved
    }

    private func target(
        among stores: [StoreConfiguration]
    ) throws(ConfigurationError) -> StoreConfiguration {
        let subject = owner == "default" ? "`backend.locks`" : "`stores.\(owner).locks`"
        func error(_ message: String, _ advice: String) -> ConfigurationError {
            ConfigurationError(
                .invalid, at: value.origin.location, "\(subject) \(message)", advice: advice)
        }
        guard value.value != owner else {
            throw error(
                "names the store itself", "name another one, which has conditional writes")
        }
        guard let target = stores.first(where: { $0.name == value.value }) else {
            let others = stores.map(\.name).filter { $0 != owner }
            throw error(
                "is \"\(printable(value.value))\", and no store has that name",
                DidYouMean.closest(to: value.value, among: others).map { "did you mean \"\($0)\"?" }
                    ?? "configured: \(others.joined(separator: ", "))")
        }
        guard target.locks == nil else {
            throw error(
                "names the store \"\(target.name)\", whose own locks are kept elsewhere",
                "name one that keeps its own locks")
        }
        return target
    }
}
