internal import Host
package import State

/// What a driver says of the smallest policy that grants what it does: the result of `ID.policy`.
package struct AccessPolicy: Sendable {
    /// One right.
    package struct Grant: Sendable, Hashable {
        /// The right's name in the service, such as `s3:PutObject`.
        package var right: String
        /// What it is needed on, such as an ARN.
        package var place: String
        /// The checks that fail without it: `open`, `list`, `read`, `write`, `delete`.
        package var purposes: [String]
    }

    /// Which kind of policy it is, such as `aws-iam`.
    package var kind: String
    /// The rights one by one.
    package var grants: [Grant]
    /// The policy as the service takes it: a text, or a document.
    package var document: JSONValue
    /// How it is applied; empty where nobody says.
    package var apply: String
    /// Everything that the driver said.
    package var json: JSONValue

    /// Reads the result of the operation; `nil` for one of another shape.
    package init?(_ json: JSONValue) {
        guard let members = json.members, let kind = members["kind"]?.text,
            let document = members["document"]
        else { return nil }
        self.kind = kind
        self.document = document
        self.json = json
        apply = members["apply"]?.text ?? ""
        grants = (members["grants"]?.elements ?? []).compactMap { element in
            guard let grant = element.members, let right = grant["right"]?.text else { return nil }
            return Grant(
                right: right, place: grant["on"]?.text ?? "",
                purposes: (grant["for"]?.elements ?? []).compactMap(\.text))
        }
    }

    /// The rights that a check needs.
    package func grants(for check: String) -> [Grant] {
        grants.filter { $0.purposes.contains(check) }
    }
}
