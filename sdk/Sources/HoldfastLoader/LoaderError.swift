/// Why a driver cannot be loaded: what is wrong, where, and what to do about it.
public struct LoaderError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of a refusal.
    ///
    /// More may come.
    public struct Code: Sendable, Hashable {
        /// The kind in one word, for machines.
        public let name: String

        fileprivate init(_ name: String) { self.name = name }
    }

    /// The kind of the refusal.
    public var code: Code
    /// The file or folder that it is about, with the line where there is one.
    public var path: String
    /// What is wrong.
    public var message: String
    /// What to do about it, as one sentence without a full stop.
    public var remedy: String

    package init(_ code: Code, _ path: String, _ message: String, do remedy: String) {
        self.code = code
        self.path = path
        self.message = message
        self.remedy = remedy
    }

    /// Where, what and what to do.
    public var description: String { "\(path): \(message); \(remedy)" }
}

extension LoaderError.Code {
    /// There is no such file or folder.
    public static let missing = Self("missing")
    /// It cannot be opened or read.
    public static let unreadable = Self("unreadable")
    /// A symbolic link where none is followed.
    public static let symbolicLink = Self("symbolic-link")
    /// Neither root nor the user owns it.
    public static let owner = Self("owner")
    /// Others can write to it.
    public static let writable = Self("writable")
    /// It is not a regular file, or is set to run as another user.
    public static let kind = Self("kind")
    /// It is larger than any driver.
    public static let tooLarge = Self("too-large")
    /// The manifest is wrong.
    public static let manifest = Self("manifest")
    /// It is not a complete shared library.
    public static let malformed = Self("malformed")
    /// It is made for another machine.
    public static let machine = Self("machine")
    /// It carries no note of the interface, or not exactly one.
    public static let note = Self("note")
    /// Its interface version cannot be spoken.
    public static let interface = Self("interface")
    /// Its exported symbols are not exactly the one.
    public static let exports = Self("exports")
    /// It needs a library that is not allowed.
    public static let needed = Self("needed")
    /// It was linked in a way that is not allowed.
    public static let linking = Self("linking")
    /// The system's loader refused it.
    public static let open = Self("open")
    /// What it says at run time is wrong.
    public static let table = Self("table")
    /// The driver's own process could not be started, or ended before the driver was loaded.
    public static let process = Self("process")

    /// The code of a name that another process of this build gave.
    package init(named name: String) { self.init(name) }
}
