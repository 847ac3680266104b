package import Host

/// What happens when processes of drivers crash, and who said so.
package struct DriversConfiguration: Sendable {
    /// The crashes after which a driver is run no more; 0: no number is too many.
    package let quarantineCrashes: Sourced<Int>
    /// The time in which they are counted.
    package let quarantineWithin: Sourced<Duration>
    /// The delay before the process of a driver that crashed is replaced.
    package let restartDelay: Sourced<Duration>
    /// The most that this delay grows to while it goes on crashing.
    package let restartDelayMost: Sourced<Duration>

    init(project: DriversBlock?, user: DriversBlock?) throws(ConfigurationError) {
        let standard = (QuarantinePolicy.standard, RestartDelays.standard)
        quarantineCrashes =
            project?.quarantineCrashes ?? user?.quarantineCrashes
            ?? Sourced(standard.0.crashes, .standard("default"))
        quarantineWithin =
            project?.quarantineWithin ?? user?.quarantineWithin
            ?? Sourced(standard.0.within, .standard("default"))
        restartDelay =
            project?.restartDelay ?? user?.restartDelay
            ?? Sourced(standard.1.first, .standard("default"))
        restartDelayMost =
            project?.restartDelayMost ?? user?.restartDelayMost
            ?? Sourced(standard.1.most, .standard("default"))
        guard restartDelay.value <= restartDelayMost.value else {
            throw ConfigurationError(
                .conflict, at: (restartDelayMost.origin.location ?? restartDelay.origin.location),
                "`drivers.restartDelay` is longer than `drivers.restartDelayMost`",
                advice: "the delay starts with the one and grows to the other")
        }
    }

    /// What the host's quarantine takes.
    package var quarantinePolicy: QuarantinePolicy {
        QuarantinePolicy(crashes: quarantineCrashes.value, within: quarantineWithin.value)
    }

    /// What the host's processes take.
    package var restartDelays: RestartDelays {
        RestartDelays(first: restartDelay.value, most: restartDelayMost.value)
    }
}
