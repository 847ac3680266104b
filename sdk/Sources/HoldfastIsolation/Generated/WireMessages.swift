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

/// `Changes` of `messages.idl`.
package struct WireChanges: Sendable, Hashable {
    package var changes: [WireChange] = []

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        changes = try reader.list(most: 1024) { reader throws(FrameError) in
            try WireChange(from: &reader)
        }
    }

    func write(to writer: inout FrameWriter) {
        writer.count(changes.count, most: 1024)
        for item in changes { item.write(to: &writer) }
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
    package var cursor: [UInt8] = []
    package var extensions: UInt32 = 0

    package init() {}

    init(from reader: inout FrameReader) throws(FrameError) {
        outcome = try WireOutcome(from: &reader)
        failure = try reader.bool() ? WireFailure(from: &reader) : nil
        batch = try WireBatch(from: &reader)
        capabilities = try reader.list(most: 1024) { reader throws(FrameError) in
            try WireCapability(from: &reader)
        }
        clock = try reader.bool() ? WireClock(from: &reader) : nil
        cursor = try reader.bytes(most: 256)
        extensions = try reader.number(UInt32.self)
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
        writer.bytes(cursor, most: 256)
        writer.number(extensions)
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
