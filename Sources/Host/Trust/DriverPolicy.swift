/// The rules of one lock file: which drivers may be used at all.
struct DriverPolicy: Sendable, Hashable {
    /// One list of patterns.
    struct Rule: Sendable, Hashable {
        /// Its key, such as `deny_ids`.
        var key: String
        /// The patterns, in which `*` stands for any bytes.
        var patterns: [String]
        /// Where it stands, as `path:line`.
        var place: String

        /// The first pattern that a text matches.
        func match(_ text: String) -> String? { patterns.first { DriverPolicy.matches(text, $0) } }
    }

    /// The rules by their keys.
    var rules: [String: Rule] = [:]
    /// Where unpinned drivers are refused; `nil` when they are not.
    var refusesUnpinned: String?

    /// The keys of rules.
    static let keys = ["allow_ids", "allow_vendors", "deny_ids", "deny_vendors"]

    /// Why a driver may not be used.
    ///
    /// - Parameters:
    ///   - id: The driver's id.
    ///   - vendor: The publisher that its manifest names.
    ///   - isPinned: Whether a lock file has its hashes.
    /// - Returns: The rule's place and words; `nil` when the driver may be used.
    func refusal(id: String, vendor: String, isPinned: Bool) -> (place: String, message: String)? {
        for (key, text) in [("deny_ids", id), ("deny_vendors", vendor)] {
            if let rule = rules[key], let pattern = rule.match(text) {
                return (rule.place, "\(key) has \(shown(pattern)), which \(shown(text)) matches")
            }
        }
        let allows = [("allow_ids", id), ("allow_vendors", vendor)].compactMap { key, text in
            rules[key].map { (rule: $0, text: text) }
        }
        if let first = allows.first, !allows.contains(where: { $0.rule.match($0.text) != nil }) {
            let keys = allows.map(\.rule.key).joined(separator: " and ")
            return (
                first.rule.place,
                "\(keys) has no pattern that \(shown(id)) of \(shown(vendor)) matches"
            )
        }
        if let refusesUnpinned, !isPinned {
            return (refusesUnpinned, "unpinned drivers are refused, and no lock file pins it")
        }
        return nil
    }

    /// Whether a text matches a pattern, byte for byte, with `*` for any bytes.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let text = Array(text.utf8)
        let pattern = Array(pattern.utf8)
        let star = UInt8(ascii: "*")
        var (place, index) = (0, 0)
        // Where to go on after the last star, should what follows it not fit here.
        var again: (place: Int, index: Int)?
        while place < text.count {
            if index < pattern.count, pattern[index] == star {
                index += 1
                again = (place, index)
            } else if index < pattern.count, pattern[index] == text[place] {
                (place, index) = (place + 1, index + 1)
            } else if let last = again {
                (place, index) = (last.place + 1, last.index)
                again?.place += 1
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == star }
    }
}
