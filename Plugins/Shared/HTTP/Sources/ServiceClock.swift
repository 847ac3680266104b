/// How far a service's clock is ahead of this machine's, by the date of one of its answers.
public struct ServiceClock: Sendable, Equatable {
    /// Nanoseconds; negative when it is behind.
    public let aheadNanoseconds: Int64
    /// The most that the reading can be off.
    public let uncertaintyNanoseconds: Int64

    /// Reads the date of an answer.
    ///
    /// - Parameters:
    ///   - response: The answer; `nil` is returned for one without a date.
    ///   - before: When the request was sent, in nanoseconds since 1970 by this machine's clock.
    ///   - after: When the answer was there.
    public init?(_ response: HTTPResponse, between before: Int64, and after: Int64) {
        guard let seconds = response["date"].flatMap(HTTPDate.seconds) else { return nil }
        // A date has whole seconds, so that its time was half a second later on average.
        let half: Int64 = 500_000_000
        let path = max(0, after - before) / 2
        aheadNanoseconds = seconds * 1_000_000_000 + half - (before + path)
        uncertaintyNanoseconds = half + path
    }
}
