internal import CFFI
internal import CHoldfast
internal import Synchronization

/// The operations of a driver, ready to be called.
@safe struct OperationTable: Sendable {
    /// An operation and how libffi calls it.
    @safe struct Prepared: Sendable {
        var operation: DriverOperation
        // SAFETY: the address of a function of the driver, which is never unloaded.
        nonisolated(unsafe) var function: holdfast_operation_function?
        // SAFETY: made once, under a lock, and neither changed nor freed afterwards.
        nonisolated(unsafe) var interface: UnsafeMutablePointer<ffi_cif>?
    }

    /// The invoke function of the interface.
    typealias Invoke =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafePointer<holdfast_call>?, holdfast_text,
            UnsafeRawPointer?, UInt32, UInt32, UnsafePointer<holdfast_sink>?
        ) -> holdfast_status

    /// In the driver's order.
    let operations: [Prepared]
    let invoke: Invoke?

    /// The operation with an id.
    func operation(_ id: String) -> Prepared? { operations.first { $0.operation.id == id } }

    /// Reads, checks and prepares a driver's table.
    ///
    /// - Parameters:
    ///   - address: What the driver's `extension` returned.
    ///   - driver: The driver's id.
    ///   - code: The addresses of the library's own code.
    /// - Throws: ``Defect``, in words that follow "the driver".
    init(
        _ address: UnsafeRawPointer, driver: String, code: [Range<UInt>]
    ) throws(Defect) {
        let table = unsafe try copyStruct(
            address, over: holdfast_operations(), "a table of operations")
        let declared = unsafe try OperationReader(driver: driver, code: code).operations(of: table)
        var prepared: [Prepared] = []
        for next in declared {
            let interface =
                unsafe next.function == nil ? nil : try unsafe makeInterface(next.signature)
            unsafe prepared.append(
                Prepared(
                    operation: next.operation, function: next.function, interface: interface))
        }
        operations = prepared
        unsafe invoke = table.invoke
    }
}

/// `ffi_prep_cif` may not run twice at once.
private let preparing = Mutex<Void>(())

/// Describes a signature to libffi; what this allocates stays for the process's life.
private func makeInterface(
    _ signature: OperationSignature
) throws(Defect) -> UnsafeMutablePointer<ffi_cif> {
    let pointer = unsafe holdfast_ffi_pointer()
    var types = unsafe [pointer, pointer]
    for type in signature.types {
        switch type {
        case .i64: unsafe types.append(holdfast_ffi_i64())
        case .u64: unsafe types.append(holdfast_ffi_u64())
        case .f64: unsafe types.append(holdfast_ffi_f64())
        case .bool: unsafe types.append(holdfast_ffi_i32())
        case .text: unsafe types.append(pointer)
        case .bytes: unsafe types += [pointer, holdfast_ffi_u64()]
        }
    }
    unsafe types.append(pointer)
    let list = UnsafeMutablePointer<UnsafeMutablePointer<ffi_type>?>.allocate(
        capacity: unsafe types.count)
    for index in unsafe types.indices { unsafe list[index] = types[index] }
    let interface = UnsafeMutablePointer<ffi_cif>.allocate(capacity: 1)
    let status = preparing.withLock { _ in
        unsafe ffi_prep_cif(
            interface, FFI_DEFAULT_ABI, UInt32(types.count), holdfast_ffi_i32(), list)
    }
    guard status == FFI_OK else {
        throw Defect(
            "has an operation of the signature \"\(signature.text)\", which libffi refuses")
    }
    return unsafe interface
}
