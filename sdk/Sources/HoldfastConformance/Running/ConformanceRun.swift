internal import Glibc

/// Runs checks of a driver, each in a process of its own.
public struct ConformanceRun: Sendable {
    /// The program that runs one check: `holdfast-conformance`, by its path.
    public var program: String
    /// The folder that holds `driver.toml` and the library.
    public var driverFolder: String
    /// The file with the store's options, or `nil` for their defaults.
    public var optionsPath: String?
    /// Where the random numbers of all checks come from.
    public var seed: UInt64
    /// The path of `holdfast-driver-host` to run the driver with, or `nil` to run it in the check's
    /// own process.
    public var driverHost: String?

    /// Makes a run.
    ///
    /// - Parameters:
    ///   - program: The path of `holdfast-conformance`.
    ///   - driverFolder: The folder that holds `driver.toml` and the library.
    ///   - optionsPath: The file with the store's options.
    ///   - seed: Where the random numbers of all checks come from.
    ///   - driverHost: The path of `holdfast-driver-host`, when the driver is to be isolated.
    public init(
        program: String, driverFolder: String, optionsPath: String? = nil, seed: UInt64,
        driverHost: String? = nil
    ) {
        self.program = program
        self.driverFolder = driverFolder
        self.optionsPath = optionsPath
        self.seed = seed
        self.driverHost = driverHost
    }

    /// What is wrong with the options file, or `nil`.
    public func optionsProblem() -> String? {
        do throws(CheckFailure) {
            _ = try CheckProcess.readOptions(optionsPath)
            return nil
        } catch {
            return error.found
        }
    }

    /// Runs checks one after the other.
    ///
    /// What the driver writes to standard output or error during any of them is the failure of
    /// ``CheckTable/quiet``, which is added when it is not among them.
    ///
    /// - Parameters:
    ///   - checks: The checks.
    ///   - onResult: Receives each result as soon as it is there.
    /// - Returns: The results in the same order.
    public func run(
        _ checks: [Check], onResult: (CheckResult) -> Void = { _ in }
    ) -> [CheckResult] {
        var results: [CheckResult] = []
        let quiet = checks.first { $0.id == CheckTable.quiet.id }
        for check in checks where check.id != quiet?.id {
            results.append(run(check))
            onResult(results[results.count - 1])
        }
        let loud = results.first(where: \.isLoud)
        guard quiet != nil || loud != nil else { return results }
        var last = run(CheckTable.quiet)
        if let loud, last.verdict.isGood { last.verdict = .fail(loud.noise) }
        onResult(last)
        results.append(last)
        return results
    }

    /// Runs one check.
    ///
    /// - Parameter check: The check.
    /// - Returns: How it ended.
    public func run(_ check: Check) -> CheckResult {
        let start = monotonicMilliseconds()
        var result = CheckResult(
            check: check, verdict: .pass(note: ""), milliseconds: 0, output: "", errorOutput: "")
        do throws(CheckFailure) {
            let folder = try makeTemporaryFolder()
            defer { removeTree(folder) }
            let process = try ChildProcess(program, arguments(check, folder))
            let ending = process.wait(seconds: check.seconds)
            result.output = text(process.output)
            result.errorOutput = text(process.errorOutput)
            result.verdict = verdict(ending, process.verdict.contents(most: 65536), check)
        } catch {
            result.verdict = .fail(error)
        }
        result.milliseconds = monotonicMilliseconds() - start
        return result
    }

    private func arguments(_ check: Check, _ folder: String) -> [String] {
        ["--run-check", check.id, "--folder", folder, "--seed", "\(seed)"]
            + ["--deadline", "\(check.seconds)"]
            + (optionsPath.map { ["--options", $0] } ?? [])
            + (isolation(check).map { ["--isolation", "process", "--driver-host", $0] } ?? [])
            + ["--", driverFolder]
    }

    /// What looks at the process that the driver runs in needs it to be the check's own.
    private static let ownProcess: Set<String> = [
        "lifecycle.process-state", "lifecycle.children", "lifecycle.quiet",
    ]

