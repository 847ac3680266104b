internal import ArgumentParser
internal import Host

/// The options that every command takes.
struct CommonOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The project's file (default: holdfast.yml).", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("The store to use (default: default).", valueName: "name"))
    var store: String?

    @Option(
        name: .customLong("driver-path"),
        help: ArgumentHelp("Look for drivers here first; may be repeated.", valueName: "dir"))
    var driverPath: [String] = []

    @Option(
        name: .customLong("lock-file"),
        help: ArgumentHelp(
            "The lock file that pins drivers (default: the user's and the system's).",
            valueName: "file"))
    var lockFile: String?

    @Option(
        help: ArgumentHelp(
            "The project's root (default: the folder of its file).", valueName: "dir"))
    var workspace: String?

    @Option(
        help: ArgumentHelp(
            "The longest time to take, such as 500ms, 30s or 5m; 0 for no limit.",
            valueName: "duration"))
    var timeout: Timeout?

    @Flag(help: "Print JSON (see docs/json.md).")
    var json = false

    @Flag(name: .customLong("no-color"), help: "Print without colours, as NO_COLOR does.")
    var noColor = false

    @Flag(
        name: .customLong("allow-faults"),
        help: ArgumentHelp(
            "Let stores show the faults of their configuration.", visibility: .hidden))
    var allowFaults = false

    @Flag(name: .shortAndLong, help: "Print errors only.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Print what drivers and the host report.")
    var verbose = false

    func validate() throws {
        if quiet, verbose { throw ValidationError("--quiet and --verbose exclude each other") }
    }
}

/// A duration as it is typed; a number alone counts seconds.
struct Timeout: ExpressibleByArgument {
    /// The time; `nil` for no limit.
    let duration: Duration?

    init?(argument: String) {
        let isNumber = argument.utf8.allSatisfy { (0x30...0x39).contains($0) }
        let text = isNumber && !argument.isEmpty ? argument + "s" : argument
        guard let nanoseconds = ScalarText.duration(text), nanoseconds >= 0 else { return nil }
        duration = nanoseconds == 0 ? nil : .nanoseconds(nanoseconds)
    }
}
