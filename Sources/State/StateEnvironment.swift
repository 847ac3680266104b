internal import Host

/// What a repository takes from its surroundings, so that tests can decide it.
package struct StateEnvironment: Sendable {
    /// Random bytes, as many as asked for; ids and nonces are made of them.
    package var randomBytes: @Sendable (Int) -> [UInt8]
    /// Nanoseconds since 1970 UTC; for people, and for what may be collected.
    package var wallClock: @Sendable () -> Int64
    /// `CLOCK_BOOTTIME` in nanoseconds; for leases.
    package var bootClock: @Sendable () -> Int64

    /// Makes an environment.
    package init(
        randomBytes: @escaping @Sendable (Int) -> [UInt8],
        wallClock: @escaping @Sendable () -> Int64, bootClock: @escaping @Sendable () -> Int64
    ) {
        self.randomBytes = randomBytes
        self.wallClock = wallClock
        self.bootClock = bootClock
    }

    /// This machine's own.
    package static let system = StateEnvironment(
        randomBytes: { RandomBytes.make($0) },
        wallClock: { WallClock.now }, bootClock: { BootTime.now })

    /// `byteCount` random bytes in hexadecimal.
    func randomHexadecimal(_ byteCount: Int) -> String { hexadecimal(randomBytes(byteCount)) }
}

/// Bytes in lower-case hexadecimal.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    RandomBytes.hexadecimal(of: Array(bytes))
}
