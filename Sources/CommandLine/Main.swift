internal import ArgumentParser
internal import Glibc

/// Where the process starts and ends.
@main enum Main {
    static func main() {
        // A driver's write to a closed connection must be its error and not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard areText else {
            // Swift has replaced what is no text, so that another state than the one meant could be
            // changed.
            let failure = Failure(.usage, "usage", "an argument is not UTF-8")
            Usage(arguments).console.report(failure)
            end(failure.exit)
        }
        end(run(arguments))
    }

    /// Ends the process without the exit handlers of the drivers' libraries.
    ///
    /// Those of OpenSSL free what threads of the pool that end at the same moment free as well, which
    /// corrupts the heap now and then. The stores are closed already.
    private static func end(_ status: ExitStatus) -> Never {
        fflush(nil)
        _exit(status.rawValue)
    }

    /// Whether every argument is valid UTF-8.
    private static var areText: Bool {
        (0..<Int(CommandLine.argc)).allSatisfy { index in
            guard let argument = unsafe CommandLine.unsafeArgv[index] else { return true }
            return unsafe String(validatingCString: argument) != nil
        }
    }

    private static func run(_ arguments: [String]) -> ExitStatus {
        let command: any ParsableCommand
        do { command = try Holdfast.parseAsRoot(arguments) } catch {
            return Usage(arguments).report(error)
        }
        guard let command = command as? any HoldfastCommand else {
            return Usage(arguments).help(by: command)
        }
        let console = Console(command.common)
        let context = Context(command.common, console)
        defer { context.close() }
        do {
            try command.perform(context)
            try console.finish()
            return context.status
        } catch {
            let failure = Failure(any: error, interruption: context.interruption.signal)
            console.report(failure)
            return failure.exit
        }
    }
}

/// A command that does something, as opposed to a group of commands.
protocol HoldfastCommand: ParsableCommand {
    /// The options that every command takes.
    var common: CommonOptions { get }

    /// Does it; data goes through the context's console.
    func perform(_ context: Context) throws
}
