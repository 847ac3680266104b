// Made by scripts/generate-codec from sdk/isolation/messages.idl; change that instead.

/// `Call` of `messages.idl`.
package struct WireCall: Sendable, Hashable {
    package var id: UInt64 = 0
    package var deadline: Int64 = 0
    package var attempt: UInt32 = 0
    package var traceParent: String = ""
    package var idempotencyKey: String = ""

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        id = try reader.number(UInt64.self)
        deadline = try reader.number(Int64.self)
        attempt = try reader.number(UInt32.self)
        traceParent = try reader.text(most: 1024)
        idempotencyKey = try reader.text(most: 1024)
    }

    func write(to writer: inout FrameWriter) {
        writer.number(id)
        writer.number(deadline)
        writer.number(attempt)
        writer.text(traceParent, most: 1024)
        writer.text(idempotencyKey, most: 1024)
    }
}

/// `Key` of `messages.idl`.
package struct WireKey: Sendable, Hashable {
    package var collection: String = ""
    package var workspace: String = ""
    package var path: String = ""

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        collection = try reader.text(most: 256)
        workspace = try reader.text(most: 1024)
        path = try reader.text(most: 2048)
    }

    func write(to writer: inout FrameWriter) {
        writer.text(collection, most: 256)
        writer.text(workspace, most: 1024)
        writer.text(path, most: 2048)
    }
}

/// `Attribute` of `messages.idl`.
package struct WireAttribute: Sendable, Hashable {
    package var name: String = ""
    package var value: String = ""

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        name = try reader.text(most: 64)
        value = try reader.text(most: 1536)
    }

    func write(to writer: inout FrameWriter) {
        writer.text(name, most: 64)
        writer.text(value, most: 1536)
    }
}

/// `Info` of `messages.idl`.
package struct WireInfo: Sendable, Hashable {
    package var version: [UInt8] = []
    package var bytes: UInt64 = 0
    package var modified: Int64 = 0
    package var attributes: [WireAttribute] = []

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        version = try reader.bytes(most: 256)
        bytes = try reader.number(UInt64.self)
        modified = try reader.number(Int64.self)
        attributes = try reader.list(most: 1536) { reader throws(FrameError) in
            try WireAttribute(from: &reader)
        }
    }

    func write(to writer: inout FrameWriter) {
        writer.bytes(version, most: 256)
        writer.number(bytes)
        writer.number(modified)
        writer.count(attributes.count, most: 1536)
        for item in attributes { item.write(to: &writer) }
    }
}

/// `Entry` of `messages.idl`.
package struct WireEntry: Sendable, Hashable {
    package var path: String = ""
    package var info: WireInfo = WireInfo()

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        path = try reader.text(most: 640)
        info = try WireInfo(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        writer.text(path, most: 640)
        info.write(to: &writer)
    }
}

/// `Condition` of `messages.idl`.
package struct WireCondition: Sendable, Hashable {
    package var kind: WireConditionKind = .none
    package var version: [UInt8] = []

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        kind = try WireConditionKind(from: &reader)
        version = try reader.bytes(most: 256)
    }

    func write(to writer: inout FrameWriter) {
        kind.write(to: &writer)
        writer.bytes(version, most: 256)
    }
}

/// `Capability` of `messages.idl`.
package struct WireCapability: Sendable, Hashable {
    package var id: String = ""
    package var level: UInt32 = 0
    package var limit: UInt64 = 0
    package var note: String = ""

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        id = try reader.text(most: 64)
        level = try reader.number(UInt32.self)
        limit = try reader.number(UInt64.self)
        note = try reader.text(most: 4096)
    }

    func write(to writer: inout FrameWriter) {
        writer.text(id, most: 64)
        writer.number(level)
        writer.number(limit)
        writer.text(note, most: 4096)
    }
}

/// `Clock` of `messages.idl`.
package struct WireClock: Sendable, Hashable {
    package var domain: String = ""
    package var now: Int64 = 0
    package var uncertainty: Int64 = 0

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        domain = try reader.text(most: 256)
        now = try reader.number(Int64.self)
        uncertainty = try reader.number(Int64.self)
    }

    func write(to writer: inout FrameWriter) {
        writer.text(domain, most: 256)
        writer.number(now)
        writer.number(uncertainty)
    }
}

