import TestSupport
import Testing

@testable import Host

/// What callers give to an operation, and how its call passes the layers.
@Suite struct OperationTests {
    private func error(_ body: () throws -> Void) -> HostError? {
        do { try body() } catch { return error as? HostError }
        return nil
    }

    // MARK: - Arguments

    private let operation = DriverOperation(
        id: "x.do", summary: "Does it.",
        parameters: [
            OperationParameter(
                name: "count", type: .i64, defaultValue: .i64(3), minimum: .i64(0),
                maximum: .i64(9)),
            OperationParameter(name: "word", documentation: "A word.", type: .text),
            OperationParameter(
                name: "way", type: .text, defaultValue: .text("fast"), choices: ["fast", "slow"]),
            OperationParameter(name: "data", type: .bytes, defaultValue: .bytes([])),
            OperationParameter(name: "force", type: .bool, defaultValue: .bool(false)),
            OperationParameter(name: "rate", type: .f64, defaultValue: .f64(0.5)),
            OperationParameter(name: "size", type: .u64, defaultValue: .u64(1)),
        ])

    @Test func defaultsFillWhatIsNotGiven() throws {
        let word = OperationInput("word", "w")
        #expect(
            try operation.resolve([word]) == [
                .i64(3), .text("w"), .text("fast"), .bytes([]), .bool(false), .f64(0.5), .u64(1),
            ])
        let all = [
            OperationInput("size", "18446744073709551615"), OperationInput("rate", "-1e3"),
            OperationInput("force", "true"), OperationInput("data", "/wA="),
            OperationInput("way", "slow"), word, OperationInput("count", "0"),
        ]
        #expect(
            try operation.resolve(all) == [
                .i64(0), .text("w"), .text("slow"), .bytes([255, 0]), .bool(true), .f64(-1000),
                .u64(.max),
            ])
    }

    @Test(
        arguments: [
            ("count", "ten", nil, "takes a whole number as count, not \"ten\""),
            ("count", "10", nil, "is given \"10\" as count, which must be at most 9"),
            ("count", "-1", nil, "must be at least 0"),
            ("count", "3", .string, "takes a whole number as count, not the string \"3\""),
            ("force", "yes", nil, "takes true or false as force"),
            ("force", "1", .number, "takes true or false as force, not the number"),
            ("way", "fats", nil, "must be one of fast, slow (did you mean \"fast\"?)"),
            ("data", "???", nil, "takes base64 as data"),
            ("rate", "inf", nil, "takes a number as rate"),
            ("size", "-1", nil, "takes a whole number that is not negative as size"),
            ("cuont", "1", nil, "has no parameter \"cuont\" (did you mean \"count\"?)"),
            ("word", "again", nil, "is given the parameter word twice"),
        ] as [(String, String, OperationInput.Kind?, String)])
    func wrongArgumentsAreNamed(
        _ name: String, _ text: String, _ kind: OperationInput.Kind?, _ words: String
    ) {
        let inputs = [OperationInput("word", "w"), OperationInput(name, text, kind)]
        let found = error { _ = try operation.resolve(inputs) }
        #expect(found?.code == .invalid)
        #expect(
            found?.message.contains("the operation x.do \(words)") == true
                || found?.message.contains(words) == true, "\(found?.message ?? "no error")")
    }

    @Test func whatIsMissingIsNamed() {
        let missing = error { _ = try operation.resolve([]) }
        #expect(missing?.message == "the operation x.do needs the parameter word")
        #expect(missing?.advice == "A word.")
        let unknown = error { _ = try DriverOperation.find("x.od", in: [operation], of: "x") }
        #expect(unknown?.code == .invalid)
        #expect(unknown?.message.contains("no operation \"x.od\" (did you mean \"x.do\"?)") == true)
        #expect(unknown?.advice == "its operations are x.do")
    }

    // MARK: - Layers

    /// A store that fails so many times and then answers.
    private final class Failing: ObservingLayer, @unchecked Sendable {
        // SAFETY: one thread uses it.
        let base: any StoreOperations = MemoryStore()
        var failures: [HostError]
        var bytesBeforeFailure = false
        private(set) var calls: [(attempt: UInt32, hasDeadline: Bool)] = []

        init(_ failures: [HostError]) { self.failures = failures }

        func observe<R>(
            _ operation: ObservedOperation, _ call: Call, _ body: (Call) throws(HostError) -> R
        ) throws(HostError) -> R { try body(call) }

        func callOperation(
            _ request: OperationCall, _ call: Call,
            body: (UnsafeRawBufferPointer) throws(HostError) -> Void
        ) throws(HostError) {
            calls.append((call.attempt, call.remaining != nil))
            if failures.isEmpty || bytesBeforeFailure { try send("done", body) }
            if !failures.isEmpty { throw failures.removeFirst() }
        }

        private func send(
            _ text: String, _ body: (UnsafeRawBufferPointer) throws(HostError) -> Void
        ) throws(HostError) {
            let result: Result<Void, HostError> = Array(text.utf8).withUnsafeBytes { bytes in
                Result { () throws(HostError) in try body(bytes) }
            }
            try result.get()
        }
    }

    private let passing = HostError(.unavailable, "not now", retry: .same(after: .zero))

    private func run(
        _ store: some StoreOperations, _ traits: Set<DriverOperation.Trait>
    ) throws -> String {
        var text = ""
        let request = OperationCall(DriverOperation(id: "x.do", summary: "", traits: traits))
        try store.callOperation(request, Call(timeout: .seconds(60))) {
            text += String(decoding: $0, as: UTF8.self)
        }
        return text
    }

    @Test func onlyWhatIsIdempotentIsTriedAgain() throws {
        let again = Failing([passing, passing])
        #expect(try run(RetryLayer(base: again), [.idempotent, .mutates]) == "done")
        #expect(again.calls.map(\.attempt) == [1, 2, 3])
        for traits: Set<DriverOperation.Trait> in [[], [.reads], [.mutates]] {
            let once = Failing([passing])
            #expect(error { _ = try run(RetryLayer(base: once), traits) }?.code == .unavailable)
            #expect(once.calls.count == 1)
        }
        let begun = Failing([passing])
        begun.bytesBeforeFailure = true
        #expect(error { _ = try run(RetryLayer(base: begun), .init([.idempotent])) } != nil)
        #expect(begun.calls.count == 1)
    }

    @Test func theUsualLayersPassOperations() throws {
        let base = Failing([])
        let store = try LayerStack.wrap(base, in: LayerStack.usual, store: "s", driver: "d")
        let request = OperationCall(DriverOperation(id: "x.do", summary: ""))
        var count = 0
        try store.callOperation(request, Call(timeout: nil)) { count += $0.count }
        #expect(count == 4 && base.calls.map(\.hasDeadline) == [true])
    }

    @Test func faultsStrikeOperations() throws {
        func layer(_ text: String) throws -> FaultLayer {
            FaultLayer(base: Failing([]), plan: FaultPlan([try FaultRule(text)]))
        }
        let struck = try layer("error on=operation code=throttled")
        #expect(error { _ = try run(struck, []) }?.code == .throttled)
        let lost = try layer("lost-answer")
        #expect(error { _ = try run(lost, [.mutates]) }?.applied == .unknown)
        #expect(try run(lost, [.reads]) == "done")
    }

    @Test func aStoreWithoutOperationsSaysSo() {
        let found = error { _ = try run(LyingDriver(), []) }
        #expect(found?.code == .unsupported && found?.message.contains("x.do") == true)
    }
}
