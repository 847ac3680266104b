/// Where a value came from, strongest first.
package enum Origin: Sendable, Hashable, CustomStringConvertible {
    /// A flag of the command line, such as `--port`.
    case flag(String)
    /// An environment variable.
    case environment(String)
    /// The project's file.
    case projectFile(SourceLocation)
    /// The user's own file.
    case userFile(SourceLocation)
    /// Nobody said: the default, or what was found; the text says which.
    case standard(String)

    /// How `config show --origin` names it.
    package var description: String {
        switch self {
        case .flag(let name): "flag \(name)"
        case .environment(let name): "environment \(name)"
        case .projectFile(let location): "\(location)"
        case .userFile(let location): "\(location)"
        case .standard(let reason): reason
        }
    }

    /// One word for the kind of origin, as `--json` gives it.
    package var kind: String {
        switch self {
        case .flag: "flag"
        case .environment: "environment"
        case .projectFile: "project-file"
        case .userFile: "user-file"
        case .standard: "default"
        }
    }

    /// The place in a file, when it was one.
    package var location: SourceLocation? {
        switch self {
        case .projectFile(let location), .userFile(let location): location
        case .flag, .environment, .standard: nil
        }
    }
}

/// A value and where it came from.
package struct Sourced<Value: Sendable>: Sendable {
    /// The value.
    package var value: Value
    /// Where it came from.
    package var origin: Origin
    /// Whether a `${env:…}` supplied it or a part of it.
    package var isBound: Bool

    /// Makes a sourced value.
    package init(_ value: Value, _ origin: Origin, isBound: Bool = false) {
        self.value = value
        self.origin = origin
        self.isBound = isBound
    }
}
