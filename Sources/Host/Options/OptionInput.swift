/// An option's value as the operator gave it.
package struct OptionInput: Sendable, Hashable {
    /// The value, written as in the configuration file.
    package var value: String
    /// Where it stands, such as `holdfast.yml:12:5`; `nil` when it has no place.
    package var location: String?
    /// Where it comes from, such as `project file` or `--option`.
    package var origin: String

    /// Makes an input.
    package init(_ value: String, location: String? = nil, origin: String = "") {
        self.value = value
        self.location = location
        self.origin = origin
    }
}

/// The store that is to be opened.
package struct StoreSpecification: Sendable {
    /// How keys of `options` name the driver's options.
    package enum KeyStyle: Sendable {
        /// By the option's own name, as in `stores: {name: {options: …}}`.
        case names
        /// By its flat key, as in the `backend:` block (`sqlitePath`).
        case flatKeys
    }

    /// The store's name, such as `default`.
    package var name: String
    /// The driver's id.
    package var driver: String
    /// The options that were given.
    package var options: [String: OptionInput]
    /// How their keys name them.
    package var keyStyle: KeyStyle
    /// The directory that relative paths start at, absolute.
    package var projectRoot: String
    /// The layers around the store, outermost first; `nil` for the usual ones.
    package var layers: [String]?
    /// The faults that the store shall show, for tests of what stands above it; see ``FaultRule``.
    package var faults: [FaultRule]
    /// Where the driver's code runs; `nil` where its trust decides.
    package var isolation: Isolation?
    /// Where the store is configured, such as `holdfast.yml:3:1`.
    package var location: String?
    /// The process's environment, for options that fall back to a variable.
    package var environment: [String: String]
    /// What the project says elsewhere, by the name of the option that it stands for.
    ///
    /// It counts before the environment, for an option that was not given; a driver without such an
    /// option never sees it.
    package var projectValues: [String: OptionInput]

    /// Makes a specification.
    package init(
        name: String, driver: String, options: [String: OptionInput] = [:],
        keyStyle: KeyStyle = .names, projectRoot: String, layers: [String]? = nil,
        faults: [FaultRule] = [], isolation: Isolation? = nil, location: String? = nil,
        environment: [String: String] = [:], projectValues: [String: OptionInput] = [:]
    ) {
        self.name = name
        self.driver = driver
        self.options = options
        self.keyStyle = keyStyle
        self.projectRoot = projectRoot
        self.layers = layers
        self.faults = faults
        self.isolation = isolation
        self.location = location
        self.environment = environment
        self.projectValues = projectValues
    }
}
