internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import Host
internal import State

struct DriverTest: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Hold a driver to the driver interface, with every check.",
        usage: "holdfast driver test <path-or-id> [<options>]",
        discussion: """
            Each check runs in a process of its own. docs/conformance.md describes the
            checks, the options and the report. An installed driver that is refused can
            still be tested by its path.

            Ends with exit code 0 when every check passed or was refused as declared,
            with 1 when one did not, and with 2 for a wrong command line.

            EXAMPLES
              holdfast driver test acme/build/acme
              holdfast driver test sqlite --options sqlite.options --json
            """)

    @Argument(
        help: ArgumentHelp(
            "The folder with driver.so and driver.toml, or an installed driver's id.",
            valueName: "path-or-id"))
    var driver: String

    @OptionGroup(title: "Options of the checks") var kit: KitOptions

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let folder = try folder(context)
        let program = try Self.kitPath(executable: Context.executablePath)
        // The kit lies elsewhere than the program that isolates drivers.
        let host = kit.isolation == "process" ? ["--driver-host", Self.hostPath] : []
        let words = kit.words + host + (common.json ? ["--json"] : []) + ["--", folder]
        try Self.execute(program, words)
    }

    /// The driver's folder: a path that is there, or else the installed driver of that id.
    private func folder(_ context: Context) throws(Failure) -> String {
        var isFolder = false
        if driver.contains("/") || driver == "." || driver == ".." {
            guard FileManager.default.fileExists(atPath: driver, isDirectory: &isFolder), isFolder
            else {
                throw Failure(
                    .notFound, "driver-missing", "there is no folder \(Table.visible(driver))",
                    hint: "give the folder that holds driver.so and driver.toml")
            }
            return driver
        }
        let id = driver
        return try context.asked { host throws(HostError) in
            // One that is not what was pinned, or may not be used, is not run under its id.
            let found = try host.verifyDrivers(id)
            if let problem = found.lazy.compactMap(\.problem).first { throw problem }
            return found.first?.folder ?? ""
        }
    }

    /// The conformance kit that was installed with this program.
    private static func kitPath(executable: String) throws(Failure) -> String {
        let root = executable.split(separator: "/").dropLast(2).map { "/" + $0 }.joined()
        let path = "\(root)/libexec/holdfast/holdfast-conformance"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Failure(
                .failure, "kit-missing", "the conformance kit \(path) is not installed",
                hint: "install Holdfast as a whole: the kit belongs to it")
        }
        return path
    }

    /// The program that isolates drivers, beside this one.
    private static var hostPath: String {
        let folder = Context.executablePath.split(separator: "/").dropLast().map { "/" + $0 }
        return folder.joined() + "/holdfast-driver-host"
    }

    /// Becomes the kit, so that its signals and its exit code are this command's.
    private static func execute(_ program: String, _ words: [String]) throws(Failure) -> Never {
        // This program ignores it, and a driver must be tested as any process starts.
        signal(SIGPIPE, SIG_DFL)
        var texts = unsafe ([program] + words).map { unsafe strdup($0) } + [nil]
        unsafe execv(program, &texts)
        throw Failure(
            .failure, "kit-missing",
            "cannot run \(program): \(unsafe String(cString: strerror(errno)))")
    }
}

/// What is passed on to the conformance kit.
struct KitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The store's options: \"name = value\" or JSON.", valueName: "file"))
    var options: String?

    @Option(
        help: ArgumentHelp(
            "Only these profiles: core, cas, list, clock, large.", valueName: "a,b"))
    var profile: String?

    @Option(help: ArgumentHelp("Only these checks or groups.", valueName: "a,b"))
    var only: String?

    @Option(help: ArgumentHelp("Where all random numbers come from.", valueName: "number"))
    var seed: String?

    @Option(help: ArgumentHelp("How long each check may take.", valueName: "seconds"))
    var deadline: String?

    @Option(help: ArgumentHelp("Write JUnit XML as well.", valueName: "file"))
    var junit: String?

    @Option(help: ArgumentHelp("Write what the driver can do, as Markdown.", valueName: "file"))
    var table: String?

    @Option(
        help: ArgumentHelp("Where the driver runs: in-process or process.", valueName: "where"))
    var isolation: String?

    @Flag(help: "Objects of several GiB as well, which takes minutes.") var large = false

    @Flag(help: "Show the checks and end.") var list = false

    /// The kit's command line.
    var words: [String] {
        let pairs = [
            ("--options", options), ("--profile", profile), ("--only", only), ("--seed", seed),
            ("--deadline", deadline), ("--junit", junit), ("--table", table),
            ("--isolation", isolation),
        ]
        return pairs.flatMap { name, value in value.map { [name, $0] } ?? [] }
            + (large ? ["--large"] : []) + (list ? ["--list"] : [])
    }
}
