// Made by scripts/generate-codec from sdk/isolation/messages.idl; change that instead.

/// Any message.
package enum Message: Sendable, Hashable {
    case hello(WireHello)
    case connect(WireConnect)
    case welcome(WireWelcome)
    case refused(WireRefused)
    case event(WireEvent)
    case startCall(WireStartCall)
    case stopCall(WireStopCall)
    case describeCall(WireDescribeCall)
    case openCall(WireOpenCall)
    case closeCall(WireCloseCall)
    case capabilitiesCall(WireCapabilitiesCall)
    case headCall(WireHeadCall)
    case getCall(WireGetCall)
    case putCall(WirePutCall)
    case removeCall(WireRemoveCall)
    case listCall(WireListCall)
    case pingCall(WirePingCall)
    case fill(WireFill)
    case answer(WireAnswer)
    case operationsCall(WireOperationsCall)
    case operationCall(WireOperationCall)
    case commitCall(WireCommitCall)
    case changes(WireChanges)
    case watchCall(WireWatchCall)
    case extensionsCall(WireExtensionsCall)
    case delivery(WireDelivery)
    case result(WireResult)
    case credit(WireCredit)

    /// The version of the messages that both sides must have.
    package static let version: UInt32 = 3

    /// The most bytes of a frame.
    package static let mostBytes = 98304

    init(number: UInt8, from reader: inout FrameReader) throws(FrameError) {
        switch number {
        case 1: self = .hello(try WireHello(from: &reader))
        case 2: self = .connect(try WireConnect(from: &reader))
        case 3: self = .welcome(try WireWelcome(from: &reader))
        case 4: self = .refused(try WireRefused(from: &reader))
        case 5: self = .event(try WireEvent(from: &reader))
        case 16: self = .startCall(try WireStartCall(from: &reader))
        case 17: self = .stopCall(try WireStopCall(from: &reader))
        case 18: self = .describeCall(try WireDescribeCall(from: &reader))
        case 19: self = .openCall(try WireOpenCall(from: &reader))
        case 20: self = .closeCall(try WireCloseCall(from: &reader))
        case 21: self = .capabilitiesCall(try WireCapabilitiesCall(from: &reader))
        case 22: self = .headCall(try WireHeadCall(from: &reader))
        case 23: self = .getCall(try WireGetCall(from: &reader))
        case 24: self = .putCall(try WirePutCall(from: &reader))
        case 25: self = .removeCall(try WireRemoveCall(from: &reader))
        case 26: self = .listCall(try WireListCall(from: &reader))
        case 27: self = .pingCall(try WirePingCall(from: &reader))
        case 28: self = .fill(try WireFill(from: &reader))
        case 29: self = .answer(try WireAnswer(from: &reader))
        case 30: self = .operationsCall(try WireOperationsCall(from: &reader))
        case 31: self = .operationCall(try WireOperationCall(from: &reader))
        case 35: self = .commitCall(try WireCommitCall(from: &reader))
        case 36: self = .changes(try WireChanges(from: &reader))
        case 37: self = .watchCall(try WireWatchCall(from: &reader))
        case 38: self = .extensionsCall(try WireExtensionsCall(from: &reader))
        case 32: self = .delivery(try WireDelivery(from: &reader))
        case 33: self = .result(try WireResult(from: &reader))
        case 34: self = .credit(try WireCredit(from: &reader))
        default: throw .number
        }
    }

    private var number: UInt8 {
        switch self {
        case .hello: 1
        case .connect: 2
        case .welcome: 3
        case .refused: 4
        case .event: 5
        case .startCall: 16
        case .stopCall: 17
        case .describeCall: 18
        case .openCall: 19
        case .closeCall: 20
        case .capabilitiesCall: 21
        case .headCall: 22
        case .getCall: 23
        case .putCall: 24
        case .removeCall: 25
        case .listCall: 26
        case .pingCall: 27
        case .fill: 28
        case .answer: 29
        case .operationsCall: 30
        case .operationCall: 31
        case .commitCall: 35
        case .changes: 36
        case .watchCall: 37
        case .extensionsCall: 38
        case .delivery: 32
        case .result: 33
        case .credit: 34
        }
    }

    func write(to writer: inout FrameWriter) {
        writer.number(number)
        switch self {
        case .hello(let value): value.write(to: &writer)
        case .connect(let value): value.write(to: &writer)
        case .welcome(let value): value.write(to: &writer)
        case .refused(let value): value.write(to: &writer)
        case .event(let value): value.write(to: &writer)
        case .startCall(let value): value.write(to: &writer)
        case .stopCall(let value): value.write(to: &writer)
        case .describeCall(let value): value.write(to: &writer)
        case .openCall(let value): value.write(to: &writer)
        case .closeCall(let value): value.write(to: &writer)
        case .capabilitiesCall(let value): value.write(to: &writer)
        case .headCall(let value): value.write(to: &writer)
        case .getCall(let value): value.write(to: &writer)
        case .putCall(let value): value.write(to: &writer)
        case .removeCall(let value): value.write(to: &writer)
        case .listCall(let value): value.write(to: &writer)
        case .pingCall(let value): value.write(to: &writer)
        case .fill(let value): value.write(to: &writer)
        case .answer(let value): value.write(to: &writer)
        case .operationsCall(let value): value.write(to: &writer)
        case .operationCall(let value): value.write(to: &writer)
        case .commitCall(let value): value.write(to: &writer)
        case .changes(let value): value.write(to: &writer)
        case .watchCall(let value): value.write(to: &writer)
        case .extensionsCall(let value): value.write(to: &writer)
        case .delivery(let value): value.write(to: &writer)
        case .result(let value): value.write(to: &writer)
        case .credit(let value): value.write(to: &writer)
        }
    }
}
