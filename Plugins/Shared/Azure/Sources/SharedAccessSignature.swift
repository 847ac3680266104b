internal import SharedJSON

/// A shared access signature: a query that whoever has it may send.
package struct SharedAccessSignature: Sendable, Equatable {
    /// The query, escaped, without a question mark in front.
    package let query: String
    private let items: [String: String]

    /// Takes a token; `nil` for anything that cannot be one.
    ///
    /// - Parameter text: With or without a question mark in front.
    package init?(_ text: String) {
        let query = text.hasPrefix("?") ? String(text.dropFirst()) : text
        guard query.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }) else {
            return nil
        }
        var items: [String: String] = [:]
        for item in query.split(separator: "&") {
            let name = item.prefix { $0 != "=" }
            items[String(name)] = String(item.dropFirst(name.count + 1))
        }
        guard let signature = items["sig"], !signature.isEmpty, items["sv"] != nil else {
            return nil
        }
        self.query = query
        self.items = items
    }

    /// When it ends, in seconds since 1970; `nil` where a policy of the container says it.
    package var endSeconds: Int64? {
        guard let text = items["se"]?.replacing("%3A", with: ":").replacing("%3a", with: ":") else {
            return nil
        }
        if text.utf8.count == 10 { return Timestamp.seconds(text + "T00:00:00Z") }
        if text.utf8.count == 17 { return Timestamp.seconds(text.dropLast() + ":00Z") }
        return Timestamp.seconds(text)
    }

    /// The letters of its permissions; `nil` where a policy of the container says them.
    package var permissions: String? { items["sp"].map { String($0.prefix(20)) } }

    /// Whether it may only be sent over TLS.
    package var isForTLSOnly: Bool { items["spr"] == "https" }
}

extension SharedAccessSignature: CustomStringConvertible, CustomReflectable {
    /// Nothing of the query, so that no message can show it by accident.
    package var description: String { "a shared access signature" }

    /// Nothing: a dump must not show it either.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
