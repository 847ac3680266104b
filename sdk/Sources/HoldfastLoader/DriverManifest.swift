/// What `driver.toml` says about a driver.
///
/// It is for people and for checks before loading; the driver's own table is what counts at run
/// time.
public struct DriverManifest: Sendable, Hashable {
    /// Where a driver may run.
    public enum Isolation: String, Sendable {
        /// In the host's own process.
        case inProcess = "in-process"
        /// In a process of its own.
        case process
    }

    /// The driver's id, such as `sqlite`.
    public var id: String
    /// The driver's name for people.
    public var name: String
    /// The driver's semantic version.
    public var version: String
    /// Who publishes it.
    public var publisher: String
    /// Its licence, as an SPDX expression.
    public var license: String
    /// One sentence for people.
    public var summary: String
    /// The interface version.
    public var abiMajor: UInt32
    /// The interface's revision, which only ever adds.
    public var abiMinor: UInt32
    /// The number of the interface's draft; 0 once it is frozen.
    public var draft: UInt32
    /// The level of the interface's meaning.
    public var behaviour: UInt32
    /// The library's file name, beside the manifest.
    public var library: String
    /// Libraries that it needs besides the C and C++ runtimes.
    public var needed: [String]
    /// What it is written in.
    public var language: String
    /// How many calls it takes at once; the driver's table must say the same.
    public var threads: ThreadModel
    /// What may exist only once in a process, such as `sqlite-posix-locks`.
    public var singletons: [String]
    /// Where its author would run it.
    ///
    /// The operator decides, so this alone does not count.
    public var isolation: Isolation

    /// The only manifest version there is.
    public static let manifestVersion: Int64 = 1

    /// Reads a manifest strictly: an unknown key is an error, because it may be a misspelt one.
    ///
    /// - Parameters:
    ///   - text: The file's bytes, at most 64 KiB.
    ///   - path: The file's path, for errors.
    /// - Throws: ``LoaderError`` with code `manifest` and a path of the form `path:line`.
    public init(text: [UInt8], path: String) throws(LoaderError) {
        var fields = ManifestFields(text: try ManifestText(text, path: path))
        let version = try fields.integer("manifest_version")
        guard version == Self.manifestVersion else {
            throw fields.error(
                "manifest_version", "this host knows manifest version 1, not \(version)")
        }
        try fields.checkTables(["driver", "abi", "library", "runtime", "isolation"])
        id = try fields.string("driver.id")
        guard Self.isDriverID(id) else {
            throw fields.error(
                "driver.id", "driver.id is not 1 to 32 of a-z, 0-9 and -, starting with a letter")
        }
        name = try fields.string("driver.name")
        self.version = try fields.string("driver.version")
        publisher = try fields.string("driver.publisher")
        license = try fields.string("driver.license")
        summary = try fields.string("driver.summary")
        abiMajor = try fields.number("abi.major")
        abiMinor = try fields.number("abi.minor")
        draft = try fields.number("abi.draft")
        behaviour = try fields.number("abi.behaviour")
        library = try fields.string("library.path")
        guard Self.isFileName(library) else {
            throw fields.error(
                "library.path", "library.path is not the name of a file beside the manifest")
        }
        needed = try fields.list("library.needed", or: [])
        language = try fields.string("runtime.language")
        let threads = try fields.string("runtime.threads")
        guard let threads = ThreadModel(name: threads) else {
            throw fields.error(
                "runtime.threads",
                "runtime.threads is none of \"per-driver\", \"per-store\" and \"parallel\"")
        }
        self.threads = threads
        singletons = try fields.list("runtime.singletons", or: [])
        let isolation = try fields.string("isolation.default")
        guard let isolation = Isolation(rawValue: isolation) else {
            throw fields.error(
                "isolation.default", "isolation.default is neither \"in-process\" nor \"process\"")
        }
        self.isolation = isolation
        try fields.finish()
    }

    /// Whether `text` can be a driver's id.
    static func isDriverID(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, (1...32).contains(bytes.count) else { return false }
        return (0x61...0x7a).contains(first)
            && bytes.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d
            }
    }

    private static func isFileName(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && text != "." && text != ".." && !text.contains("/")
            && !text.utf8.contains(0)
    }
}

/// The values of a manifest by their type; it remembers which were asked for.
private struct ManifestFields {
    let text: ManifestText
    private var known: Set<String> = []

    init(text: ManifestText) { self.text = text }

    func error(_ name: String, _ message: String) -> LoaderError { text.error(name, message) }

    private mutating func value(_ name: String) throws(LoaderError) -> ManifestText.Value {
        known.insert(name)
        guard let item = text.items[name] else { throw error(name, "\(name) is missing") }
        return item.value
    }

    mutating func string(_ name: String) throws(LoaderError) -> String {
        guard case .string(let string) = try value(name), !string.isEmpty else {
            throw error(name, "\(name) is not text in double quotes")
        }
        return string
    }

    mutating func integer(_ name: String) throws(LoaderError) -> Int64 {
        guard case .integer(let number) = try value(name) else {
            throw error(name, "\(name) is not an integer")
        }
        return number
    }

    mutating func number(_ name: String) throws(LoaderError) -> UInt32 {
        guard let number = UInt32(exactly: try integer(name)) else {
            throw error(name, "\(name) is too large")
        }
        return number
    }

    mutating func list(_ name: String, or absent: [String]) throws(LoaderError) -> [String] {
        known.insert(name)
        guard text.items[name] != nil else { return absent }
        guard case .list(let list) = try value(name) else {
            throw error(name, "\(name) is not a list of strings")
        }
        return list
    }

    /// Refuses other tables; the first in the file is named.
    func checkTables(_ known: Set<String>) throws(LoaderError) {
        let unknown = text.tables.filter { !known.contains($0.key) }
        guard let first = unknown.min(by: { $0.value < $1.value }) else { return }
        throw text.error(line: first.value, "[\(first.key)] is no table of manifest version 1")
    }

    /// Refuses keys that nobody asked for; the first in the file is named.
    func finish() throws(LoaderError) {
        let unknown = text.items.filter { !known.contains($0.key) }
        guard let first = unknown.min(by: { $0.value.line < $1.value.line }) else { return }
        throw error(first.key, "\(first.key) is not a key of manifest version 1")
    }
}
