/// An object's address: see section 7 of `holdfast/driver.h` for the limits of each part.
public struct ObjectKey: Sendable, Hashable {
    /// A kind of object, such as `terraform`.
    public var collection: String
    /// Whose objects these are; empty for the store's own workspace.
    public var workspace: String
    /// Parts joined by single slashes.
    public var path: String

    /// Makes a key; the caller has checked its parts.
    public init(collection: String, workspace: String, path: String) {
        self.collection = collection
        self.workspace = workspace
        self.path = path
    }
}

/// An opaque version of an object: 1 to 256 bytes, compared only for equality.
public struct Version: Sendable, Hashable, CustomStringConvertible {
    /// The token's bytes, as the driver made them.
    public var token: [UInt8]

    /// Makes a version from the bytes of a token.
    public init(token: [UInt8]) { self.token = token }

    /// The place holder in an entry of a listing that does not tell versions; no object has it.
    public static let unlisted = Version(token: [])

    /// The token as text where it is printable ASCII, otherwise as `0x` and hexadecimal digits.
    public var description: String {
        if token.allSatisfy({ (0x21...0x7e).contains($0) }) {
            return String(decoding: token, as: UTF8.self)
        }
        return "0x"
            + token.map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
    }
}

/// A name and a value that are stored with an object.
public struct Attribute: Sendable, Hashable {
    /// 1 to 64 bytes of `[a-z0-9-]`.
    public var name: String
    /// UTF-8 text.
    public var value: String

    /// Makes an attribute.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What is known of one object.
public struct ObjectInfo: Sendable, Hashable {
    /// The object's version.
    public var version: Version
    /// The object's length in bytes.
    public var byteCount: UInt64
    /// When it was written by the store's clock, in nanoseconds since 1970 UTC; 0 when unknown.
    public var modifiedNanoseconds: Int64
    /// The attributes of the put, ascending by name.
    public var attributes: [Attribute]

    /// Makes an object's information.
    public init(
        version: Version, byteCount: UInt64, modifiedNanoseconds: Int64 = 0,
        attributes: [Attribute] = []
    ) {
        self.version = version
        self.byteCount = byteCount
        self.modifiedNanoseconds = modifiedNanoseconds
        self.attributes = attributes
    }
}

/// What a write requires of the object as it is.
public enum Condition: Sendable, Hashable {
    /// Nothing.
    case none
    /// No object has the key.
    case absent
    /// The object exists and has this version.
    case version(Version)
}

/// One object of a listing.
public struct Entry: Sendable, Hashable {
    /// The object's path.
    public var path: String
    /// The object's information; attributes only where the request wanted them, and no version
    /// (``Version/unlisted``) where the store's listings do not tell it.
    public var info: ObjectInfo

    /// Makes an entry.
    public init(path: String, info: ObjectInfo) {
        self.path = path
        self.info = info
    }
}

/// A reading of a store's clock.
///
/// Two readings compare only when their domains are equal.
public struct StoreClock: Sendable, Hashable {
    /// The clock's name; `boot:<boot id>` for this machine's `CLOCK_BOOTTIME`.
    public var domain: String
    /// The time by that clock, in nanoseconds.
    public var nowNanoseconds: Int64
    /// The most that the reading can be off, in nanoseconds.
    public var uncertaintyNanoseconds: Int64

    /// Makes a reading.
    public init(domain: String, nowNanoseconds: Int64, uncertaintyNanoseconds: Int64) {
        self.domain = domain
        self.nowNanoseconds = nowNanoseconds
        self.uncertaintyNanoseconds = uncertaintyNanoseconds
    }
}

/// How well a store does something.
///
/// More levels may come between these.
public struct CapabilityLevel: RawRepresentable, Sendable, Hashable, Comparable {
    /// The number in `holdfast/driver.h`.
    public let rawValue: UInt32

    /// Makes a level from its number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Refused as unsupported.
    public static let none = Self(rawValue: 0)
    /// Correct, but not by the store itself.
    public static let emulated = Self(rawValue: 10)
    /// By the store itself.
    public static let native = Self(rawValue: 20)

    /// Whether `left` promises less than `right`.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// What a store says that it can do.
public struct CapabilityReport: Sendable, Hashable {
    /// The capability, such as `condition.version`.
    public var id: String
    /// How well.
    public var level: CapabilityLevel
    /// A number whose meaning depends on the id; 0 for none.
    public var limit: UInt64
    /// A remark for people; may be empty.
    public var note: String

    /// Makes a report.
    public init(id: String, level: CapabilityLevel, limit: UInt64 = 0, note: String = "") {
        self.id = id
        self.level = level
        self.limit = limit
        self.note = note
    }
}