/// `Failure` of `messages.idl`.
package struct WireFailure: Sendable, Hashable {
    package var status: Int32 = 0
    package var applied: UInt32 = 0
    package var retry: UInt32 = 0
    package var retryAfter: UInt64 = 0
    package var vendorCode: Int64 = 0
    package var vendorName: String = ""
    package var message: String = ""
    package var currentVersion: [UInt8] = []
    package var change: UInt32 = 0

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        status = try reader.number(Int32.self)
        applied = try reader.number(UInt32.self)
        retry = try reader.number(UInt32.self)
        retryAfter = try reader.number(UInt64.self)
        vendorCode = try reader.number(Int64.self)
        vendorName = try reader.text(most: 16384)
        message = try reader.text(most: 16384)
        currentVersion = try reader.bytes(most: 256)
        change = try reader.number(UInt32.self)
    }

    func write(to writer: inout FrameWriter) {
        writer.number(status)
        writer.number(applied)
        writer.number(retry)
        writer.number(retryAfter)
        writer.number(vendorCode)
        writer.text(vendorName, most: 16384)
        writer.text(message, most: 16384)
        writer.bytes(currentVersion, most: 256)
        writer.number(change)
    }
}

/// `Option` of `messages.idl`.
package struct WireOption: Sendable, Hashable {
    package var name: String = ""
    package var type: UInt32 = 0
    package var text: String = ""
    package var number: Int64 = 0

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        name = try reader.text(most: 256)
        type = try reader.number(UInt32.self)
        text = try reader.text(most: 65536)
        number = try reader.number(Int64.self)
    }

    func write(to writer: inout FrameWriter) {
        writer.text(name, most: 256)
        writer.number(type)
        writer.text(text, most: 65536)
        writer.number(number)
    }
}

/// `Limits` of `messages.idl`.
package struct WireLimits: Sendable, Hashable {
    package var openFiles: UInt64 = 0
    package var dataBytes: UInt64 = 0
    package var fileBytes: UInt64 = 0

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        openFiles = try reader.number(UInt64.self)
        dataBytes = try reader.number(UInt64.self)
        fileBytes = try reader.number(UInt64.self)
    }

    func write(to writer: inout FrameWriter) {
        writer.number(openFiles)
        writer.number(dataBytes)
        writer.number(fileBytes)
    }
}

/// `SandboxPart` of `messages.idl`.
package struct WireSandboxPart: Sendable, Hashable {
    package var name: String = ""
    package var activity: WireActivity = .active
    package var detail: String = ""

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        name = try reader.text(most: 64)
        activity = try WireActivity(from: &reader)
        detail = try reader.text(most: 1024)
    }

    func write(to writer: inout FrameWriter) {
        writer.text(name, most: 64)
        activity.write(to: &writer)
        writer.text(detail, most: 1024)
    }
}

/// `Choice` of `messages.idl`.
package struct WireChoice: Sendable, Hashable {
    package var text: String = ""

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        text = try reader.text(most: 256)
    }

    func write(to writer: inout FrameWriter) {
        writer.text(text, most: 256)
    }
}

/// `Parameter` of `messages.idl`.
package struct WireParameter: Sendable, Hashable {
    package var name: String = ""
    package var documentation: String = ""
    package var type: UInt32 = 0
    package var isRequired: Bool = false
    package var defaultValue: String = ""
    package var minimum: String = ""
    package var maximum: String = ""
    package var choices: [WireChoice] = []

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        name = try reader.text(most: 32)
        documentation = try reader.text(most: 1024)
        type = try reader.number(UInt32.self)
        isRequired = try reader.bool()
        defaultValue = try reader.text(most: 1024)
        minimum = try reader.text(most: 64)
        maximum = try reader.text(most: 64)
        choices = try reader.list(most: 64) { reader throws(FrameError) in
            try WireChoice(from: &reader)
        }
    }

    func write(to writer: inout FrameWriter) {
        writer.text(name, most: 32)
        writer.text(documentation, most: 1024)
        writer.number(type)
        writer.bool(isRequired)
        writer.text(defaultValue, most: 1024)
        writer.text(minimum, most: 64)
        writer.text(maximum, most: 64)
        writer.count(choices.count, most: 64)
        for item in choices { item.write(to: &writer) }
    }
}

