// Made by scripts/generate-codec from sdk/isolation/messages.idl; change that instead.

/// `SourceEnd` of `messages.idl`.
package enum WireSourceEnd: UInt8, Sendable, Hashable, CaseIterable {
    case open = 0
    case ended = 1
    case failed = 2

    init(from reader: inout FrameReader) throws(FrameError) {
        let number = try reader.number(UInt8.self)
        guard let value = Self(rawValue: number) else { throw .choice }
        self = value
    }

    func write(to writer: inout FrameWriter) { writer.number(rawValue) }
}

/// `Outcome` of `messages.idl`.
package enum WireOutcome: UInt8, Sendable, Hashable, CaseIterable {
    case done = 0
    case stopped = 1
    case ended = 2
    case failed = 3

    init(from reader: inout FrameReader) throws(FrameError) {
        let number = try reader.number(UInt8.self)
        guard let value = Self(rawValue: number) else { throw .choice }
        self = value
    }

    func write(to writer: inout FrameWriter) { writer.number(rawValue) }
}

/// `ConditionKind` of `messages.idl`.
package enum WireConditionKind: UInt8, Sendable, Hashable, CaseIterable {
    case none = 0
    case absent = 1
    case version = 2

    init(from reader: inout FrameReader) throws(FrameError) {
        let number = try reader.number(UInt8.self)
        guard let value = Self(rawValue: number) else { throw .choice }
        self = value
    }

    func write(to writer: inout FrameWriter) { writer.number(rawValue) }
}

/// `ChangeKind` of `messages.idl`.
package enum WireChangeKind: UInt8, Sendable, Hashable, CaseIterable {
    case check = 0
    case put = 1
    case remove = 2

    init(from reader: inout FrameReader) throws(FrameError) {
        let number = try reader.number(UInt8.self)
        guard let value = Self(rawValue: number) else { throw .choice }
        self = value
    }

    func write(to writer: inout FrameWriter) { writer.number(rawValue) }
}

/// `Activity` of `messages.idl`.
package enum WireActivity: UInt8, Sendable, Hashable, CaseIterable {
    case active = 0
    case unavailable = 1
    case failed = 2
    case off = 3

    init(from reader: inout FrameReader) throws(FrameError) {
        let number = try reader.number(UInt8.self)
        guard let value = Self(rawValue: number) else { throw .choice }
        self = value
    }

    func write(to writer: inout FrameWriter) { writer.number(rawValue) }
}
