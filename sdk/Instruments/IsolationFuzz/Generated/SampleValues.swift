// Made by scripts/generate-codec from sdk/isolation/messages.idl; change that instead.

internal import HoldfastIsolation

extension WireCall {
    static func sample(_ source: inout SampleSource) -> WireCall {
        var value = WireCall()
        value.id = source.number(UInt64.self)
        value.deadline = source.number(Int64.self)
        value.attempt = source.number(UInt32.self)
        value.traceParent = source.text(most: 1024)
        value.idempotencyKey = source.text(most: 1024)
        return value
    }
}

extension WireKey {
    static func sample(_ source: inout SampleSource) -> WireKey {
        var value = WireKey()
        value.collection = source.text(most: 256)
        value.workspace = source.text(most: 1024)
        value.path = source.text(most: 2048)
        return value
    }
}

extension WireAttribute {
    static func sample(_ source: inout SampleSource) -> WireAttribute {
        var value = WireAttribute()
        value.name = source.text(most: 64)
        value.value = source.text(most: 1536)
        return value
    }
}

extension WireInfo {
    static func sample(_ source: inout SampleSource) -> WireInfo {
        var value = WireInfo()
        value.version = source.bytes(most: 256)
        value.bytes = source.number(UInt64.self)
        value.modified = source.number(Int64.self)
        value.attributes = source.list(most: 1536) { WireAttribute.sample(&$0) }
        return value
    }
}

extension WireEntry {
    static func sample(_ source: inout SampleSource) -> WireEntry {
        var value = WireEntry()
        value.path = source.text(most: 640)
        value.info = WireInfo.sample(&source)
        return value
    }
}

extension WireCondition {
    static func sample(_ source: inout SampleSource) -> WireCondition {
        var value = WireCondition()
        value.kind = source.choice(WireConditionKind.self)
        value.version = source.bytes(most: 256)
        return value
    }
}

extension WireCapability {
    static func sample(_ source: inout SampleSource) -> WireCapability {
        var value = WireCapability()
        value.id = source.text(most: 64)
        value.level = source.number(UInt32.self)
        value.limit = source.number(UInt64.self)
        value.note = source.text(most: 4096)
        return value
    }
}

extension WireClock {
    static func sample(_ source: inout SampleSource) -> WireClock {
        var value = WireClock()
        value.domain = source.text(most: 256)
        value.now = source.number(Int64.self)
        value.uncertainty = source.number(Int64.self)
        return value
    }
}

extension WireFailure {
    static func sample(_ source: inout SampleSource) -> WireFailure {
        var value = WireFailure()
        value.status = source.number(Int32.self)
        value.applied = source.number(UInt32.self)
        value.retry = source.number(UInt32.self)
        value.retryAfter = source.number(UInt64.self)
        value.vendorCode = source.number(Int64.self)
        value.vendorName = source.text(most: 16384)
        value.message = source.text(most: 16384)
        value.currentVersion = source.bytes(most: 256)
        value.change = source.number(UInt32.self)
        return value
    }
}

extension WireOption {
    static func sample(_ source: inout SampleSource) -> WireOption {
        var value = WireOption()
        value.name = source.text(most: 256)
        value.type = source.number(UInt32.self)
        value.text = source.text(most: 65536)
        value.number = source.number(Int64.self)
        return value
    }
}

extension WireLimits {
    static func sample(_ source: inout SampleSource) -> WireLimits {
        var value = WireLimits()
        value.openFiles = source.number(UInt64.self)
        value.dataBytes = source.number(UInt64.self)
        value.fileBytes = source.number(UInt64.self)
        return value
    }
}

extension WireSandboxPart {
    static func sample(_ source: inout SampleSource) -> WireSandboxPart {
        var value = WireSandboxPart()
        value.name = source.text(most: 64)
        value.activity = source.choice(WireActivity.self)
        value.detail = source.text(most: 1024)
        return value
    }
}

extension WireChoice {
    static func sample(_ source: inout SampleSource) -> WireChoice {
        var value = WireChoice()
        value.text = source.text(most: 256)
        return value
    }
}

extension WireParameter {
    static func sample(_ source: inout SampleSource) -> WireParameter {
        var value = WireParameter()
        value.name = source.text(most: 32)
        value.documentation = source.text(most: 1024)
        value.type = source.number(UInt32.self)
        value.isRequired = source.bool()
        value.defaultValue = source.text(most: 1024)
        value.minimum = source.text(most: 64)
        value.maximum = source.text(most: 64)
        value.choices = source.list(most: 64) { WireChoice.sample(&$0) }
        return value
    }
}

extension WireOperation {
    static func sample(_ source: inout SampleSource) -> WireOperation {
        var value = WireOperation()
        value.id = source.text(most: 65)
        value.summary = source.text(most: 256)
        value.traits = source.number(UInt32.self)
        value.result = source.number(UInt32.self)
        value.schema = source.text(most: 65536)
        return value
    }
}

extension WireArgument {
    static func sample(_ source: inout SampleSource) -> WireArgument {
        var value = WireArgument()
        value.type = source.number(UInt32.self)
        value.bits = source.number(UInt64.self)
        return value
    }
}

extension WireChange {
    static func sample(_ source: inout SampleSource) -> WireChange {
        var value = WireChange()
        value.kind = source.choice(WireChangeKind.self)
        value.key = WireKey.sample(&source)
        value.condition = WireCondition.sample(&source)
        value.attributes = source.list(most: 1536) { WireAttribute.sample(&$0) }
        value.length = source.number(UInt64.self)
        return value
    }
}

extension WireBatch {
    static func sample(_ source: inout SampleSource) -> WireBatch {
        var value = WireBatch()
        value.infos = source.list(most: 16) { WireInfo.sample(&$0) }
        value.entries = source.list(most: 512) { WireEntry.sample(&$0) }
        value.byteCount = source.number(UInt32.self)
        value.operation = source.bool() ? WireOperation.sample(&source) : nil
        value.parameters = source.list(most: 9) { WireParameter.sample(&$0) }
        return value
    }
}

extension WireFilling {
    static func sample(_ source: inout SampleSource) -> WireFilling {
        var value = WireFilling()
        value.byteCount = source.number(UInt32.self)
        value.end = source.choice(WireSourceEnd.self)
        return value
    }
}

extension WirePath {
    static func sample(_ source: inout SampleSource) -> WirePath {
        var value = WirePath()
        value.path = source.text(most: 4096)
        return value
    }
}
