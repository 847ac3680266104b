internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

/// The table itself: whether it is there, and whether its keys are the right ones.
struct Table {
    private let service: Service

    init(_ service: Service) { self.service = service }

    /// Finds the table, or makes it where that is allowed.
    func prepare(bootstrap: Bool, mustExist: Bool, _ call: Call) throws(DriverError) {
        var presence = try look(call)
        if presence == .missing {
            try make(bootstrap: bootstrap, mustExist: mustExist, call)
            presence = .pending
        }
        // The service tells only by being asked again when a new table can be used.
        while presence != .ready {
            guard call.pause(200_000_000) else {
                throw call.overError("waiting for \(service.shown)", applied: .no)
            }
            presence = try look(call)
        }
    }

    private enum Presence {
        case missing
        /// It is being made.
        case pending
        case ready
    }

    private func make(bootstrap: Bool, mustExist: Bool, _ call: Call) throws(DriverError) {
        // Where the driver may not make the table, an empty list of states would hide a wrong name.
        guard bootstrap else {
            throw DriverError(
                .invalid,
                "there is no \(service.shown): create it with the partition key pk (String) and the sort"
                    + " key sk (String), or set bootstrap to true; check the region and the account too"
            )
        }
        if mustExist { throw DriverError(.notFound, "there is no \(service.shown)") }
        try create(call)
    }

    private func look(_ call: Call) throws(DriverError) -> Presence {
        let table: JSONValue
        do throws(ServiceFailure) {
            table = try service.perform("DescribeTable", [:], call)["Table"] ?? .null
        } catch {
            if error.isMissingTable { return .missing }
            throw error.error.during("cannot look at \(service.shown)")
        }
        try checkKeys(table)
        switch table["TableStatus"]?.text {
        case "ACTIVE", "UPDATING": return .ready
        case "CREATING": return .pending
        case let status:
            throw DriverError(
                .unavailable, "\(service.shown) cannot be used now: it is \(status ?? "unknown")",
                retry: .reopen)
        }
    }

    private func checkKeys(_ table: JSONValue) throws(DriverError) {
        let keys = pairs(table["KeySchema"], "AttributeName", "KeyType")
        let types = pairs(table["AttributeDefinitions"], "AttributeName", "AttributeType")
        let isRight =
            keys == ["pk": "HASH", "sk": "RANGE"] && types["pk"] == "S" && types["sk"] == "S"
        guard isRight else {
            let found = keys.keys.sorted().map { "\($0) (\(types[$0] ?? "?"))" }
            throw DriverError(
                .invalid,
                "\(service.shown) has the keys \(found.joined(separator: ", ")); needed are the partition"
                    + " key pk (String) and the sort key sk (String): name another table")
        }
    }

    private func pairs(_ list: JSONValue?, _ name: String, _ value: String) -> [String: String] {
        var pairs: [String: String] = [:]
        for element in list?.elements ?? [] {
            if let name = element[name]?.text { pairs[name] = element[value]?.text }
        }
        return pairs
    }

    private func create(_ call: Call) throws(DriverError) {
        func attribute(_ name: String, _ key: String, _ value: String) -> JSONValue {
            .object(["AttributeName": .string(name), key: .string(value)])
        }
        do throws(ServiceFailure) {
            _ = try service.perform(
                "CreateTable",
                [
                    "AttributeDefinitions": .array([
                        attribute("pk", "AttributeType", "S"),
                        attribute("sk", "AttributeType", "S"),
                    ]),
                    "KeySchema": .array([
                        attribute("pk", "KeyType", "HASH"), attribute("sk", "KeyType", "RANGE"),
                    ]),
                    "BillingMode": .string("PAY_PER_REQUEST"),
                ], call)
        } catch {
            // Somebody else is making it.
            if error.name == "ResourceInUseException" { return }
            throw error.error.during("cannot create \(service.shown)")
        }
    }
}
