/// An object's address.
///
/// The host has checked it: see section 7 of `holdfast/driver.h`.
public struct ObjectKey: Sendable, Hashable {
    /// A kind of object, such as `terraform`: 1 to 32 bytes of `[a-z0-9-]`.
    public var collection: String
    /// Whose objects these are; empty for the store's own workspace.
    public var workspace: String
    /// Parts of 1 to 200 bytes, joined by single slashes; at most 640 bytes.
    public var path: String

    /// Makes a key from parts that are already checked.
    public init(collection: String, workspace: String, path: String) {
        self.collection = collection
        self.workspace = workspace
        self.path = path
    }
}

/// An opaque version of an object: 1 to 256 bytes, compared only for equality.
public struct Version: Sendable, Hashable {
    /// The token's bytes, as the driver made them.
    public var token: [UInt8]

    /// Makes a version from the bytes of a token.
    public init(token: [UInt8]) { self.token = token }

    /// The place holder in an entry of a listing that does not tell versions; no object has it.
    public static let unlisted = Version(token: [])

    /// Makes a version from a token that is text.
    public init(_ text: String) { token = Array(text.utf8) }
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
        version: Version, byteCount: UInt64, modifiedNanoseconds: Int64,
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

/// The part of an object that a read asks for.
public struct ByteRange: Sendable, Hashable {
    /// The first byte; past the object's end there are no bytes and no error.
    public var offset: UInt64
    /// The most bytes to send; `UInt64.max` for all from the offset.
    public var length: UInt64

    /// The whole object.
    public static let whole = ByteRange(offset: 0, length: .max)

    /// Makes a range.
    public init(offset: UInt64, length: UInt64) {
        self.offset = offset
        self.length = length
    }

    /// The bytes of an object of `byteCount` bytes that this range covers.
    public func clamped(to byteCount: UInt64) -> Range<UInt64> {
        let start = min(offset, byteCount)
        return start..<(start + min(length, byteCount - start))
    }
}

/// What a put writes, besides the bytes.
public struct PutRequest: Sendable {
    /// The object's key.
    public var key: ObjectKey
    /// What must hold for the write to happen.
    public var condition: Condition
    /// The attributes that replace those of the object, ascending by name.
    public var attributes: [Attribute]
    /// Whether the bytes hold a random id, so that no other write of any object has the same ones.
    ///
    /// A store whose own versions are digests of the bytes may rely on them alone, then and for as long
    /// as that version lives. It may be ignored.
    public var isUnique: Bool

    /// Makes a request.
    public init(
        key: ObjectKey, condition: Condition, attributes: [Attribute], isUnique: Bool = false
    ) {
        self.key = key
        self.condition = condition
        self.attributes = attributes
        self.isUnique = isUnique
    }
}

/// What a list call asks for.
public struct ListRequest: Sendable {
    /// The collection to list.
    public var collection: String
    /// The workspace to list.
    public var workspace: String
    /// Only paths that start with these bytes; may end inside a part.
    public var prefix: String
    /// Only paths that sort after this one, byte by byte; empty from the start.
    public var startAfter: String
    /// The most entries to send, at least 1.
    public var limit: Int
    /// Whether entries carry attributes.
    public var wantsAttributes: Bool

    /// Makes a request.
    public init(
        collection: String, workspace: String, prefix: String, startAfter: String, limit: Int,
        wantsAttributes: Bool
    ) {
        self.collection = collection
        self.workspace = workspace
        self.prefix = prefix
        self.startAfter = startAfter
        self.limit = limit
        self.wantsAttributes = wantsAttributes
    }
}

/// One object of a listing.
public struct Entry: Sendable, Hashable {
    /// The object's path.
    public var path: String
    /// The object's information; attributes only where the request wants them, and no version
    /// (``Version/unlisted``) where the store's listings do not tell it.
    public var info: ObjectInfo

    /// Makes an entry.
    public init(path: String, info: ObjectInfo) {
        self.path = path
        self.info = info
    }
}

/// A reading of the store's clock.
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
