internal import HoldfastDriver
internal import SharedGoogle
internal import SharedHTTP
internal import SharedJSON
internal import SharedObjects

// Who asks, and what they must be allowed: what `holdfast doctor` shows.

extension GCSDriver {
    static let identity = Operation<GCSStore>(
        "gcs.identity", "Says who the service takes this machine for, and by which credentials.",
        [.reads, .idempotent], result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, call) throws(DriverError) in
        var members = try store.service.identity(call).members
        members["place"] = .string(store.service.shown)
        if let clock = Bucket(store.service, store.names).clock(call) {
            members["clock"] = .object([
                "ahead_ns": .number("\(clock.aheadNanoseconds)"),
                "uncertainty_ns": .number("\(clock.uncertaintyNanoseconds)"),
            ])
        }
        try result.write(JSONValue.object(members).bytes)
    }

    static let policy = Operation<GCSStore>(
        "gcs.policy", "Prints the smallest set of permissions that grants what this store does.",
        [.reads, .idempotent], result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, call) throws(DriverError) in
        // The policy is of use also to somebody who has no token.
        let identity = try? store.service.identity(call).members
        try result.write(store.policy(for: member(identity ?? [:])).bytes)
    }
}

/// Who asks, as Google's policies name them.
private func member(_ identity: [String: JSONValue]) -> String {
    guard let name = identity["principal"]?.text, name.utf8.contains(UInt8(ascii: "@")) else {
        return "MEMBER"
    }
    return identity["kind"]?.text == "google-user" ? "user:\(name)" : "serviceAccount:\(name)"
}

extension GCSStore {
    /// The permissions that the driver makes use of, each with the checks that fail without it.
    private static var permissions: [(name: String, purposes: [String])] {
        [
            ("storage.objects.list", ["open", "list"]), ("storage.objects.get", ["read"]),
            ("storage.objects.create", ["write"]),
            // Replacing an object is deleting one too.
            ("storage.objects.delete", ["delete", "condition"]),
        ]
    }

    /// The smallest policy, as commands of Google's own tool.
    ///
    /// - Parameter member: Whose it is to be.
    /// - Returns: The operation's result.
    fileprivate func policy(for member: String) -> JSONValue {
        let bucket = service.bucket
        let place = "gs://\(bucket)/\(names.prefix)"
        var grants = Self.permissions.map { permission in
            JSONValue.object([
                "right": .string(permission.name), "on": .string(place),
                "for": .array(permission.purposes.map { .string($0) }),
            ])
        }
        if bootstrap {
            grants.append(
                .object([
                    "right": .string("storage.buckets.create"), "on": .string("the project"),
                    "for": .array([.string("open")]),
                ]))
        }
        return .object([
            "kind": .string("google-iam"), "grants": .array(grants),
            "apply": .string(
                "run the commands as somebody who may set the bucket's policy; PROJECT is the bucket's"
                    + " project"),
            "document": .string(commands(member)),
        ])
    }

    /// A role of just these permissions, given on the prefix alone.
    ///
    /// A listing is of the bucket, so that a condition on objects' names must let it pass.
    private func commands(_ member: String) -> String {
        let bucket = service.bucket
        let list = Self.permissions.map(\.name).joined(separator: ",")
        var condition = "None"
        if !names.prefix.isEmpty {
            let start = "projects/_/buckets/\(bucket)/objects/\(names.prefix)"
            condition =
                "'^;^title=holdfast-state;expression=resource.type != "
                + "\"storage.googleapis.com/Object\" || resource.name.startsWith(\"\(start)\")'"
        }
        return """
            gcloud iam roles create holdfastState --project PROJECT --permissions \(list)
            gcloud storage buckets add-iam-policy-binding gs://\(bucket) --member \(member) \\
              --role projects/PROJECT/roles/holdfastState --condition \(condition)

            """
    }
}
