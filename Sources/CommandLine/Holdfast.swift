internal import ArgumentParser

/// The command `holdfast`: its subcommands, one file each.
struct Holdfast: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "Keep the state of deployments on any storage.",
        discussion: """
            EXAMPLES
              holdfast state list
              holdfast state pull terraform/network --output network.tfstate
              holdfast lock show terraform/network
              holdfast doctor

            Data goes to standard output and messages to standard error. Every command
            takes --json; its shapes are described in docs/json.md.

            EXIT CODES
              0 ok, 1 failure, 2 usage or configuration, 3 not found,
              4 locked or conflict, 5 unauthenticated or forbidden, 6 integrity,
              7 unreachable or deadline, 130 interrupted
            """,
        subcommands: [
            StateGroup.self, LockGroup.self, DriverGroup.self, ConfigGroup.self, Doctor.self,
            VersionCommand.self,
        ])
}

/// The commands of `holdfast state`.
struct StateGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state", abstract: "Read and change states and their versions.",
        discussion: """
            A state's address is terraform/<path> or
            receipts/<service>/<stage>/<provider>; a path alone means terraform/<path>.

            EXAMPLE
              holdfast state show terraform/network
            """,
        subcommands: [
            StateList.self, StateShow.self, StatePull.self, StatePush.self, StateVersions.self,
            StateRemove.self, StateForceUnlock.self,
        ])
}

/// The commands of `holdfast lock`.
struct LockGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "See who holds a state's lock, and release it.",
        discussion: """
            EXAMPLE
              holdfast lock list
            """,
        subcommands: [LockList.self, LockShow.self, LockRelease.self])
}

/// The commands of `holdfast driver`.
struct DriverGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "driver",
        abstract: "Install storage drivers, see which are trusted, and start new ones.",
        discussion: """
            EXAMPLE
              holdfast driver list
            """,
        subcommands: [
            DriverList.self, DriverInfo.self, DriverInspect.self, DriverInstall.self,
            DriverRemove.self, DriverVerify.self, DriverPinCommand.self, DriverUnpinCommand.self,
            DriverOperations.self, DriverCall.self, DriverNew.self, DriverTest.self,
            QuarantineGroup.self,
        ])
}

/// The commands of `holdfast config`.
struct ConfigGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "See the configuration and where each value comes from.",
        discussion: """
            EXAMPLE
              holdfast config show --origin
            """,
        subcommands: [ConfigShow.self])
}
