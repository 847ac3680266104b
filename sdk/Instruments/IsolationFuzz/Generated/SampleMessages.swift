// Made by scripts/generate-codec from sdk/isolation/messages.idl; change that instead.

package import HoldfastIsolation

extension WireHello {
    static func sample(_ source: inout SampleSource) -> WireHello {
        var value = WireHello()
        value.magic = source.number(UInt32.self)
        value.version = source.number(UInt32.self)
        value.hostName = source.text(most: 256)
        value.hostVersion = source.text(most: 256)
        value.folder = source.text(most: 4096)
        value.library = source.text(most: 4096)
        value.manifest = source.bytes(most: 65536)
        value.limits = WireLimits.sample(&source)
        value.sandboxed = source.bool()
        value.writable = source.list(most: 64) { WirePath.sample(&$0) }
        value.temporary = source.text(most: 4096)
        return value
    }
}

extension WireConnect {
    static func sample(_ source: inout SampleSource) -> WireConnect {
        var value = WireConnect()
        value.window = source.number(UInt32.self)
        return value
    }
}

extension WireWelcome {
    static func sample(_ source: inout SampleSource) -> WireWelcome {
        var value = WireWelcome()
        value.version = source.number(UInt32.self)
        value.id = source.text(most: 32)
        value.driverVersion = source.text(most: 64)
        value.vendor = source.text(most: 256)
        value.threadModel = source.number(UInt32.self)
        value.abiMinor = source.number(UInt32.self)
        value.behaviour = source.number(UInt32.self)
        value.sandbox = source.list(most: 16) { WireSandboxPart.sample(&$0) }
        return value
    }
}

extension WireRefused {
    static func sample(_ source: inout SampleSource) -> WireRefused {
        var value = WireRefused()
        value.code = source.text(most: 64)
        value.path = source.text(most: 4096)
        value.message = source.text(most: 16384)
        value.remedy = source.text(most: 4096)
        return value
    }
}

extension WireEvent {
    static func sample(_ source: inout SampleSource) -> WireEvent {
        var value = WireEvent()
        value.severity = source.number(UInt32.self)
        value.text = source.text(most: 16384)
        return value
    }
}

extension WireStartCall {
    static func sample(_ source: inout SampleSource) -> WireStartCall {
        var value = WireStartCall()
        value.call = WireCall.sample(&source)
        return value
    }
}

extension WireStopCall {
    static func sample(_ source: inout SampleSource) -> WireStopCall {
        var value = WireStopCall()
        value.call = WireCall.sample(&source)
        return value
    }
}

extension WireDescribeCall {
    static func sample(_ source: inout SampleSource) -> WireDescribeCall {
        var value = WireDescribeCall()
        value.call = WireCall.sample(&source)
        return value
    }
}

extension WireOpenCall {
    static func sample(_ source: inout SampleSource) -> WireOpenCall {
        var value = WireOpenCall()
        value.call = WireCall.sample(&source)
        value.flags = source.number(UInt32.self)
        value.options = source.list(most: 256) { WireOption.sample(&$0) }
        return value
    }
}

extension WireCloseCall {
    static func sample(_ source: inout SampleSource) -> WireCloseCall {
        var value = WireCloseCall()
        value.call = WireCall.sample(&source)
        return value
    }
}

extension WireCapabilitiesCall {
    static func sample(_ source: inout SampleSource) -> WireCapabilitiesCall {
        var value = WireCapabilitiesCall()
        value.call = WireCall.sample(&source)
        return value
    }
}

extension WireHeadCall {
    static func sample(_ source: inout SampleSource) -> WireHeadCall {
        var value = WireHeadCall()
        value.call = WireCall.sample(&source)
        value.key = WireKey.sample(&source)
        return value
    }
}

extension WireGetCall {
    static func sample(_ source: inout SampleSource) -> WireGetCall {
        var value = WireGetCall()
        value.call = WireCall.sample(&source)
        value.key = WireKey.sample(&source)
        value.offset = source.number(UInt64.self)
        value.length = source.number(UInt64.self)
        return value
    }
}

extension WirePutCall {
    static func sample(_ source: inout SampleSource) -> WirePutCall {
        var value = WirePutCall()
        value.call = WireCall.sample(&source)
        value.key = WireKey.sample(&source)
        value.condition = WireCondition.sample(&source)
        value.attributes = source.list(most: 1536) { WireAttribute.sample(&$0) }
        value.length = source.number(UInt64.self)
        value.isUnique = source.bool()
        value.filling = WireFilling.sample(&source)
        return value
    }
}

extension WireRemoveCall {
    static func sample(_ source: inout SampleSource) -> WireRemoveCall {
        var value = WireRemoveCall()
        value.call = WireCall.sample(&source)
        value.key = WireKey.sample(&source)
        value.condition = WireCondition.sample(&source)
        return value
    }
}

