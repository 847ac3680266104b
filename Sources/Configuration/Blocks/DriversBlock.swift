internal import Host

/// The `drivers:` block, as one file has it: what happens when processes of drivers crash.
struct DriversBlock {
    static let keys = [
        "quarantineCrashes", "quarantineWithin", "restartDelay", "restartDelayMost",
    ]

    let quarantineCrashes: Sourced<Int>?
    let quarantineWithin: Sourced<Duration>?
    let restartDelay: Sourced<Duration>?
    let restartDelayMost: Sourced<Duration>?

    private static let mostCrashes: Int64 = 10_000

    init(_ value: YAMLValue, _ file: FileReading) throws(ConfigurationError) {
        let block = try Block("drivers", value, file)
        try block.allow(only: Self.keys)
        quarantineCrashes = try Self.crashes(of: block)
        quarantineWithin = try Self.time("quarantineWithin", of: block, least: 1_000_000_000)
        restartDelay = try Self.time("restartDelay", of: block, least: 1_000_000)
        restartDelayMost = try Self.time("restartDelayMost", of: block, least: 1_000_000)
    }

    private static func crashes(of block: Block) throws(ConfigurationError) -> Sourced<Int>? {
        let key = "quarantineCrashes"
        guard let entry = block[key], let text = try block.text(key) else { return nil }
        guard let number = ScalarText.integer(text.value), (0...mostCrashes).contains(number) else {
            throw ConfigurationError(
                .invalid, at: entry.value.location,
                "`drivers.\(key)` must be a number from 0 to \(mostCrashes)",
                advice: "0 keeps no driver from being run")
        }
        return Sourced(Int(number), text.origin)
    }

    private static func time(
        _ key: String, of block: Block, least: Int64
    ) throws(ConfigurationError) -> Sourced<Duration>? {
        guard let entry = block[key], let text = try block.text(key) else { return nil }
        guard let time = ScalarText.duration(text.value), time >= least else {
            throw ConfigurationError(
                .invalid, at: entry.value.location,
                "`drivers.\(key)` must be a time of at least "
                    + "\(least >= 1_000_000_000 ? "1s" : "1ms")",
                advice: "write it as 250ms, 30s or 10m")
        }
        return Sourced(.nanoseconds(time), text.origin)
    }
}
