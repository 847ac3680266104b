// The vocabulary of the host, for everything above it. The loader has the same words for the C side;
// they meet in DriverStore.swift and nowhere else, so that State and the front ends need no import of
// the loader.

/// An object's address in a store.
package struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
    /// A kind of object, such as `terraform`.
    package let collection: String
    /// Whose objects these are; empty for the store's own workspace.
    package let workspace: String
    /// Parts joined by single slashes.
    package let path: String

    /// Makes a key; `Store` checks it against ``Limits`` on every call.
    package init(collection: String, workspace: String = "", path: String) {
        self.collection = collection
        self.workspace = workspace
        self.path = path
    }

    /// How a message names the object.
    package var description: String { "\(collection)/\(path)" }

    // Equal means equal bytes. Swift's own comparison takes two spellings of one letter for equal,
    // which stores do not.

    package static func == (left: ObjectKey, right: ObjectKey) -> Bool {
        left.path.utf8.elementsEqual(right.path.utf8)
            && left.collection.utf8.elementsEqual(right.collection.utf8)
            && left.workspace.utf8.elementsEqual(right.workspace.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for text in [collection, workspace, path] {
            hasher.combine(text.utf8.count)
            for byte in text.utf8 { hasher.combine(byte) }
        }
    }
}

/// An opaque version of an object, compared only for equality.
package struct Version: Sendable, Hashable {
    /// 1 to 256 bytes, as the driver made them.
    package let token: [UInt8]

    /// Makes a version from a driver's token.
    package init(token: [UInt8]) { self.token = token }

    /// The place holder in an entry of a listing that does not tell versions; no object has it, and no
    /// write takes it for a condition.
    package static let unlisted = Version(token: [])
}

/// What is known of one object.
package struct ObjectInfo: Sendable, Hashable {
    /// The object's version.
    package var version: Version
    /// Its length in bytes.
    package var byteCount: UInt64
    /// When it was written by the store's clock, in nanoseconds since 1970 UTC; 0 when unknown.
    package var modifiedNanoseconds: Int64
    /// What was stored with it.
    package var attributes: [String: String]
    /// The random id of the write that made it; empty when the host did not write it.
    package var writeID: String

    /// Makes an object's information.
    package init(
        version: Version, byteCount: UInt64, modifiedNanoseconds: Int64,
        attributes: [String: String], writeID: String = ""
    ) {
        self.version = version
        self.byteCount = byteCount
        self.modifiedNanoseconds = modifiedNanoseconds
        self.attributes = attributes
        self.writeID = writeID
    }
}

/// What a write requires of the object as it is.
package enum Condition: Sendable, Hashable {
    /// Nothing.
    case none
    /// No object has the key.
    case absent
    /// The object exists and has this version.
    case version(Version)
}

/// The part of an object that a read asks for.
package struct ByteRange: Sendable, Hashable {
    /// The first byte.
    package var offset: UInt64
    /// The most bytes to read; `UInt64.max` for all.
    package var length: UInt64

    /// The whole object.
    package static let whole = ByteRange(offset: 0, length: .max)

    /// Makes a range.
    package init(offset: UInt64, length: UInt64) {
        self.offset = offset
        self.length = length
    }
}

/// What to list.
package struct Listing: Sendable {
    /// The collection.
    package var collection: String
    /// The workspace.
    package var workspace: String
    /// Only paths that start with these bytes.
    package var prefix: String
    /// Only paths that sort after this one; empty from the start.
    package var startAfter: String
    /// The most entries to return.
    package var limit: Int
    /// Whether entries carry attributes.
    package var wantsAttributes: Bool

    /// Makes a request.
    package init(
        collection: String, workspace: String = "", prefix: String = "", startAfter: String = "",
        limit: Int = 1000, wantsAttributes: Bool = false
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
package struct Entry: Sendable, Hashable {
    /// The object's path.
    package var path: String
    /// Its information; the version is ``Version/unlisted`` where the store's listings do not tell it and
    /// no attributes were wanted.
    package var info: ObjectInfo

    /// Makes an entry.
    package init(path: String, info: ObjectInfo) {
        self.path = path
        self.info = info
    }
}

/// A reading of a store's clock; two compare only when their domains are equal.
package struct StoreClock: Sendable, Hashable {
    /// The clock's name.
    package var domain: String
    /// The time by that clock, in nanoseconds.
    package var nowNanoseconds: Int64
    /// The most that the reading can be off, in nanoseconds.
    package var uncertaintyNanoseconds: Int64

    /// Makes a reading.
    package init(domain: String, nowNanoseconds: Int64, uncertaintyNanoseconds: Int64) {
        self.domain = domain
        self.nowNanoseconds = nowNanoseconds
        self.uncertaintyNanoseconds = uncertaintyNanoseconds
    }
}

/// Which workspace a store uses when the operator names none.
package enum Addressing: String, Sendable {
    /// The place is the workspace: keys carry an empty one.
    case place
    /// One place serves many workspaces: keys carry the project's.
    case rows
}
