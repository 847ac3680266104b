// Made by scripts/generate-codec from sdk/isolation/messages.idl; change that instead.

/// `Hello` of `messages.idl`.
package struct WireHello: Sendable, Hashable {
    package var magic: UInt32 = 0
    package var version: UInt32 = 0
    package var hostName: String = ""
    package var hostVersion: String = ""
    package var folder: String = ""
    package var library: String = ""
    package var manifest: [UInt8] = []
    package var limits: WireLimits = WireLimits()
    package var sandboxed: Bool = false
    package var writable: [WirePath] = []
    package var temporary: String = ""

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        magic = try reader.number(UInt32.self)
        version = try reader.number(UInt32.self)
        hostName = try reader.text(most: 256)
        hostVersion = try reader.text(most: 256)
        folder = try reader.text(most: 4096)
        library = try reader.text(most: 4096)
        manifest = try reader.bytes(most: 65536)
        limits = try WireLimits(from: &reader)
        sandboxed = try reader.bool()
        writable = try reader.list(most: 64) { reader throws(FrameError) in
            try WirePath(from: &reader)
        }
        temporary = try reader.text(most: 4096)
    }

    func write(to writer: inout FrameWriter) {
        writer.number(magic)
        writer.number(version)
        writer.text(hostName, most: 256)
        writer.text(hostVersion, most: 256)
        writer.text(folder, most: 4096)
        writer.text(library, most: 4096)
        writer.bytes(manifest, most: 65536)
        limits.write(to: &writer)
        writer.bool(sandboxed)
        writer.count(writable.count, most: 64)
        for item in writable { item.write(to: &writer) }
        writer.text(temporary, most: 4096)
    }
}

/// `Connect` of `messages.idl`.
package struct WireConnect: Sendable, Hashable {
    package var window: UInt32 = 0

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        window = try reader.number(UInt32.self)
    }

    func write(to writer: inout FrameWriter) {
        writer.number(window)
    }
}

/// `Welcome` of `messages.idl`.
package struct WireWelcome: Sendable, Hashable {
    package var version: UInt32 = 0
    package var id: String = ""
    package var driverVersion: String = ""
    package var vendor: String = ""
    package var threadModel: UInt32 = 0
    package var abiMinor: UInt32 = 0
    package var behaviour: UInt32 = 0
    package var sandbox: [WireSandboxPart] = []

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        version = try reader.number(UInt32.self)
        id = try reader.text(most: 32)
        driverVersion = try reader.text(most: 64)
        vendor = try reader.text(most: 256)
        threadModel = try reader.number(UInt32.self)
        abiMinor = try reader.number(UInt32.self)
        behaviour = try reader.number(UInt32.self)
        sandbox = try reader.list(most: 16) { reader throws(FrameError) in
            try WireSandboxPart(from: &reader)
        }
    }

    func write(to writer: inout FrameWriter) {
        writer.number(version)
        writer.text(id, most: 32)
        writer.text(driverVersion, most: 64)
        writer.text(vendor, most: 256)
        writer.number(threadModel)
        writer.number(abiMinor)
        writer.number(behaviour)
        writer.count(sandbox.count, most: 16)
        for item in sandbox { item.write(to: &writer) }
    }
}

/// `Refused` of `messages.idl`.
package struct WireRefused: Sendable, Hashable {
    package var code: String = ""
    package var path: String = ""
    package var message: String = ""
    package var remedy: String = ""

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        code = try reader.text(most: 64)
        path = try reader.text(most: 4096)
        message = try reader.text(most: 16384)
        remedy = try reader.text(most: 4096)
    }

    func write(to writer: inout FrameWriter) {
        writer.text(code, most: 64)
        writer.text(path, most: 4096)
        writer.text(message, most: 16384)
        writer.text(remedy, most: 4096)
    }
}

/// `Event` of `messages.idl`.
package struct WireEvent: Sendable, Hashable {
    package var severity: UInt32 = 0
    package var text: String = ""

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        severity = try reader.number(UInt32.self)
        text = try reader.text(most: 16384)
    }

    func write(to writer: inout FrameWriter) {
        writer.number(severity)
        writer.text(text, most: 16384)
    }
}

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
        filling = try WireFilling(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        call.write(to: &writer)
        key.write(to: &writer)
        condition.write(to: &writer)
        writer.count(attributes.count, most: 1536)
        for item in attributes { item.write(to: &writer) }
        writer.number(length)
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

/// `Fill` of `messages.idl`.
package struct WireFill: Sendable, Hashable {
    package var filling: WireFilling = WireFilling()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        filling = try WireFilling(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        filling.write(to: &writer)
    }
}

/// `Answer` of `messages.idl`.
package struct WireAnswer: Sendable, Hashable {
    package var status: Int32 = 0

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        status = try reader.number(Int32.self)
    }

    func write(to writer: inout FrameWriter) {
        writer.number(status)
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

/// `Delivery` of `messages.idl`.
package struct WireDelivery: Sendable, Hashable {
    package var batch: WireBatch = WireBatch()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        batch = try WireBatch(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        batch.write(to: &writer)
    }
}

/// `Result` of `messages.idl`.
package struct WireResult: Sendable, Hashable {
    package var outcome: WireOutcome = .done
    package var failure: WireFailure? = nil
    package var batch: WireBatch = WireBatch()
    package var capabilities: [WireCapability] = []
    package var clock: WireClock? = nil

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        outcome = try WireOutcome(from: &reader)
        failure = try reader.bool() ? WireFailure(from: &reader) : nil
        batch = try WireBatch(from: &reader)
        capabilities = try reader.list(most: 1024) { reader throws(FrameError) in
            try WireCapability(from: &reader)
        }
        clock = try reader.bool() ? WireClock(from: &reader) : nil
    }

    func write(to writer: inout FrameWriter) {
        outcome.write(to: &writer)
        writer.bool(failure != nil)
        failure?.write(to: &writer)
        batch.write(to: &writer)
        writer.count(capabilities.count, most: 1024)
        for item in capabilities { item.write(to: &writer) }
        writer.bool(clock != nil)
        clock?.write(to: &writer)
    }
}

/// `Credit` of `messages.idl`.
package struct WireCredit: Sendable, Hashable {
    package var slots: UInt32 = 0

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        slots = try reader.number(UInt32.self)
    }

    func write(to writer: inout FrameWriter) {
        writer.number(slots)
    }
}