/// `Operation` of `messages.idl`.
package struct WireOperation: Sendable, Hashable {
    package var id: String = ""
    package var summary: String = ""
    package var traits: UInt32 = 0
    package var result: UInt32 = 0
    package var schema: String = ""

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        id = try reader.text(most: 65)
        summary = try reader.text(most: 256)
        traits = try reader.number(UInt32.self)
        result = try reader.number(UInt32.self)
        schema = try reader.text(most: 65536)
    }

    func write(to writer: inout FrameWriter) {
        writer.text(id, most: 65)
        writer.text(summary, most: 256)
        writer.number(traits)
        writer.number(result)
        writer.text(schema, most: 65536)
    }
}

/// `Argument` of `messages.idl`.
package struct WireArgument: Sendable, Hashable {
    package var type: UInt32 = 0
    package var bits: UInt64 = 0

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        type = try reader.number(UInt32.self)
        bits = try reader.number(UInt64.self)
    }

    func write(to writer: inout FrameWriter) {
        writer.number(type)
        writer.number(bits)
    }
}

/// `Change` of `messages.idl`.
package struct WireChange: Sendable, Hashable {
    package var kind: WireChangeKind = .check
    package var key: WireKey = WireKey()
    package var condition: WireCondition = WireCondition()
    package var attributes: [WireAttribute] = []
    package var length: UInt64 = 0

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        kind = try WireChangeKind(from: &reader)
        key = try WireKey(from: &reader)
        condition = try WireCondition(from: &reader)
        attributes = try reader.list(most: 1536) { reader throws(FrameError) in
            try WireAttribute(from: &reader)
        }
        length = try reader.number(UInt64.self)
    }

    func write(to writer: inout FrameWriter) {
        kind.write(to: &writer)
        key.write(to: &writer)
        condition.write(to: &writer)
        writer.count(attributes.count, most: 1536)
        for item in attributes { item.write(to: &writer) }
        writer.number(length)
    }
}

/// `Batch` of `messages.idl`.
package struct WireBatch: Sendable, Hashable {
    package var infos: [WireInfo] = []
    package var entries: [WireEntry] = []
    package var byteCount: UInt32 = 0
    package var operation: WireOperation? = nil
    package var parameters: [WireParameter] = []

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        infos = try reader.list(most: 16) { reader throws(FrameError) in
            try WireInfo(from: &reader)
        }
        entries = try reader.list(most: 512) { reader throws(FrameError) in
            try WireEntry(from: &reader)
        }
        byteCount = try reader.number(UInt32.self)
        operation = try reader.bool() ? WireOperation(from: &reader) : nil
        parameters = try reader.list(most: 9) { reader throws(FrameError) in
            try WireParameter(from: &reader)
        }
    }

    func write(to writer: inout FrameWriter) {
        writer.count(infos.count, most: 16)
        for item in infos { item.write(to: &writer) }
        writer.count(entries.count, most: 512)
        for item in entries { item.write(to: &writer) }
        writer.number(byteCount)
        writer.bool(operation != nil)
        operation?.write(to: &writer)
        writer.count(parameters.count, most: 9)
        for item in parameters { item.write(to: &writer) }
    }
}

/// `Filling` of `messages.idl`.
package struct WireFilling: Sendable, Hashable {
    package var byteCount: UInt32 = 0
    package var end: WireSourceEnd = .open

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        byteCount = try reader.number(UInt32.self)
        end = try WireSourceEnd(from: &reader)
    }

    func write(to writer: inout FrameWriter) {
        writer.number(byteCount)
        end.write(to: &writer)
    }
}

/// `Path` of `messages.idl`.
package struct WirePath: Sendable, Hashable {
    package var path: String = ""

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        path = try reader.text(most: 4096)
    }

    func write(to writer: inout FrameWriter) {
        writer.text(path, most: 4096)
    }
}
