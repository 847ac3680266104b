internal import CFFI
internal import CHoldfast

/// The arguments of one call, in the forms in which C wants them.
///
/// Every pointer that this lends is valid only inside the closure.
struct OperationArguments {
    let values: [OperationValue]

    /// Calls a function through libffi.
    ///
    /// - Parameters:
    ///   - prepared: The operation; it has a function.
    ///   - store: The driver's store.
    ///   - call: The call.
    ///   - sink: Where the result goes.
    /// - Returns: What the function returned.
    func call(
        _ prepared: OperationTable.Prepared, _ store: UnsafeMutableRawPointer,
        _ call: UnsafePointer<holdfast_call>, _ sink: UnsafePointer<holdfast_sink>
    ) -> holdfast_status {
        unsafe withTexts { texts in
            unsafe texts.withUnsafeBufferPointer { texts in
                // Every argument has 8 bytes; libffi reads as many of them as its type has.
                var slots = unsafe [word(store), word(call)] + parameters(texts) + [word(sink)]
                return unsafe slots.withUnsafeMutableBytes { slots in
                    var places = unsafe stride(from: 0, to: slots.count, by: 8).map {
                        unsafe slots.baseAddress?.advanced(by: $0)
                    }
                    // A result that is narrower than a register comes back as a whole one.
                    var result: ffi_arg = 0
                    unsafe ffi_call(prepared.interface, prepared.function, &result, &places)
                    return holdfast_status(truncatingIfNeeded: result)
                }
            }
        }
    }

    /// The words of the parameters' arguments.
    private func parameters(_ texts: UnsafeBufferPointer<holdfast_text>) -> [UInt64] {
        var words: [UInt64] = []
        for (index, value) in values.enumerated() {
            switch value {
            case .i64(let number): words.append(UInt64(bitPattern: number))
            case .u64(let number): words.append(number)
            case .f64(let number): words.append(number.bitPattern)
            case .bool(let flag): words.append(flag ? narrowOne : 0)
            case .text: words.append(unsafe word(texts.baseAddress.map { unsafe $0 + index }))
            case .bytes: words += unsafe [word(texts[index].data), texts[index].size]
            }
        }
        return words
    }

    /// Calls a driver's `invoke`.
    ///
    /// - Parameter body: Receives the array of `holdfast_value`, its count and its stride.
    /// - Returns: What the closure returned.
    func withValues(
        _ body: (UnsafeRawPointer?, UInt32, UInt32) -> holdfast_status
    ) -> holdfast_status {
        unsafe withTexts { texts in
            let items = unsafe zip(values, texts).map { value, text in
                var item = unsafe holdfast_value(
                    size: UInt32(MemoryLayout<holdfast_value>.size), type: value.type.rawValue,
                    i64: 0, u64: 0, f64: 0, text: text)
                switch value {
                case .i64(let number): unsafe item.i64 = number
                case .u64(let number): unsafe item.u64 = number
                case .f64(let number): unsafe item.f64 = number
                case .bool(let flag): unsafe item.i64 = flag ? 1 : 0
                case .text, .bytes: break
                }
                return unsafe item
            }
            return unsafe items.withUnsafeBufferPointer { items in
                unsafe body(
                    UnsafeRawPointer(items.baseAddress), UInt32(items.count),
                    UInt32(MemoryLayout<holdfast_value>.stride))
            }
        }
    }

    /// Lends a text for each argument, empty where it is neither text nor bytes.
    private func withTexts(_ body: ([holdfast_text]) -> holdfast_status) -> holdfast_status {
        var block: [UInt8] = []
        let places = values.map { value -> Range<Int> in
            let start = block.count
            switch value {
            case .text(let text): block += text.utf8
            case .bytes(let bytes): block += bytes
            default: break
            }
            return start..<block.count
        }
        return unsafe block.withUnsafeBufferPointer { block in
            unsafe body(
                places.map { place in
                    unsafe place.isEmpty
                        ? holdfast_text() : holdfast_text(lending: .init(rebasing: block[place]))
                })
        }
    }
}

/// A pointer as a word.
private func word(_ pointer: UnsafeRawPointer?) -> UInt64 {
    UInt64(UInt(bitPattern: pointer))
}

/// The word whose first four bytes are the `int32_t` 1, in either byte order.
private let narrowOne: UInt64 = {
    var word: UInt64 = 0
    unsafe withUnsafeMutableBytes(of: &word) { unsafe $0.storeBytes(of: 1, as: Int32.self) }
    return word
}()
