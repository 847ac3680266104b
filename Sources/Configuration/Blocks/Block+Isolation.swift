internal import Host

extension Block {
    /// Where the driver of a store runs; `nil` where its trust decides.
    func isolation() throws(ConfigurationError) -> Sourced<Isolation>? {
        guard let entry = self["isolation"], let word = try text("isolation") else { return nil }
        guard let isolation = Isolation(rawValue: word.value) else {
            let words = Isolation.allCases.map(\.rawValue)
            let nearest = DidYouMean.closest(to: word.value, among: words)
            throw ConfigurationError(
                .invalid, at: entry.value.location,
                "`\(name).isolation` is \"\(printable(word.value))\"",
                advice: nearest.map { "did you mean \"\($0)\"?" }
                    ?? "it may be \(words.joined(separator: " or "))")
        }
        return Sourced(isolation, word.origin, isBound: word.isBound)
    }
}
