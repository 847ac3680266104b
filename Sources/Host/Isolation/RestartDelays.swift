/// How soon the process of a driver that crashed is replaced.
package struct RestartDelays: Sendable, Hashable {
    /// The delay after the first crash.
    package var first: Duration
    /// What it grows to, doubling with each crash of a process that did not last.
    package var most: Duration

    /// From a tenth of a second to half a minute.
    package static let standard = RestartDelays(first: .milliseconds(100), most: .seconds(30))

    /// Makes delays.
    package init(first: Duration, most: Duration) {
        self.first = first
        self.most = most
    }
}
