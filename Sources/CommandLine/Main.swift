internal import ArgumentParser
internal import Glibc

/// Where the process starts and ends.
@main enum Main {
    static func main() {
        // A driver's write to a closed connection must be its error and not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        exit(run(arguments).rawValue)
    }

    private static func run(_ arguments: [String]) -> ExitStatus {
        let command: any ParsableCommand
        do { command = try Holdfast.parseAsRoot(arguments) } catch {
            return Usage(arguments).report(error)
        }
        guard let command = command as? any HoldfastCommand else {
            return Usage(arguments).help(of: command)
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
