internal import CHoldfast

// Copies of constant data in a driver that may be wrong in any way.

/// Copies bytes of a driver's memory.
///
/// - Parameters:
///   - address: Where they should be.
///   - count: How many; any number.
///   - name: What they are, for the defect.
/// - Returns: The bytes.
/// - Throws: ``Defect`` when not all of them are readable.
func copyMemory(
    _ address: UnsafeRawPointer?, _ count: Int, _ name: String
) throws(Defect) -> [UInt8] {
    guard count > 0 else { return [] }
    var bytes: [UInt8] = []
    while let address = unsafe address, bytes.count < count {
        let piece = unsafe readMemory(address + bytes.count, min(4096, count - bytes.count))
        guard let piece else { break }
        bytes += piece
    }
    guard bytes.count == count else { throw Defect("gave \(name) that is not wholly in memory") }
    return bytes
}

/// Copies a struct of a driver that starts with its size.
///
/// - Parameters:
///   - address: Where it should be, at a multiple of 8.
///   - zero: The struct in zeros.
///   - name: What it is, for the defect.
/// - Returns: The struct; its pointers are not checked.
/// - Throws: ``Defect``.
func copyStruct<Value>(
    _ address: UnsafeRawPointer?, over zero: Value, _ name: String
) throws(Defect) -> Value {
    guard let address = unsafe address, UInt(bitPattern: address) % 8 == 0 else {
        throw Defect("gave \(name) at no valid address")
    }
    let size = unsafe try copyMemory(address, 4, name).number(UInt32.self, at: 0) ?? 0
    let known = MemoryLayout<Value>.size
    guard Int(size) >= known else {
        throw Defect("gave \(name) of \(size) bytes, which has \(known)")
    }
    let bytes = unsafe try copyMemory(address, known, name)
    var value = zero
    unsafe withUnsafeMutableBytes(of: &value) { unsafe $0.copyBytes(from: bytes) }
    return value
}

/// Where the elements of a driver's array start.
///
/// - Parameters:
///   - base: The first one.
///   - count: How many there are.
///   - stride: From one to the next.
///   - most: The most that there may be.
///   - size: The least bytes of an element.
///   - name: What they are, for the defect.
/// - Returns: The addresses.
/// - Throws: ``Defect``.
func elementAddresses(
    _ base: UnsafeRawPointer?, _ count: UInt32, _ stride: UInt32, most: Int, size: Int,
    _ name: String
) throws(Defect) -> [UInt] {
    guard count > 0 else { return [] }
    guard Int(count) <= most else { throw Defect("gave \(count) \(name); \(most) are allowed") }
    guard let base = unsafe base, (size...4096).contains(Int(stride)), stride % 8 == 0 else {
        throw Defect("gave \(name) with the stride \(stride), or at no address")
    }
    return (0..<UInt(count)).map { UInt(bitPattern: base) &+ $0 * UInt(stride) }
}

extension holdfast_text {
    /// Copies text of a driver.
    ///
    /// - Parameters:
    ///   - least: The least bytes.
    ///   - most: The most bytes.
    ///   - isDocument: Whether it may have more than one line.
    ///   - name: What it is, for the defect.
    /// - Returns: The text, without control characters other than those of lines.
    /// - Throws: ``Defect``.
    func copy(
        _ least: UInt64 = 0, most: UInt64, isDocument: Bool = false, _ name: String
    ) throws(Defect) -> String {
        let (data, size) = unsafe (self.data, self.size)
        let wrong = Defect("gave \(name) that is not \(least) to \(most) bytes of printable text")
        guard (least...most).contains(size) else { throw wrong }
        let bytes = unsafe try copyMemory(UnsafeRawPointer(data), Int(size), name)
        let isPrintable = bytes.allSatisfy { byte in
            byte >= 0x20 && byte != 0x7f || isDocument && (byte == 0x0a || byte == 0x09)
        }
        guard isPrintable, let text = String(validating: bytes, as: UTF8.self) else { throw wrong }
        return text
    }
}
