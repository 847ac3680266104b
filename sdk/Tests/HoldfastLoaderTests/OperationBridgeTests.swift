import HoldfastDriver
import Testing

@testable import HoldfastLoader

/// Operations of a driver in Swift, called through the loader's side.
@Suite("Operations in Swift") struct OperationBridgeTests {
    private let store: OpenStore

    init() throws { store = try BridgeTests.driver.get().open([], CallContext()) }

    private func call(_ id: String, _ arguments: [HoldfastLoader.OperationValue]) throws -> String {
        var bytes: [UInt8] = []
        _ = try store.call(id, arguments, CallContext()) { span in
            span.withUnsafeBytes { bytes.append(contentsOf: $0) }
            return .more
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func operation(_ id: String) throws -> DriverOperation {
        try #require(try store.operations().first { $0.id == id })
    }

    @Test("a declaration comes as it was written") func declaration() throws {
        let shout = try operation("swift-memory.shout")
        #expect(shout.signature == "text" && shout.hasFunction && shout.result == .text)
        #expect(shout.traits == [.reads, .idempotent] && shout.summary == "Says it louder.")
        let word = shout.parameters[0]
        #expect(word.name == "word" && word.documentation == "What to say.")
        #expect(word.choices == ["hey", "ho"] && word.defaultValue == .text("ho"))
        let sum = try operation("swift-memory.sum")
        #expect(sum.signature == "i64,i64" && !sum.hasFunction)
        #expect(sum.parameters[0].defaultValue == nil)
        #expect(sum.parameters[1].minimum == .i64(-5) && sum.parameters[1].maximum == .i64(5))
        #expect(try operation("swift-memory.size").resultSchema == #"{"type":"integer"}"#)
    }

    @Test("each type of argument arrives by a C function") func functions() throws {
        #expect(try call("swift-memory.shout", [.text("hey")]) == "HEY!")
        #expect(try call("swift-memory.size", []) == "0")
        let one: [(HoldfastLoader.OperationValue, String)] = [
            (.i64(.min), "-9223372036854775808"), (.u64(.max), "18446744073709551615"),
            (.f64(-0.25), "-0.25"), (.bool(true), "true"), (.bytes([1, 255]), "[1, 255]"),
            (.bytes([]), "[]"),
        ]
        for (value, words) in one {
            let id = "swift-memory.\(value.type.name)"
            #expect(try operation(id).hasFunction)
            #expect(try call(id, [value]) == words)
        }
    }

    @Test("what has no C function of its own goes by invoke") func invoke() throws {
        #expect(try call("swift-memory.sum", [.i64(40), .i64(2)]) == "42")
        let all: [HoldfastLoader.OperationValue] = [
            .i64(-1), .u64(2), .f64(0.5), .bool(false), .text("ü"), .bytes([7]),
        ]
        #expect(try call("swift-memory.all", all) == "-1 2 0.5 false ü [7]")
    }

    @Test("a ninth operation of one signature goes by invoke, each to its own body") func slots()
        throws
    {
        let flags = try store.operations().filter { $0.id.hasPrefix("swift-memory.flag") }
        #expect(flags.count == 9 && flags.filter(\.hasFunction).count == 7)
        for operation in flags {
            #expect(try call(operation.id, [.bool(true)]) == "\(operation.id) true")
        }
    }

    @Test("the canary answers by its function") func canary() throws {
        let arguments: [HoldfastLoader.OperationValue] = [
            .i64(1), .u64(2), .f64(0), .bool(true), .text("t"), .bytes([3]),
        ]
        #expect(try operation(DriverOperation.canary).hasFunction)
        let answer = try call(DriverOperation.canary, arguments)
        #expect(answer.hasSuffix(#""bool":"0000000000000001","text":"74","bytes":"03"}"#))
    }

    @Test("an error of the body is the call's") func failure() throws {
        let failure = try #require(throws: BridgeTests.Failure.self) {
            _ = try call("swift-memory.sum", [.i64(.max), .i64(1)])
        }
        #expect(failure.code == .tooLarge && failure.message == "the sum is too large")
    }
}