    private func isolation(_ check: Check) -> String? {
        Self.ownProcess.contains(check.id) ? nil : driverHost
    }

    private func text(_ file: ScratchFile) -> String {
        String(decoding: file.contents(most: 4096), as: UTF8.self)
    }

    private func verdict(
        _ ending: ChildProcess.Ending, _ said: [UInt8], _ check: Check
    ) -> Verdict {
        switch ending {
        case .overdue: return .hang(seconds: check.seconds)
        case .signalled(let signal): return .crash(signal: signal)
        case .exited(let status):
            if status == 0, let verdict = Verdict(encoded: said) { return verdict }
            return .fail(
                CheckFailure(
                    "the process ended with status \(status) in the middle of the check",
                    do: "never end the process from a driver"))
        }
    }
}

extension CheckResult {
    /// Whether the driver wrote to standard output or error; what a crash leaves there is not its own.
    var isLoud: Bool {
        switch verdict {
        case .crash, .hang: !output.isEmpty
        case .pass, .fail, .refused: !output.isEmpty || !errorOutput.isEmpty
        }
    }

    /// What ``isLoud`` means for the check that demands silence.
    var noise: CheckFailure {
        let (stream, text) =
            output.isEmpty ? ("standard error", errorOutput) : ("standard output", output)
        let line = text.prefix { !$0.isNewline }.prefix(120)
        return CheckFailure(
            "during \(check.id) it wrote to \(stream): \(line)",
            do: "give messages to the host's event function")
    }
}

/// The side of the check's own process.
public enum CheckProcess {
    /// Runs a check in this process, hands the verdict to the runner and ends the process.
    ///
    /// - Parameters:
    ///   - check: The check.
    ///   - driverFolder: The driver's folder.
    ///   - folder: The check's own folder.
    ///   - optionsPath: The file with the store's options.
    ///   - seed: The seed of the run.
    ///   - driverHost: The path of `holdfast-driver-host`, when the driver is to be isolated.
    public static func run(
        _ check: Check, driverFolder: String, folder: String, optionsPath: String?, seed: UInt64,
        driverHost: String? = nil
    ) -> Never {
        unblockSignals()
        // A runner that was killed leaves nothing behind.
        _ = alarm(UInt32(check.seconds) + 10)
        _ = fcntl(ChildProcess.verdictDescriptor, F_SETFD, FD_CLOEXEC)
        let verdict: Verdict
        do throws(CheckFailure) {
            let options = try readOptions(optionsPath)
            try require(unsafe chdir(folder) == 0, "\(folder): \(systemError())")
            let run = CheckRun(
                check: check.id, driverFolder: driverFolder, folder: folder, seed: seed,
                optionsFile: options, driverHost: driverHost)
            verdict = judge(check, run)
        } catch {
            verdict = .fail(error)
        }
        let isSaid = writeAll(verdict.encoded, to: ChildProcess.verdictDescriptor)
        exit(isSaid ? 0 : 1)
    }

    /// Lets every signal through, whatever the thread that started this process kept away.
    static func unblockSignals() {
        var none = sigset_t()
        _ = unsafe sigemptyset(&none)
        _ = unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
    }

    /// Reads a file of options; no file gives no options.
    static func readOptions(_ path: String?) throws(CheckFailure) -> OptionsFile {
        guard let path else { return OptionsFile() }
        return try OptionsFile(try readFile(path, most: 1 << 20), path: path)
    }

    private static func judge(_ check: Check, _ run: CheckRun) -> Verdict {
        do {
            try check.body(run)
            try run.finish()
            return .pass(note: run.note)
        } catch let failure as CheckFailure {
            return .fail(failure)
        } catch let gone as PeerGone {
            return .fail(CheckFailure(gone.description))
        } catch let refused as Refused {
            do { try run.finish() } catch { return .fail(error) }
            return .refused(capability: refused.capability)
        } catch {
            return .fail(CheckFailure("a call that must succeed failed: \(error)"))
        }
    }
}
