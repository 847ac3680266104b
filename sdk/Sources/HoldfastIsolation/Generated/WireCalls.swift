// Made by scripts/generate-codec from sdk/isolation/messages.idl; change that instead.

/// `StartCall` of `messages.idl`.
package struct WireStartCall: Sendable, Hashable {
    package var call: WireCall = WireCall()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
    }
}

/// `StopCall` of `messages.idl`.
package struct WireStopCall: Sendable, Hashable {
    package var call: WireCall = WireCall()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
    }
}

/// `DescribeCall` of `messages.idl`.
package struct WireDescribeCall: Sendable, Hashable {
    package var call: WireCall = WireCall()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
    }
}

/// `OpenCall` of `messages.idl`.
package struct WireOpenCall: Sendable, Hashable {
    package var call: WireCall = WireCall()
    package var flags: UInt32 = 0
    package var options: [WireOption] = []

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
        flags = try reader.number(UInt32.self)
        options = try reader.list(most: 256) { reader throws(FrameError) in
            try WireOption(from: &reader)
        }
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
        writer.number(flags)
        writer.count(options.count, most: 256)
        for item in options { item.write(to: &writer) }
    }
}

/// `CloseCall` of `messages.idl`.
package struct WireCloseCall: Sendable, Hashable {
    package var call: WireCall = WireCall()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
    }
}

/// `CapabilitiesCall` of `messages.idl`.
package struct WireCapabilitiesCall: Sendable, Hashable {
    package var call: WireCall = WireCall()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
    }
}

/// `HeadCall` of `messages.idl`.
package struct WireHeadCall: Sendable, Hashable {
    package var call: WireCall = WireCall()
    package var key: WireKey = WireKey()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
        key = try WireKey(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
        key.write(to: &writer)
    }
}

/// `GetCall` of `messages.idl`.
package struct WireGetCall: Sendable, Hashable {
    package var call: WireCall = WireCall()
    package var key: WireKey = WireKey()
    package var offset: UInt64 = 0
    package var length: UInt64 = 0

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
        key = try WireKey(from: &reader)
        offset = try reader.number(UInt64.self)
        length = try reader.number(UInt64.self)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
        key.write(to: &writer)
        writer.number(offset)
        writer.number(length)
    }
}

/// `PutCall` of `messages.idl`.
package struct WirePutCall: Sendable, Hashable {
    package var call: WireCall = WireCall()
    package var key: WireKey = WireKey()
    package var condition: WireCondition = WireCondition()
    package var attributes: [WireAttribute] = []
    package var length: UInt64 = 0
    package var isUnique: Bool = false
    package var filling: WireFilling = WireFilling()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
        key = try WireKey(from: &reader)
        condition = try WireCondition(from: &reader)
        attributes = try reader.list(most: 1536) { reader throws(FrameError) in
            try WireAttribute(from: &reader)
        }
        length = try reader.number(UInt64.self)
        isUnique = try reader.bool()
        filling = try WireFilling(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
        key.write(to: &writer)
        condition.write(to: &writer)
        writer.count(attributes.count, most: 1536)
        for item in attributes { item.write(to: &writer) }
        writer.number(length)
        writer.bool(isUnique)
        filling.write(to: &writer)
    }
}

/// `RemoveCall` of `messages.idl`.
package struct WireRemoveCall: Sendable, Hashable {
    package var call: WireCall = WireCall()
    package var key: WireKey = WireKey()
    package var condition: WireCondition = WireCondition()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
        key = try WireKey(from: &reader)
        condition = try WireCondition(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
        key.write(to: &writer)
        condition.write(to: &writer)
    }
}

/// `ListCall` of `messages.idl`.
package struct WireListCall: Sendable, Hashable {
    package var call: WireCall = WireCall()
    package var collection: String = ""
    package var workspace: String = ""
    package var prefix: String = ""
    package var startAfter: String = ""
    package var limit: UInt32 = 0
    package var wantsAttributes: Bool = false

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
        collection = try reader.text(most: 256)
        workspace = try reader.text(most: 1024)
        prefix = try reader.text(most: 2048)
        startAfter = try reader.text(most: 2048)
        limit = try reader.number(UInt32.self)
        wantsAttributes = try reader.bool()
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
        writer.text(collection, most: 256)
        writer.text(workspace, most: 1024)
        writer.text(prefix, most: 2048)
        writer.text(startAfter, most: 2048)
        writer.number(limit)
        writer.bool(wantsAttributes)
    }
}

/// `PingCall` of `messages.idl`.
package struct WirePingCall: Sendable, Hashable {
    package var call: WireCall = WireCall()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
    }
}

/// `OperationsCall` of `messages.idl`.
package struct WireOperationsCall: Sendable, Hashable {
    package var call: WireCall = WireCall()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
    }
}

/// `OperationCall` of `messages.idl`.
package struct WireOperationCall: Sendable, Hashable {
    package var call: WireCall = WireCall()
    package var operation: String = ""
    package var arguments: [WireArgument] = []
    package var filling: WireFilling = WireFilling()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
        operation = try reader.text(most: 65)
        arguments = try reader.list(most: 9) { reader throws(FrameError) in
            try WireArgument(from: &reader)
        }
        filling = try WireFilling(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
        writer.text(operation, most: 65)
        writer.count(arguments.count, most: 9)
        for item in arguments { item.write(to: &writer) }
        filling.write(to: &writer)
    }
}

/// `CommitCall` of `messages.idl`.
package struct WireCommitCall: Sendable, Hashable {
    package var call: WireCall = WireCall()
    package var count: UInt32 = 0
    package var changes: [WireChange] = []
    package var filling: WireFilling = WireFilling()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
        count = try reader.number(UInt32.self)
        changes = try reader.list(most: 1024) { reader throws(FrameError) in
            try WireChange(from: &reader)
        }
        filling = try WireFilling(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
        writer.number(count)
        writer.count(changes.count, most: 1024)
        for item in changes { item.write(to: &writer) }
        filling.write(to: &writer)
    }
}

/// `WatchCall` of `messages.idl`.
package struct WireWatchCall: Sendable, Hashable {
    package var call: WireCall = WireCall()
    package var collection: String = ""
    package var workspace: String = ""
    package var prefix: String = ""
    package var cursor: [UInt8] = []

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
        collection = try reader.text(most: 256)
        workspace = try reader.text(most: 1024)
        prefix = try reader.text(most: 2048)
        cursor = try reader.bytes(most: 256)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
        writer.text(collection, most: 256)
        writer.text(workspace, most: 1024)
        writer.text(prefix, most: 2048)
        writer.bytes(cursor, most: 256)
    }
}

/// `ExtensionsCall` of `messages.idl`.
package struct WireExtensionsCall: Sendable, Hashable {
    package var call: WireCall = WireCall()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        call = try WireCall(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
    }
}
