internal import CHoldfast

/// An operation as its driver declared it.
@safe struct DeclaredOperation: Sendable {
    var operation: DriverOperation
    var signature: OperationSignature
    // SAFETY: the address of a function of the driver, which is never unloaded.
    nonisolated(unsafe) var function: holdfast_operation_function?
}

/// Reads and checks a driver's table of operations.
struct OperationReader {
    /// The driver's id, which the operations' ids start with.
    let driver: String
    /// The addresses of the library's own code.
    let code: [Range<UInt>]

    /// All operations of a table.
    ///
    /// - Parameter table: A copy of the table.
    /// - Returns: The operations, in the driver's order.
    /// - Throws: ``Defect``, in words that follow "the driver".
    func operations(of table: holdfast_operations) throws(Defect) -> [DeclaredOperation] {
        let invoke = unsafe unsafeBitCast(table.invoke, to: UInt.self)
        guard invoke == 0 || isOwnCode(invoke) else {
            throw Defect("gave a function invoke that is not its own code")
        }
        let addresses = unsafe try elementAddresses(
            table.items, table.count, table.stride, most: 64,
            size: MemoryLayout<holdfast_operation>.size, "operations")
        var found: [DeclaredOperation] = []
        for address in addresses {
            let next = unsafe try operation(at: .init(bitPattern: address), hasInvoke: invoke != 0)
            guard !found.contains(where: { $0.operation.id == next.operation.id }) else {
                throw Defect("declares the operation \(next.operation.id) twice")
            }
            found.append(next)
        }
        try checkCanary(found)
        return found
    }

    private func checkCanary(_ operations: [DeclaredOperation]) throws(Defect) {
        let canary = operations.first { $0.operation.id == DriverOperation.canary }
        guard let canary, canary.signature.types == OperationValueType.allCases,
            canary.operation.result == .json
        else {
            throw Defect(
                "declares operations without the canary \(DriverOperation.canary) of operations.h")
        }
    }

    // MARK: - One operation

    private func operation(
        at address: UnsafeRawPointer?, hasInvoke: Bool
    ) throws(Defect) -> DeclaredOperation {
        let raw = unsafe try copyStruct(address, over: holdfast_operation(), "an operation")
        let id = unsafe try raw.id.copy(1, most: 65, "the id of an operation")
        guard isOwn(id) else {
            throw Defect("declares an operation \(id), whose id is not \(driver).<name>")
        }
        let signature = unsafe try self.signature(of: raw.code, id)
        let function = unsafe raw.code.function
        let place = unsafe unsafeBitCast(function, to: UInt.self)
        guard place != 0 || hasInvoke else {
            throw Defect("declares \(id) without a function, and has no invoke")
        }
        guard place == 0 || isOwnCode(place) else {
            throw Defect("gave a function of \(id) that is not its own code")
        }
        let traits = DriverOperation.Traits(rawValue: unsafe raw.traits)
        guard traits.isSubset(of: .known) else {
            throw Defect("declares \(id) with unknown traits; a newer host may know them")
        }
        guard let result = DriverOperation.Result(rawValue: unsafe raw.result) else {
            throw Defect("declares \(id) with the unknown result \(unsafe raw.result)")
        }
        let operation = DriverOperation(
            id: id, summary: unsafe try raw.summary.copy(1, most: 256, "the summary of \(id)"),
            parameters: unsafe try parameters(of: raw, signature, id), result: result,
            resultSchema: unsafe try raw.result_schema.copy(
                most: 65536, isDocument: true, "the result's schema of \(id)"),
            traits: traits, hasFunction: place != 0)
        return DeclaredOperation(
            operation: operation, signature: signature, function: function)
    }

    private func signature(
        of code: holdfast_code, _ id: String
    ) throws(Defect) -> OperationSignature {
        let text = unsafe try code.signature.copy(most: 128, "the signature of \(id)")
        guard let signature = OperationSignature(text) else {
            throw Defect("declares \(id) with \"\(text)\", which is no signature")
        }
        guard signature.argumentCount <= OperationSignature.mostArguments else {
            throw Defect(
                "declares \(id) with \(signature.argumentCount) arguments; "
                    + "\(OperationSignature.mostArguments) are allowed")
        }
        guard unsafe code.hash == signature.hash else {
            throw Defect(
                "declares \(id) with the hash \(hexadecimal(unsafe code.hash)), but that of its "
                    + "signature \"\(text)\" is \(hexadecimal(signature.hash)), so its function may "
                    + "have another type (HOLDFAST_CODE would not compile then)")
        }
        return signature
    }

