/// After how many crashes a driver is run no more.
package struct QuarantinePolicy: Sendable, Hashable {
    /// The crashes that are too many; 0: no number is.
    package var crashes: Int
    /// The time in which they are counted.
    package var within: Duration

    /// Ten crashes within ten minutes.
    package static let standard = QuarantinePolicy(crashes: 10, within: .seconds(600))

    /// Makes a policy.
    package init(crashes: Int, within: Duration) {
        self.crashes = crashes
        self.within = within
    }

    /// Whether crashes at these times, in seconds since 1970, are too many at the last of them.
    func isBroken(by times: [Int64]) -> Bool {
        guard crashes > 0, let last = times.last else { return false }
        return times.filter { $0 > last - within.components.seconds }.count >= crashes
    }
}
