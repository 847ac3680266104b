internal import Glibc
internal import HoldfastConformance

/// `holdfast-conformance`: checks a driver, each check in a process of its own.
@main enum Main {
    /// Every check; those of other modules are appended here.
    static let checks = CheckTable.checks

    static func main() {
        do throws(UsageError) {
            let arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
            if arguments.wantsHelp {
                write(Arguments.help, to: 1)
                return
            }
            let chosen = try arguments.chosen(checks)
            if arguments.wantsList { return list(chosen) }
            guard let given = arguments.driverFolder else {
                throw UsageError("the driver's folder is missing")
            }
            let folder = try existing(given)
            let options = try arguments.optionsPath.map { path throws(UsageError) in
                try existing(path)
            }
            if let id = arguments.check { try runOne(id, arguments, folder, options) }
            guard !chosen.isEmpty else { throw UsageError("no check is left to run") }
            try runAll(chosen, arguments, folder, options)
        } catch {
            write("holdfast-conformance: \(error.message); see --help\n", to: 2)
            exit(2)
        }
    }

    private static func existing(_ path: String) throws(UsageError) -> String {
        guard let resolved = unsafe realpath(path, nil) else {
            throw UsageError("\(path): \(unsafe String(cString: strerror(errno)))")
        }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    private static func list(_ checks: [Check]) {
        for check in checks {
            write("\(check.id)  [\(check.profile.rawValue)]  \(check.title)\n", to: 1)
        }
    }

    private static func runOne(
        _ id: String, _ arguments: Arguments, _ driverFolder: String, _ options: String?
    ) throws(UsageError) -> Never {
        guard let check = checks.first(where: { $0.id == id }) else {
            throw UsageError("there is no check \(id)")
        }
        guard let given = arguments.folder else { throw UsageError("--run-check needs --folder") }
        CheckProcess.run(
            check, driverFolder: driverFolder, folder: try existing(given), optionsPath: options,
            seed: arguments.seed ?? 0, driverHost: try driverHost(arguments))
    }

    /// The program that isolates the driver, when it is to be isolated.
    private static func driverHost(_ arguments: Arguments) throws(UsageError) -> String? {
        guard arguments.isIsolated else {
            guard arguments.driverHost == nil else {
                throw UsageError("--driver-host needs --isolation process")
            }
            return nil
        }
        if let given = arguments.driverHost { return try existing(given) }
        let own = try existing("/proc/self/exe")
        return try existing(
            String(own[..<(own.lastIndex(of: "/") ?? own.startIndex)])
                + "/holdfast-driver-host")
    }

    private static func runAll(
        _ checks: [Check], _ arguments: Arguments, _ folder: String, _ options: String?
    ) throws(UsageError) -> Never {
        let seed = arguments.seed ?? UInt64.random(in: 0...UInt64(Int64.max))
        let program = try existing("/proc/self/exe")
        let facts = RunFacts(folder: folder, seed: seed)
        let run = ConformanceRun(
            program: program, driverFolder: folder, optionsPath: options, seed: seed,
            driverHost: try driverHost(arguments))
        if let problem = run.optionsProblem() { throw UsageError(problem) }
        var text = TextReport()
        let results = run.run(checks) { result in
            if !arguments.wantsJSON { write(text.lines(result), to: 1) }
        }
        if arguments.wantsJSON {
            write(jsonReport(results, facts) + "\n", to: 1)
        } else {
            write(TextReport.summary(results, seed: seed), to: 1)
        }
        if let path = arguments.junitPath { try save(junitReport(results, facts), path) }
        exit(results.allSatisfy(\.verdict.isGood) ? 0 : 1)
    }

    private static func save(_ text: String, _ path: String) throws(UsageError) {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0, write(text, to: file), close(file) == 0 else {
            throw UsageError(
                "\(path) cannot be written: \(unsafe String(cString: strerror(errno)))")
        }
    }

    @discardableResult private static func write(_ text: String, to descriptor: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