    private func isOwn(_ id: String) -> Bool {
        if id == DriverOperation.canary { return true }
        guard id.hasPrefix(driver + ".") else { return false }
        return isOperationName(id.utf8.dropFirst(driver.utf8.count + 1))
    }

    private func isOwnCode(_ address: UInt) -> Bool {
        code.contains { $0.contains(address) }
    }

    // MARK: - Parameters

    private func parameters(
        of raw: holdfast_operation, _ signature: OperationSignature, _ id: String
    ) throws(Defect) -> [OperationParameter] {
        let addresses = unsafe try elementAddresses(
            raw.parameters, raw.parameter_count, raw.parameter_stride, most: 9,
            size: MemoryLayout<holdfast_parameter>.size, "parameters of \(id)")
        var found: [OperationParameter] = []
        for address in addresses {
            let next = unsafe try parameter(at: .init(bitPattern: address), id)
            guard !found.contains(where: { $0.name == next.name }) else {
                throw Defect("declares the parameter \(next.name) of \(id) twice")
            }
            found.append(next)
        }
        guard found.map(\.type) == signature.types else {
            throw Defect(
                "declares \(id) with the signature \"\(signature.text)\" and parameters of the types "
                    + "\"\(found.map(\.type.name).joined(separator: ","))\"")
        }
        return found
    }

    private func parameter(
        at address: UnsafeRawPointer?, _ id: String
    ) throws(Defect) -> OperationParameter {
        let raw = unsafe try copyStruct(
            address, over: holdfast_parameter(), "a parameter of \(id)")
        let name = unsafe try raw.name.copy(1, most: 32, "the name of a parameter of \(id)")
        let place = "the parameter \(name) of \(id)"
        guard isOperationName(name.utf8) else { throw Defect("declares \(place) under no name") }
        guard let type = OperationValueType(rawValue: unsafe raw.type) else {
            throw Defect("declares \(place) with the unknown type \(unsafe raw.type)")
        }
        var parameter = OperationParameter(
            name: name, documentation: unsafe try raw.documentation.copy(most: 1024, place),
            type: type, defaultValue: nil, choices: try unsafe choices(of: raw, type, place),
            minimum: try unsafe bound(raw.minimum, type, "least value of \(place)"),
            maximum: try unsafe bound(raw.maximum, type, "greatest value of \(place)"))
        if unsafe raw.flags & HOLDFAST_PARAMETER_REQUIRED == 0 {
            let text = unsafe try raw.default_value.copy(
                most: 1024, isDocument: true, "the default of \(place)")
            guard let value = OperationValue(text, as: type),
                parameter.complaint(about: value) == nil
            else {
                throw Defect("declares \"\(text)\" as the default of \(place), which it cannot be")
            }
            parameter.defaultValue = value
        }
        return parameter
    }

    private func bound(
        _ text: holdfast_text, _ type: OperationValueType, _ name: String
    ) throws(Defect) -> OperationValue? {
        let text = unsafe try text.copy(most: 64, "the \(name)")
        guard !text.isEmpty else { return nil }
        guard type.rawValue <= OperationValueType.f64.rawValue,
            let value = OperationValue(text, as: type)
        else { throw Defect("declares \"\(text)\" as the \(name), which it cannot be") }
        return value
    }

    private func choices(
        of raw: holdfast_parameter, _ type: OperationValueType, _ place: String
    ) throws(Defect) -> [String] {
        let count = unsafe raw.choice_count
        guard count == 0 || type == .text else { throw Defect("gave choices to \(place)") }
        let stride = unsafe UInt32(MemoryLayout<holdfast_text>.stride)
        let addresses = unsafe try elementAddresses(
            raw.choices, count, stride, most: 64, size: Int(stride), "choices of \(place)")
        var found: [String] = []
        for address in addresses {
            let bytes = unsafe try copyMemory(
                .init(bitPattern: address), Int(stride), "a choice of \(place)")
            var text = unsafe holdfast_text()
            unsafe withUnsafeMutableBytes(of: &text) { unsafe $0.copyBytes(from: bytes) }
            found.append(unsafe try text.copy(1, most: 256, "a choice of \(place)"))
        }
        return found
    }
}

/// Whether bytes are a name of `holdfast/operations.h`: 1 to 32 of `[a-z0-9_]`, a letter first.
private func isOperationName(_ bytes: some Collection<UInt8>) -> Bool {
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let first = bytes.first, letters.contains(first), bytes.count <= 32 else { return false }
    return bytes.allSatisfy {
        letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_")
    }
}

/// A hash as messages show it.
private func hexadecimal(_ hash: UInt64) -> String {
    let digits = String(hash, radix: 16)
    return "0x" + String(repeating: "0", count: 16 - digits.count) + digits
}
