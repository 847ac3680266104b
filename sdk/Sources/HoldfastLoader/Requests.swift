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
public struct PutRequest: Sendable, Hashable {
    /// What must hold for the write to happen.
    public var condition: Condition
    /// The attributes that replace those of the object, ascending by name.
    public var attributes: [Attribute]
    /// The number of bytes that the source has, or `nil` when it is not known.
    public var length: UInt64?
    /// Whether the bytes hold a random id, so that no other write has the same ones.
    public var isUnique: Bool

    /// Makes a request.
    public init(
        condition: Condition = .none, attributes: [Attribute] = [], length: UInt64? = nil,
        isUnique: Bool = false
    ) {
        self.condition = condition
        self.attributes = attributes
        self.length = length
        self.isUnique = isUnique
    }
}

/// What a listing asks for.
public struct ListRequest: Sendable, Hashable {
    /// The collection to list.
    public var collection: String
    /// The workspace to list.
    public var workspace: String
    /// Only paths that start with these bytes; may end inside a part.
    public var prefix: String
    /// Only paths that sort after this one, byte by byte; empty from the start.
    public var startAfter: String
    /// The most entries to send, at least 1.
    public var limit: UInt32
    /// Whether entries carry attributes.
    public var wantsAttributes: Bool

    /// Makes a request.
    public init(
        collection: String, workspace: String, prefix: String = "", startAfter: String = "",
        limit: UInt32, wantsAttributes: Bool = false
    ) {
        self.collection = collection
        self.workspace = workspace
        self.prefix = prefix
        self.startAfter = startAfter
        self.limit = limit
        self.wantsAttributes = wantsAttributes
    }
}

/// What a consumer says after each piece that it received.
public enum SinkAnswer: Sendable, Hashable {
    /// Go on.
    case more
    /// Enough: end the call without an error.
    case stop
}

/// How a read ended.
public enum ReadOutcome: Sendable, Hashable {
    /// All bytes of the range were delivered.
    case complete
    /// The consumer stopped it.
    case stopped
}

/// How a listing ended.
public enum ListOutcome: Sendable, Hashable {
    /// There is nothing more.
    case end
    /// As many entries as the limit allows were delivered; there may be more.
    case limitReached
    /// The consumer stopped it.
    case stopped
}

/// The type of a driver's option.
public enum OptionType: UInt32, Sendable, Hashable, CaseIterable {
    /// Text.
    case string = 1
    /// Text that never appears in a message.
    case secret = 2
    /// A number.
    case integer = 3
    /// 0 or 1.
    case boolean = 4
    /// Nanoseconds.
    case duration = 5
    /// Bytes.
    case size = 6
    /// An absolute path of the host's file system.
    case path = 7
    /// One of the descriptor's choices.
    case choice = 8
}

/// One option of a store, checked by the host against the driver's descriptor.
public struct OptionValue: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible
{
    /// A value, by the option's type.
    public enum Value: Sendable, Hashable {
        /// For a string, secret, path or choice.
        case text(String)
        /// For an integer, boolean, duration or size.
        case number(Int64)
    }

    /// The option's name.
    public var name: String
    /// The option's type.
    public var type: OptionType
    /// The option's value.
    public var value: Value

    /// Makes an option of a store.
    public init(name: String, type: OptionType, value: Value) {
        self.name = name
        self.type = type
        self.value = value
    }

    /// The option for people; a secret's value is left out.
    public var description: String {
        switch value {
        case .text where type == .secret: "\(name)=(secret)"
        case .text(let text): "\(name)=\(text)"
        case .number(let number): "\(name)=\(number)"
        }
    }

    /// The same as ``description``, so that no debugging output shows a secret.
    public var debugDescription: String { description }
}
