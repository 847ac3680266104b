import HoldfastLoader
import SDKTestSupport
import Testing

/// Operations of a driver in C, called through libffi, wherever it runs: also part of the tests of
/// isolation, by a link.
@Suite("Operations") struct OperationTests {
    private let store: OpenStore

    init() throws { store = try openPlainStore() }

    private func call(
        _ id: String, _ arguments: [OperationValue] = [], _ context: CallContext = CallContext()
    ) throws -> String {
        var bytes: [UInt8] = []
        let outcome = try store.call(id, arguments, context) { span in
            span.withUnsafeBytes { bytes.append(contentsOf: $0) }
            return .more
        }
        #expect(outcome == .complete)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func failure(
        _ id: String, _ arguments: [OperationValue], _ context: CallContext = CallContext()
    ) throws -> DriverFailure {
        try #require(throws: DriverFailure.self) { _ = try call(id, arguments, context) }
    }

    @Test("descriptors come as they are declared") func descriptors() throws {
        let operations = try store.operations()
        #expect(operations.first?.id == DriverOperation.canary)
        let add = try #require(operations.first { $0.id == "memory.add" })
        #expect(add.summary == "Adds one." && add.result == .text)
        #expect(add.hasFunction == hasFunctions)
        #expect(add.traits == .idempotent && add.signature == "i64,text")
        let number = add.parameters[0]
        #expect(number.name == "number" && number.documentation == "The number.")
        #expect(number.defaultValue == .i64(1) && number.choices.isEmpty)
        #expect(number.minimum == .i64(-2) && number.maximum == .i64(10))
        #expect(add.parameters[1].choices == ["one", "two"])
        let count = try #require(operations.first { $0.id == "memory.count" })
        #expect(count.traits == [.reads, .idempotent] && count.result == .json)
        #expect(count.resultSchema == "{\"type\":\n\"object\"}" && count.signature == "")
        let invoked = try #require(operations.first { $0.id == "memory.invoked" })
        #expect(!invoked.hasFunction && invoked.parameters[0].defaultValue == nil)
        #expect(try store.driver.operations() == operations)
    }

    @Test("an operation without parameters") func none() throws {
        #expect(try call("memory.count") == #"{"objects":0}"#)
    }

    @Test("twelve arguments of all kinds of numbers arrive") func wide() throws {
        let arguments: [OperationValue] = [
            .i64(.min), .f64(-0.5), .u64(.max), .f64(1e300), .bool(true), .f64(3), .i64(-7),
            .f64(0.125), .text("ü!"),
        ]
        #expect(
            try call("memory.wide", arguments)
                == "-9223372036854775808 -0.5 18446744073709551615 1e+300 1 3 -7 0.125 ü!")
    }

    @Test(
        "texts and bytes arrive, empty ones too",
        arguments: [("", ""), ("a", ""), ("", "b"), ("first", "last")])
    func pieces(_ first: String, _ last: String) throws {
        let arguments: [OperationValue] = [
            .bytes(Array(first.utf8)), .bool(false), .text(last + first),
            .bytes(Array(last.utf8)), .f64(2), .i64(5),
        ]
        #expect(
            try call("memory.pieces", arguments) == "\(first)|0|\(last + first)|\(last)|2|5")
    }

    @Test("the canary answers what it was given") func canary() throws {
        let answer = try call(
            DriverOperation.canary,
            [
                .i64(-2), .u64(3), .f64(1.5), .bool(true), .text("a\"b"), .bytes([0xff, 0]),
            ])
        #expect(
            answer == #"{"i64":"fffffffffffffffe","u64":"0000000000000003","#
                + #""f64":"3ff8000000000000","bool":"0000000000000001","#
                + #""text":"612262","bytes":"ff00"}"#)
    }

    @Test("what has no function goes by invoke") func invoked() throws {
        #expect(try call("memory.invoked", [.i64(9), .text("x")]) == "invoked 9 x")
    }

    @Test("a result comes in pieces and can be stopped") func stopped() throws {
        #expect(try call("memory.repeat", [.u64(1000)]).utf8.count == 10_000)
        var count = 0
        let outcome = try store.call("memory.repeat", [.u64(200_000)], CallContext()) { _ in
            count += 1
            return count == 3 ? .stop : .more
        }
        #expect(outcome == .stopped && count == 3)
        struct Own: Error {}
        #expect(throws: Own.self) {
            _ = try store.call("memory.repeat", [.u64(5)], CallContext()) { _ in throw Own() }
        }
    }

    // MARK: - What fails

    @Test("arguments are checked before anything is called") func arguments() throws {
        #expect(try failure("memory.unknown", []).code == .unsupported)
        let wrong: [(String, [OperationValue], String)] = [
            ("memory.add", [.i64(1)], "takes 2 arguments, not 1"),
            ("memory.add", [.u64(1), .text("one")], "number of memory.add must be of type i64"),
            ("memory.add", [.i64(-3), .text("one")], "must be at least -2"),
            ("memory.add", [.i64(11), .text("one")], "must be at most 10"),
            ("memory.add", [.i64(1), .text("six")], "must be one of one, two"),
            ("memory.quiet", [.i64(0)], "must be of type bool"),
        ]
        for (id, arguments, words) in wrong {
            let failure = try failure(id, arguments)
            #expect(failure.code == .invalid && failure.message.contains(words), "\(failure)")
        }
        let infinite = try failure(
            "memory.wide", [.i64(0), .f64(.infinity)] + Array(repeating: .bool(true), count: 7))
        #expect(infinite.message.contains("b of memory.wide must be a finite number"))
    }

    @Test("what a mutating operation did is unknown unless its driver says so") func applied()
        throws
    {
        let lost = try failure("memory.fail", [.text("lost")])
        #expect(lost.code == .unavailable && lost.applied == .unknown)
        #expect(try failure("memory.fail", [.text("no-reason")]).applied == .unknown)
        #expect(try failure("memory.retry", [.text("lost")]).applied == .no)
    }

    @Test(
        "a driver that breaks the rules is reported",
        arguments: [
            ("memory.fail", OperationValue.text("unknown-status"), "unknown status -77"),
            ("memory.fail", .text("no-address"), "wrote a result at no address"),
            ("memory.quiet", .bool(true), "wrote a result, which it does not declare"),
        ])
    func defects(_ id: String, _ argument: OperationValue, _ words: String) throws {
        let failure = try failure(id, [argument])
        #expect(failure.code == .internalError && failure.message.contains(words), "\(failure)")
        #expect(failure.message.contains("in \(id)"), "\(failure)")
    }

    @Test("a call ends by its deadline or its cancellation") func ends() throws {
        let context = CallContext(deadlineNanoseconds: CallContext.monotonicNanoseconds())
        #expect(try failure("memory.fail", [.text("waits")], context).code == .deadline)
        let cancelled = CallContext()
        cancelled.cancel()
        #expect(try failure("memory.fail", [.text("waits")], cancelled).code == .deadline)
    }

    @Test("a closed store has no operations to call") func closed() throws {
        try store.close(CallContext())
        #expect(try failure("memory.count", []).code == .invalid)
    }
}

