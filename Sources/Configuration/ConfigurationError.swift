/// One place in a configuration file.
package struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    /// The file as messages name it.
    package var file: String
    /// The line, from 1.
    package var line: Int
    /// The column in Unicode scalars, from 1.
    package var column: Int

    /// Makes a location.
    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// The form that editors and terminals turn into a link.
    package var description: String { "\(file):\(line):\(column)" }
}

/// Why a configuration cannot be used.
///
/// Every one of them ends a command with exit code 2.
package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// The class of the failure.
    ///
    /// Act on it, never on the message.
    package enum Code: String, Sendable {
        /// A file that was asked for does not exist.
        case missing
        /// A file exists and cannot be read.
        case unreadable
        /// The file is not the YAML it should be.
        case syntax
        /// The file is larger, deeper or more tangled than it may be.
        case limit
        /// A value is not one of those allowed.
        case invalid
        /// A block of Holdfast's has a key that Holdfast does not know.
        case unknownKey
        /// A `${env:NAME}` names a variable that is not set.
        case unset
        /// Something recognised that this version does not have.
        case notImplemented
        /// Two settings contradict each other.
        case conflict
    }

    /// The class of the failure.
    package var code: Code
    /// Where, when a file is to blame.
    package var location: SourceLocation?
    /// What is wrong, in one line, without secrets.
    package var message: String
    /// What to do next; empty when the message says it.
    package var advice: String

    /// Makes an error.
    package init(
        _ code: Code, at location: SourceLocation? = nil, _ message: String, advice: String = ""
    ) {
        self.code = code
        self.location = location
        self.message = message
        self.advice = advice
    }

    /// The message behind its location.
    package var description: String { location.map { "\($0): \(message)" } ?? message }
}
