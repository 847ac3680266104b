extension FaultRule {
    private static let names = ["on", "key", "rate", "nth", "every", "code", "for"]

    /// The classes that a fault can have: those that a store's failures have.
    private static let codes: [HostError.Code] = [
        .unavailable, .throttled, .conflict, .unauthenticated, .forbidden, .full, .io, .corrupt,
        .deadline,
    ]

    /// Reads a rule.
    ///
    /// - Throws: ``HostError`` with code `invalid`, which names what is wrong in the rule.
    package init(_ text: String) throws(HostError) {
        let words = text.split(separator: " ").map(String.init)
        guard let word = words.first, let kind = Kind(rawValue: word) else {
            let kinds = Kind.allCases.map(\.rawValue)
            let found = words.first ?? ""
            throw HostError(
                .invalid,
                "the fault \(shown(text)) is of no known kind"
                    + DidYouMean.hint(for: found, among: kinds),
                advice: "the kinds are \(kinds.joined(separator: ", "))")
        }
        self.kind = kind
        self.text = text
        operations = kind.operations
        var seen: Set<String> = []
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard parts.count == 2, !parts[1].isEmpty else {
                throw problem("has \(shown(word)) where NAME=VALUE belongs")
            }
            guard seen.insert(name).inserted else { throw problem("gives \(name) twice") }
            try set(name, String(parts[1]))
        }
        if seen.intersection(["rate", "nth", "every"]).count > 1 {
            throw problem("gives more than one of rate, nth and every")
        }
    }

    private mutating func set(_ name: String, _ value: String) throws(HostError) {
        switch name {
        case "on": operations = try operations(value)
        case "key": keyPrefix = value
        case "rate":
            guard let rate = Double(value), (0...1).contains(rate) else {
                throw problem("has the rate \(shown(value)), which is not from 0 to 1")
            }
            trigger = .rate(rate)
        case "nth": trigger = .nth(try count(name, value))
        case "every": trigger = .every(try count(name, value))
        case "code" where kind == .error:
            guard let code = HostError.Code(rawValue: value), Self.codes.contains(code) else {
                let known = Self.codes.map(\.rawValue)
                throw problem(
                    "has the code \(shown(value))" + DidYouMean.hint(for: value, among: known),
                    advice: "the codes are \(known.joined(separator: ", "))")
            }
            self.code = code
        case "for" where kind == .delay || kind == .hang:
            guard let nanoseconds = ScalarText.duration(value), nanoseconds > 0 else {
                throw problem("has the duration \(shown(value)); write 200ms, 5s or 1m")
            }
            duration = .nanoseconds(nanoseconds)
        default:
            throw problem(
                Self.names.contains(name)
                    ? "of the kind \(kind.rawValue) takes no \(name)"
                    : "has the unknown name \(shown(name))"
                        + DidYouMean.hint(for: name, among: Self.names))
        }
    }

    private func operations(_ value: String) throws(HostError) -> Set<ObservedOperation> {
        var result: Set<ObservedOperation> = []
        for word in value.split(separator: ",") {
            guard let operation = ObservedOperation(rawValue: String(word)) else {
                let known = ObservedOperation.allCases.map(\.rawValue)
                throw problem(
                    "names the unknown operation \(shown(String(word)))"
                        + DidYouMean.hint(for: String(word), among: known))
            }
            guard kind.operations.contains(operation) else {
                throw problem("of the kind \(kind.rawValue) cannot strike \(word)")
            }
            result.insert(operation)
        }
        return result
    }

    private func count(_ name: String, _ value: String) throws(HostError) -> UInt64 {
        guard let count = UInt64(value), count > 0 else {
            throw problem("has \(name)=\(value), which is not a number from 1 on")
        }
        return count
    }

    private func problem(_ what: String, advice: String = "") -> HostError {
        HostError(.invalid, "the fault \(shown(text)) \(what)", advice: advice)
    }
}
