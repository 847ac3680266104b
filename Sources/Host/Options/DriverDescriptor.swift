/// What a driver says of itself: the document that its `describe` writes.
package struct DriverDescriptor: Sendable, Hashable {
    /// The driver's id.
    package var id: String
    /// Its version.
    package var version: String
    /// Who makes it.
    package var vendor: String
    /// One sentence.
    package var summary: String
    /// Which workspace a store uses when the operator names none.
    package var addressing: Addressing
    /// The longest time from a deadline or cancellation to the call's return.
    package var grace: Duration
    /// The options of a store.
    package var options: [OptionDescriptor]
    /// What it declares before a store is open.
    package var capabilities: Capabilities
}

/// One option of a store.
package struct OptionDescriptor: Sendable, Hashable {
    /// An option's type.
    package enum Kind: Sendable, Hashable {
        /// Text.
        case string
        /// Text that never appears in a message.
        case secret
        /// A whole number within bounds.
        case integer(ClosedRange<Int64>)
        /// True or false.
        case boolean
        /// A duration such as `250ms`.
        case duration
        /// A size such as `64MiB`.
        case size
        /// A path; relative ones start at the project's root.
        case path
        /// One of these words.
        case choice([String])
        /// The name of an environment variable that holds another option's value.
        case variable(of: String)

        /// Whether it is a variable's name, which the driver never sees.
        var isVariable: Bool {
            if case .variable = self { true } else { false }
        }
    }

    /// Its name in `options:`.
    package var name: String
    /// Its type.
    package var kind: Kind
    /// What it does.
    package var summary: String
    /// Whether it must be given.
    package var isRequired: Bool
    /// The default, written as in the configuration; `nil` for none.
    package var defaultValue: String?
    /// The environment variables that are read when it is not given; the first that is set counts.
    package var environment: [String]
    /// Its keys in the flat `backend:` block, such as `sqlitePath`; the first that is given counts.
    package var flatKeys: [String]
}