/// Declarations that a host must not believe.
@Suite("Wrong operations") struct WrongOperationTests {
    @Test(
        "a wrong declaration is refused by name",
        arguments: [
            ("ADD_ID=\"other.add\"", "whose id is not memory.<name>"),
            ("ADD_ID=\"memory.Add\"", "whose id is not memory.<name>"),
            ("ADD_ID=\"memory.\"", "whose id is not memory.<name>"),
            ("ADD_ID=\"memory.count\"", "declares the operation memory.count twice"),
            ("ADD_CODE={{\"i64,text\",8},7,(holdfast_operation_function)op_add}", "memory.add"),
            (
                "ADD_CODE={{\"i64,text\",8},7,(holdfast_operation_function)op_add}",
                "0x0000000000000007, but that of its signature \"i64,text\" is 0x08b73e07b55c55f0"
            ),
            ("ADD_CODE={{\"i64,i65\",7},7,(holdfast_operation_function)op_add}", "no signature"),
            ("ADD_CODE={{\"i64,\",4},7,(holdfast_operation_function)op_add}", "no signature"),
            (
                "ADD_CODE=HOLDFAST_BY_INVOKE(bytes,bytes,bytes,bytes,bytes)",
                "declares memory.add with 13 arguments; 12 are allowed"
            ),
            ("ADD_CODE=HOLDFAST_BY_INVOKE(i64,i64)", "parameters of the types \"i64,text\""),
            ("ADD_CODE=HOLDFAST_BY_INVOKE(i64)", "parameters of the types \"i64,text\""),
            ("ADD_TYPE=HOLDFAST_VALUE_U64", "cannot be"),
            ("ADD_TYPE=99", "unknown type 99"),
            ("ADD_TRAITS=1024", "unknown traits"),
            ("ADD_RESULT=77", "unknown result 77"),
            ("ADD_SUMMARY=\"\"", "the summary of memory.add that is not 1 to 256 bytes"),
            ("ADD_SUMMARY=\"a\\nb\"", "the summary of memory.add that is not"),
            ("ADD_DEFAULT=\"11\"", "declares \"11\" as the default of the parameter number"),
            ("ADD_DEFAULT=\"many\"", "declares \"many\" as the default of the parameter number"),
            ("ADD_MAXIMUM=\"ten\"", "declares \"ten\" as the greatest value of the parameter"),
            ("ADD_NAME=\"Number\"", "under no name"),
            ("ADD_NAME=\"word\"", "declares the parameter word of memory.add twice"),
            ("ADD_STRIDE=8", "with the stride 8"),
            ("ADD_STRIDE=sizeof(holdfast_parameter)+1", "with the stride"),
            ("OPERATION_COUNT=65", "65 operations; 64 are allowed"),
            ("OPERATIONS_SIZE=8", "a table of operations of 8 bytes"),
            ("OPERATIONS_INVOKE=NULL", "declares memory.invoked without a function"),
            ("CANARY={sizeof(holdfast_operation)}", "the id of an operation that is not 1 to 65"),
            (
                "CANARY=OPERATION(\"memory.other\",\"Is no canary.\",0,HOLDFAST_CODE(op_count),NULL,0,0,\"\")",
                "without the canary holdfast.canary"
            ),
        ])
    func wrong(_ define: String, _ words: String) throws {
        let store = try openPlainStore([define])
        for _ in 0..<2 {
            let failure = try #require(throws: DriverFailure.self) { _ = try store.operations() }
            #expect(failure.code == .internalError, "\(failure)")
            #expect(failure.message.contains(words), "\(failure)")
        }
        #expect(throws: DriverFailure.self) {
            _ = try store.call("memory.count", [], CallContext()) { _ in .more }
        }
    }
}
