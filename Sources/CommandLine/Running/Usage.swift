internal import ArgumentParser
internal import Glibc
internal import Host

/// What happens to a command line that is not a command: help, or an error with a way out of it.
struct Usage {
    private let arguments: [String]

    init(_ arguments: [String]) { self.arguments = arguments }

    /// Prints the help that a group stands for, or that was asked for.
    func help(by command: any ParsableCommand) -> ExitStatus {
        var command = command
        do {
            // What is no command of ours has nothing to do but to throw the help.
            try command.run()
            return .ok
        } catch {
            return report(error)
        }
    }

    /// Prints what the parser has to say.
    func report(_ error: any Error) -> ExitStatus {
        guard Holdfast.exitCode(for: error) != .success else {
            return print(Holdfast.fullMessage(for: error))
        }
        console.report(failure(for: error))
        return .usage
    }

    private func print(_ text: String) -> ExitStatus {
        let console = console
        console.line(text)
        do { try console.finish() } catch {
            console.report(error)
            return error.exit
        }
        return .ok
    }

    private func failure(for error: any Error) -> Failure {
        let place = Place(arguments)
        if let stray = place.stray {
            let names = place.commandNames
            let nearest = DidYouMean.closest(to: stray, among: names)
            return Failure(
                .usage, "usage", "\(place.title) has no command '\(Table.visible(stray))'",
                hint: nearest.map { "did you mean '\(place.title) \($0)'?" }
                    ?? "its commands are \(names.joined(separator: ", "))")
        }
        let message = Table.visible(Holdfast.message(for: error))
        let isEarly = place.hasEarlyOption && !place.commandNames.isEmpty
        return Failure(
            .usage, "usage", message,
            hint: isEarly
                ? "options go behind the command, as in holdfast state list --json"
                : "\(place.title) --help shows how it is used")
    }

    /// The parser failed, so only the switches that a console needs are looked for.
    var console: Console {
        Console(
            isJSON: arguments.contains("--json"), allowsColor: !arguments.contains("--no-color"))
    }
}

/// How far the arguments name commands.
private struct Place {
    /// The commands that were named, such as `holdfast state`.
    private(set) var title = "holdfast"
    /// The word that names no command where one is due.
    private(set) var stray: String?
    /// Whether an option stands where a command is due.
    private(set) var hasEarlyOption = false
    /// The commands that may come next.
    private(set) var commandNames: [String]

    init(_ arguments: [String]) {
        var command: any ParsableCommand.Type = Holdfast.self
        commandNames = Self.names(in: command)
        for argument in arguments where !commandNames.isEmpty {
            guard !argument.hasPrefix("-") else {
                hasEarlyOption = true
                return
            }
            let next = command.configuration.subcommands.first {
                $0.configuration.commandName == argument
            }
            guard let next else {
                if argument != "help" { stray = argument }
                return
            }
            command = next
            title += " \(argument)"
            commandNames = Self.names(in: command)
        }
    }

    private static func names(in command: any ParsableCommand.Type) -> [String] {
        command.configuration.subcommands.compactMap { $0.configuration.commandName }
    }
}