extension WireListCall {
    static func sample(_ source: inout SampleSource) -> WireListCall {
        var value = WireListCall()
        value.call = WireCall.sample(&source)
        value.collection = source.text(most: 256)
        value.workspace = source.text(most: 1024)
        value.prefix = source.text(most: 2048)
        value.startAfter = source.text(most: 2048)
        value.limit = source.number(UInt32.self)
        value.wantsAttributes = source.bool()
        return value
    }
}

extension WirePingCall {
    static func sample(_ source: inout SampleSource) -> WirePingCall {
        var value = WirePingCall()
        value.call = WireCall.sample(&source)
        return value
    }
}

extension WireFill {
    static func sample(_ source: inout SampleSource) -> WireFill {
        var value = WireFill()
        value.filling = WireFilling.sample(&source)
        return value
    }
}

extension WireAnswer {
    static func sample(_ source: inout SampleSource) -> WireAnswer {
        var value = WireAnswer()
        value.status = source.number(Int32.self)
        return value
    }
}

extension WireOperationsCall {
    static func sample(_ source: inout SampleSource) -> WireOperationsCall {
        var value = WireOperationsCall()
        value.call = WireCall.sample(&source)
        return value
    }
}

extension WireOperationCall {
    static func sample(_ source: inout SampleSource) -> WireOperationCall {
        var value = WireOperationCall()
        value.call = WireCall.sample(&source)
        value.operation = source.text(most: 65)
        value.arguments = source.list(most: 9) { WireArgument.sample(&$0) }
        value.filling = WireFilling.sample(&source)
        return value
    }
}

extension WireCommitCall {
    static func sample(_ source: inout SampleSource) -> WireCommitCall {
        var value = WireCommitCall()
        value.call = WireCall.sample(&source)
        value.count = source.number(UInt32.self)
        value.changes = source.list(most: 1024) { WireChange.sample(&$0) }
        value.filling = WireFilling.sample(&source)
        return value
    }
}

extension WireChanges {
    static func sample(_ source: inout SampleSource) -> WireChanges {
        var value = WireChanges()
        value.changes = source.list(most: 1024) { WireChange.sample(&$0) }
        return value
    }
}

extension WireWatchCall {
    static func sample(_ source: inout SampleSource) -> WireWatchCall {
        var value = WireWatchCall()
        value.call = WireCall.sample(&source)
        value.collection = source.text(most: 256)
        value.workspace = source.text(most: 1024)
        value.prefix = source.text(most: 2048)
        value.cursor = source.bytes(most: 256)
        return value
    }
}

extension WireExtensionsCall {
    static func sample(_ source: inout SampleSource) -> WireExtensionsCall {
        var value = WireExtensionsCall()
        value.call = WireCall.sample(&source)
        return value
    }
}

extension WireDelivery {
    static func sample(_ source: inout SampleSource) -> WireDelivery {
        var value = WireDelivery()
        value.batch = WireBatch.sample(&source)
        return value
    }
}

extension WireResult {
    static func sample(_ source: inout SampleSource) -> WireResult {
        var value = WireResult()
        value.outcome = source.choice(WireOutcome.self)
        value.failure = source.bool() ? WireFailure.sample(&source) : nil
        value.batch = WireBatch.sample(&source)
        value.capabilities = source.list(most: 1024) { WireCapability.sample(&$0) }
        value.clock = source.bool() ? WireClock.sample(&source) : nil
        value.cursor = source.bytes(most: 256)
        value.extensions = source.number(UInt32.self)
        return value
    }
}

extension WireCredit {
    static func sample(_ source: inout SampleSource) -> WireCredit {
        var value = WireCredit()
        value.slots = source.number(UInt32.self)
        return value
    }
}

extension Message {
    /// A message of any kind that is valid by itself.
    package static func sample(_ source: inout SampleSource) -> Message {
        switch source.below(28) {
        case 0: .hello(.sample(&source))
        case 1: .connect(.sample(&source))
        case 2: .welcome(.sample(&source))
        case 3: .refused(.sample(&source))
        case 4: .event(.sample(&source))
        case 5: .startCall(.sample(&source))
        case 6: .stopCall(.sample(&source))
        case 7: .describeCall(.sample(&source))
        case 8: .openCall(.sample(&source))
        case 9: .closeCall(.sample(&source))
        case 10: .capabilitiesCall(.sample(&source))
        case 11: .headCall(.sample(&source))
        case 12: .getCall(.sample(&source))
        case 13: .putCall(.sample(&source))
        case 14: .removeCall(.sample(&source))
        case 15: .listCall(.sample(&source))
        case 16: .pingCall(.sample(&source))
        case 17: .fill(.sample(&source))
        case 18: .answer(.sample(&source))
        case 19: .operationsCall(.sample(&source))
        case 20: .operationCall(.sample(&source))
        case 21: .commitCall(.sample(&source))
        case 22: .changes(.sample(&source))
        case 23: .watchCall(.sample(&source))
        case 24: .extensionsCall(.sample(&source))
        case 25: .delivery(.sample(&source))
        case 26: .result(.sample(&source))
        default: .credit(.sample(&source))
        }
    }
}
