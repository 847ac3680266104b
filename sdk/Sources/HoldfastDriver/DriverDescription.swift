/// What a driver says of itself before any store is open.
public struct DriverDescription: Sendable {
    /// How many calls may run at once.
    public enum ThreadModel: UInt32, Sendable {
        /// One call at a time in the whole driver.
        case perDriver = 1000
        /// One call at a time on each store.
        case perStore = 2000
        /// Any number of calls at once.
        case parallel = 4000
    }

    /// Which workspace a store uses when the operator names none.
    public enum Addressing: String, Sendable {
        /// The place is the workspace (a directory, a bucket and prefix): keys carry an empty one.
        case place
        /// One place serves many workspaces as rows: keys carry the project's.
        case rows
    }

    /// The driver's id: 1 to 32 bytes of `[a-z0-9-]`; the same as in `driver.toml`.
    public var id: String
    /// The driver's semantic version.
    public var version: String
    /// Who makes it.
    public var vendor: String
    /// One sentence for `holdfast driver list`.
    public var summary: String
    /// How many calls may run at once.
    public var threadModel: ThreadModel
    /// Which workspace a store uses when the operator names none.
    public var addressing: Addressing
    /// The longest time from a deadline or cancellation to the call's return, in milliseconds.
    public var graceMilliseconds: Int
    /// The options of a store.
    public var options: [OptionDescription]
    /// The declared capabilities; an open store may report less.
    public var capabilities: [Capability]

    /// Makes a description.
    public init(
        id: String, version: String, vendor: String, summary: String, threadModel: ThreadModel,
        addressing: Addressing, graceMilliseconds: Int = 1000, options: [OptionDescription],
        capabilities: [Capability]
    ) {
        self.id = id
        self.version = version
        self.vendor = vendor
        self.summary = summary
        self.threadModel = threadModel
        self.addressing = addressing
        self.graceMilliseconds = graceMilliseconds
        self.options = options
        self.capabilities = capabilities
    }
}

/// One option of a store.
public struct OptionDescription: Sendable {
    /// An option's type; the host parses and checks it.
    public enum Kind: Sendable, Hashable {
        /// Text.
        case string
        /// Text that never appears in a message.
        case secret
        /// A whole number within bounds.
        case integer(ClosedRange<Int64>)
        /// True or false.
        case boolean
        /// A duration such as `250ms` or `5s`, handed over in nanoseconds.
        case duration
        /// A size such as `64MiB`, handed over in bytes.
        case size
        /// A path; relative ones are made absolute from the project's root.
        case path
        /// One of these words.
        case choice([String])
        /// The name of an environment variable, also as `env:NAME`, that holds another option's value.
        ///
        /// The host looks it up, and the driver only sees the other option.
        case variable(of: String)
    }

    /// The option's name in `options:`.
    public var name: String
    /// Its type.
    public var kind: Kind
    /// What it does, for help and documentation.
    public var summary: String
    /// The default, written as in the configuration file; `nil` for none.
    public var defaultValue: String?
    /// Whether it must be given.
    public var isRequired: Bool
    /// The environment variables that are read when it is not given; the first that is set counts.
    ///
    /// A driver reads no environment itself: in a process of its own it has none.
    public var environment: [String]
    /// The flat keys in the `backend:` block, such as `sqlitePath`; the first that is given counts.
    public var flatKeys: [String]

    /// Makes an option's description.
    public init(
        _ name: String, _ kind: Kind, _ summary: String, default defaultValue: String? = nil,
        isRequired: Bool = false, environment: [String] = [], flatKeys: [String] = []
    ) {
        self.name = name
        self.kind = kind
        self.summary = summary
        self.defaultValue = defaultValue
        self.isRequired = isRequired
        self.environment = environment
        self.flatKeys = flatKeys
    }
}

/// Something that a store can do, and how far.
public struct Capability: Sendable, Hashable {
    /// Who does it.
    public enum Level: UInt32, Sendable {
        /// Nobody: such a call is refused.
        case none = 0
        /// The driver, correctly, without the store's own support.
        case emulated = 10
        /// The store itself.
        case native = 20
    }

    /// The capability's id, one of those in `holdfast/driver.h`.
    public var id: String
    /// Who does it.
    public var level: Level
    /// The limit that the id names; 0 for none.
    public var limit: UInt64
    /// A remark for people.
    public var note: String

    /// Makes a capability.
    public init(_ id: String, _ level: Level, limit: UInt64 = 0, note: String = "") {
        self.id = id
        self.level = level
        self.limit = limit
        self.note = note
    }
}
