import CHoldfast
import Glibc
import HoldfastIsolation
import HoldfastLoader
import SDKTestSupport
import Testing

/// What only a process adds to ``OperationTests``, which run here as well.
@Suite("Operations in a process") struct OperationProcessTests {
    private func failure(_ body: () throws -> Void) throws -> DriverFailure {
        try #require(throws: DriverFailure.self) { try body() }
    }

    private func call(
        _ store: OpenStore, _ id: String, _ arguments: [OperationValue],
        _ context: CallContext = CallContext()
    ) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let outcome = try store.call(id, arguments, context) { span in
            span.withUnsafeBytes { bytes.append(contentsOf: $0) }
            return .more
        }
        #expect(outcome == .complete)
        return bytes
    }

    @Test("the list is the driver's own") func list() throws {
        let fixture = try DriverFixture()
        let isolated = try Isolated(fixture)
        let plain = try fixture.load()
        try plain.start(CallContext())
        let own = try plain.operations().map { operation in
            var operation = operation
            operation.hasFunction = false
            return operation
        }
        #expect(own.count > 9)
        #expect(try isolated.driver.operations() == own)
        // It was asked for once, in the first process.
        #expect(isolated.record.started.count == 1)
    }

    @Test("a driver without operations has none here") func none() throws {
        let isolated = try Isolated(DriverFixture(["NO_OPERATIONS"]))
        #expect(try isolated.driver.operations() == [])
        #expect(isolated.driver.extensionTable("holdfast.operations/1") == nil)
        #expect(isolated.driver.extensionTable("holdfast.other/1") == nil)
    }

    @Test(
        "a crash in an operation that changes something leaves it unknown",
        arguments: [true, false])
    func crash(_ isWrite: Bool) throws {
        let isolated = try Isolated()
        let store = try isolated.store()
        let id = isWrite ? "memory.fail" : "memory.retry"
        let failure = try failure { _ = try call(store, id, [.text("crashes")]) }
        #expect((failure.code, failure.applied) == (.unavailable, isWrite ? .unknown : .no))
        #expect(failure.retry == .same(afterNanoseconds: 0))
        for part in [id, "memory", "signal 11 (SIGSEGV)", "a new one will be started"] {
            #expect(failure.message.contains(part), "\(failure.message)")
        }
        #expect(isolated.record.ends == [.closed, .signal(SIGSEGV)])
        #expect(try call(store, "memory.count", []) == Array(#"{"objects":0}"#.utf8))
        #expect(isolated.record.started.count == 3)
    }

    @Test("an operation that stays past its deadline is ended with its process") func overstay()
        throws
    {
        let isolated = try Isolated()
        let store = try isolated.store()
        let context = CallContext(deadlineNanoseconds: CallContext.monotonicNanoseconds())
        let failure = try failure { _ = try call(store, "memory.fail", [.text("hangs")], context) }
        #expect((failure.code, failure.applied) == (.deadline, .unknown))
        #expect(isolated.record.ends.last == .overstayed)
    }

    @Test(
        "arguments and results of any size go through the window",
        arguments: [1, 262_143, 262_144, 262_145, 1_048_576, 3_000_001])
    func large(_ size: Int) throws {
        let store = try openPlainStore()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 12) }
        let found = try call(store, "memory.large", [.bytes(bytes), .u64(UInt64(size) + 7)])
        #expect(found.count == size + 7 && found.prefix(size) == bytes[...])
        #expect(found.suffix(7) == (0..<7).map { bytes[$0 % size] }[...])
        #expect(try call(store, "memory.count", []) == Array(#"{"objects":0}"#.utf8))
    }

    @Test("64 MiB come back, and arguments of more are refused") func most() throws {
        let isolated = try Isolated()
        let store = try isolated.store()
        var count: UInt64 = 0
        let most: UInt64 = 64 << 20
        let piece = [UInt8](repeating: 7, count: 65_000)
        let arguments: [OperationValue] = [.bytes(piece), .u64(most)]
        _ = try store.call("memory.large", arguments, CallContext()) { span in
            count += UInt64(span.byteCount)
            return .more
        }
        #expect(count == most)
        let bytes = [UInt8](repeating: 1, count: Int(most) + 1)
        let failure = try failure {
            _ = try call(store, "memory.large", [.bytes(bytes), .u64(1)])
        }
        #expect(failure.code == .invalid && failure.message.contains("64 MiB"), "\(failure)")
        #expect(isolated.record.ends == [.closed])
    }

    @Test("invoke refuses what the table does not allow, and the process goes on") func invoke()
        throws
    {
        let isolated = try Isolated()
        let store = try isolated.store()
        let table = try #require(isolated.driver.extensionTable(HOLDFAST_OPERATIONS_ID))
        let found = table.assumingMemoryBound(to: holdfast_operations.self).pointee.invoke
        let invoke = try #require(found)
        var sink = holdfast_sink(
            size: UInt32(MemoryLayout<holdfast_sink>.size), flags: 0, context: nil,
            write: { _, _, _ in HOLDFAST_OK })
        /// Calls with one text.
        func status(_ id: String, _ bytes: [UInt8], type: holdfast_value_type = 5)
            -> holdfast_status
        {
            id.withText { id in
                bytes.withText { text in
                    var value = holdfast_value(
                        size: UInt32(MemoryLayout<holdfast_value>.size), type: type, i64: 0, u64: 0,
                        f64: 0, text: text)
                    let stride = UInt32(MemoryLayout<holdfast_value>.stride)
                    return invoke(store.driverObject, nil, id, &value, 1, stride, &sink)
                }
            }
        }
        #expect(status("memory.retry", Array("a\0b".utf8)) == HOLDFAST_UNAVAILABLE)
        #expect(status("memory.retry", Array("writes-nothing".utf8)) == HOLDFAST_OK)
        #expect(status("memory.retry", [0x61, 0xff, 0]) == HOLDFAST_INVALID)
        #expect(status("memory.retry", [], type: 6) == HOLDFAST_INVALID)
        #expect(status("memory.count", []) == HOLDFAST_INVALID)
        #expect(status("memory.other", []) == HOLDFAST_UNSUPPORTED)
        #expect(invoke(nil, nil, holdfast_text(), nil, 0, 0, &sink) == HOLDFAST_INVALID)
        #expect(isolated.record.ends == [.closed])
    }

    @Test("many calls at once each get their own arguments and result") func concurrency()
        async throws
    {
        let store = try openPlainStore()
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    let bytes = [UInt8](repeating: UInt8(task), count: 300_000 + task)
                    return (0..<5).allSatisfy { _ in
                        let arguments: [OperationValue] = [.bytes(bytes), .u64(400_000)]
                        return (try? call(store, "memory.large", arguments))
                            == [UInt8](repeating: UInt8(task), count: 400_000)
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
