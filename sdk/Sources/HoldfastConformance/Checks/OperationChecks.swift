internal import CHoldfast
internal import HoldfastLoader

/// Operations that a driver declares itself, by `holdfast/operations.h`.
enum OperationChecks {
    static let all = [
        Check(
            "operations.declared", .core,
            "declarations are valid, ids are unique and hashes are those of the signatures",
            declared),
        Check(
            "operations.canary", .core,
            "the canary answers its arguments: called directly, through libffi and by invoke",
            canary),
        Check(
            "operations.unknown", .core,
            "invoke refuses an unknown operation with HOLDFAST_UNSUPPORTED", unknown),
        Check(
            "operations.types", .core,
            "invoke refuses arguments of another number or type with HOLDFAST_INVALID", types),
    ]

    /// Whether there is anything to check.
    private static func hasOperations(_ run: CheckRun) throws -> Bool {
        let driver = try run.driver()
        guard unsafe driver.extensionTable(HOLDFAST_OPERATIONS_ID) == nil else { return true }
        run.note = "the driver has no operations"
        return false
    }

    static func declared(_ run: CheckRun) throws {
        guard try hasOperations(run) else { return }
        let driver = try run.driver()
        do throws(DriverFailure) {
            _ = try driver.operations()
        } catch {
            throw CheckFailure(error.message, do: "declare operations as operations.h says")
        }
    }

    // MARK: - The canary

    /// Arguments for the canary, ends of ranges first.
    private static func samples(_ run: CheckRun) -> [[OperationValue]] {
        let fixed: [[OperationValue]] = [
            [.i64(1), .u64(2), .f64(3), .bool(true), .text("4"), .bytes([5])],
            [.i64(.min), .u64(.max), .f64(-0.0), .bool(false), .text(""), .bytes([])],
            [
                .i64(.max), .u64(0), .f64(.leastNonzeroMagnitude), .bool(true),
                .text("\"ü\n\u{0}\\"), .bytes(Array(0...255)),
            ],
            [.i64(-1), .u64(1 << 63), .f64(-1.5e300), .bool(true), .text("x"), .bytes([0])],
        ]
        let random = (0..<20).map { _ -> [OperationValue] in
            [
                .i64(.random(in: .min ... .max, using: &run.random)),
                .u64(.random(in: 0 ... .max, using: &run.random)),
                .f64(.random(in: -1e9...1e9, using: &run.random)),
                .bool(.random(using: &run.random)), .text(run.random.word(9)),
                .bytes(Array(run.random.word(70).utf8)),
            ]
        }
        return fixed + random
    }

    static func canary(_ run: CheckRun) throws {
        guard try hasOperations(run) else { return }
        let store = try run.bench().store
        let raw = unsafe RawOperations(store)
        for arguments in samples(run) {
            let wanted = answer(arguments)
            var bytes: [UInt8] = []
            _ = try store.call(DriverOperation.canary, arguments, CallContext()) { piece in
                unsafe piece.withUnsafeBytes { unsafe bytes += $0 }
                return .more
            }
            try compare((HOLDFAST_OK, bytes), wanted, "the way that the host calls it")
            if let direct = unsafe raw?.canary(arguments) {
                try compare(direct, wanted, "its function")
            }
            if let invoked = unsafe raw?.invoke(DriverOperation.canary, arguments) {
                try compare(invoked, wanted, "invoke")
            }
        }
    }

    private static func compare(
        _ found: (status: holdfast_status, bytes: [UInt8]), _ wanted: String, _ way: String
    ) throws(CheckFailure) {
        let text = String(decoding: found.bytes, as: UTF8.self)
        try require(
            found.status == HOLDFAST_OK && text == wanted,
            "the canary by \(way) answers \(found.status) and \(text), not \(wanted)",
            do: "declare it with HOLDFAST_CANARY, and pass on every argument in its place")
    }

    /// What the canary answers, computed here.
    private static func answer(_ arguments: [OperationValue]) -> String {
        let members = arguments.map { value in
            let digits =
                switch value {
                case .i64(let number): digits(UInt64(bitPattern: number))
                case .u64(let number): digits(number)
                case .f64(let number): digits(number.bitPattern)
                case .bool(let flag): digits(flag ? 1 : 0)
                case .text(let text): text.utf8.map(digits).joined()
                case .bytes(let bytes): bytes.map(digits).joined()
                }
            return "\"\(value.type.name)\":\"\(digits)\""
        }
        return "{\(members.joined(separator: ","))}"
    }

    private static func digits(_ number: some FixedWidthInteger) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: number.bitWidth / 4 - digits.count) + digits
    }

    // MARK: - Invoke

    static func unknown(_ run: CheckRun) throws {
        guard let raw = unsafe try invokable(run) else { return }
        for id in ["", "holdfast.canar", "holdfast.canary2", "kit.unknown"] {
            let found = unsafe raw.invoke(id, [])?.status ?? HOLDFAST_OK
            try require(
                found == HOLDFAST_UNSUPPORTED,
                "invoke of the unknown operation \"\(id)\" answers \(found)",
                do: "answer HOLDFAST_UNSUPPORTED")
        }
    }

    static func types(_ run: CheckRun) throws {
        guard let raw = unsafe try invokable(run) else { return }
        let right = samples(run)[0]
        var wrong = [[], Array(right.dropLast()), right + [.i64(7)]]
        for index in right.indices {
            var arguments = right
            // The next type in the place of this one.
            arguments[index] = right[(index + 1) % right.count]
            wrong.append(arguments)
        }
        for arguments in wrong {
            let found = unsafe raw.invoke(DriverOperation.canary, arguments)?.status ?? HOLDFAST_OK
            let names = arguments.map(\.type.name).joined(separator: ",")
            try require(
                found == HOLDFAST_INVALID,
                "invoke of the canary answers \(found) to arguments of the types \"\(names)\"",
                do: "compare the number and the types of the arguments before they are used")
        }
    }

    private static func invokable(_ run: CheckRun) throws -> RawOperations? {
        guard try hasOperations(run) else { return nil }
        let raw = unsafe RawOperations(try run.bench().store)
        guard let raw = unsafe raw, unsafe raw.hasInvoke else {
            run.note = "the driver has no invoke"
            return nil
        }
        return unsafe raw
    }
}
