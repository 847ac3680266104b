package import HoldfastDriver
package import SharedHTTP
package import SharedJSON

extension BlobAccount {
    /// A request signed with a key is refused when its time is off by more than this.
    private static let tolerance: Int64 = 900_000_000_000

    /// The result of a driver's operation `identity`.
    ///
    /// - Parameters:
    ///   - clock: What an answer of the service said of its clock.
    ///   - control: The deadline and cancellation.
    /// - Returns: Members without a secret.
    /// - Throws: ``DriverError`` when no token can be had.
    package func identity(
        _ clock: ServiceClock?, _ control: some CallControl
    ) throws(DriverError) -> [String: JSONValue] {
        let account = name ?? endpoint.authority
        var members: [String: JSONValue] = [
            "source": .string(source), "account": .string(account),
            "endpoint": .string(endpoint.url),
        ]
        var tolerance: Int64?
        switch proof {
        case .key:
            tolerance = Self.tolerance
            members["kind"] = .string("azure-account-key")
            members["principal"] = .string("the account \(account), by its key")
        case .signature(let signature):
            members["kind"] = .string("azure-signature")
            members["principal"] = .string("a shared access signature of \(account)")
            if let rights = signature.permissions { members["permissions"] = .string(rights) }
            if let end = signature.endSeconds {
                members["expires"] = .string(Timestamp.extended(end))
            }
        case .token(let provider):
            members["kind"] = .string("azure-identity")
            let token = try provider.token(control)
            let claims = TokenClaims(token.text)
            members["principal"] = .string(claims.principal)
            members.merge(claims.members) { $1 }
        }
        if let clock {
            var reading: [String: JSONValue] = [
                "ahead_ns": .number("\(clock.aheadNanoseconds)"),
                "uncertainty_ns": .number("\(clock.uncertaintyNanoseconds)"),
            ]
            if let tolerance { reading["tolerance_ns"] = .number("\(tolerance)") }
            members["clock"] = .object(reading)
        }
        return members
    }

    /// The result of a driver's operation `policy`.
    ///
    /// - Parameter container: The container.
    /// - Returns: The document.
    package func policy(container: String) -> JSONValue {
        let account = name ?? "ACCOUNT"
        let scope =
            "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Storage"
            + "/storageAccounts/\(account)/blobServices/default/containers/\(container)"
        let isToken = if case .token = proof { true } else { false }
        let rights: [(name: String, letter: String, purposes: [String])] = [
            ("read", "r", ["open", "read", "condition"]), ("write", "w", ["write"]),
            ("delete", "d", ["delete"]), ("list", "l", ["list"]),
        ]
        let grants = rights.map { right in
            // Listing is a part of the action read.
            let action = right.name == "list" ? "read" : right.name
            return JSONValue.object([
                "right": .string(
                    isToken
                        ? "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/\(action)"
                        : "the permission \(right.letter) (\(right.name))"),
                "on": .string(isToken ? scope : "the container \(container)"),
                "for": .array(right.purposes.map { .string($0) }),
            ])
        }
        return .object([
            "kind": .string(isToken ? "azure-rbac" : "azure-signature"),
            "grants": .array(grants),
            "apply": .string(
                "run the command as somebody who may give roles or signatures on the container"),
            "document": .string(isToken ? role(scope) : signature(account, container)),
        ])
    }

    /// The smallest built-in role, on the container.
    private func role(_ scope: String) -> String {
        """
        az role assignment create --role "Storage Blob Data Contributor" --assignee IDENTITY \\
          --scope \(scope)

        """
    }

    private func signature(_ account: String, _ container: String) -> String {
        """
        az storage container generate-sas --account-name \(account) --name \(container) \\
          --permissions rwdl --expiry END

        """
    }
}

/// What a token says of whose it is; nothing of this is trusted, and it is shown only.
package struct TokenClaims {
    private let claims: JSONValue

    /// Reads the middle part of a JSON web token.
    package init(_ token: String) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        let middle = parts.count == 3 ? parts[1] : ""
        var text = String(middle.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        claims = Base64.decode(text).flatMap { try? JSONValue($0) } ?? .null
    }

    private func text(_ name: String) -> String? {
        claims[name]?.text.map { text in
            String(text.unicodeScalars.prefix(200).map { $0.value < 0x20 ? " " : Character($0) })
        }
    }

    /// The application and the object in the directory.
    package var principal: String {
        let client = text("appid") ?? text("azp")
        let object = text("oid")
        let words = [client.map { "client \($0)" }, object.map { "object \($0)" }].compactMap(
            \.self)
        return words.isEmpty
            ? "an identity whose token does not say whose it is"
            : words.joined(separator: ", ")
    }

    /// The claims that say whose it is.
    package var members: [String: JSONValue] {
        let names = [
            "appid": "client_id", "azp": "client_id", "oid": "object_id", "tid": "tenant_id",
            "xms_mirid": "resource",
        ]
        var members: [String: JSONValue] = [:]
        for (claim, name) in names {
            if let text = text(claim) { members[name] = .string(text) }
        }
        return members
    }
}
