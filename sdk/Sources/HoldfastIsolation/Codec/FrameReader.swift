/// Why a frame cannot be read.
package enum FrameError: Error, Sendable, Hashable {
    /// It ends in the middle of a value.
    case short
    /// It goes on after the last field.
    case long
    /// No message has this number.
    case number
    /// A choice has no such value.
    case choice
    /// A bool that is neither 0 nor 1.
    case bool
    /// A size or count over its limit.
    case size
    /// Text that is not UTF-8.
    case text
    /// It is over the most bytes of a frame.
    case frame
}

/// Reads the fields of a frame.
///
/// Nothing that the bytes say makes it trap, read beyond them or reserve more memory than they have.
struct FrameReader {
    private let bytes: [UInt8]
    private let end: Int
    private var place = 0

    /// Reads the first `count` bytes of a buffer.
    init(_ bytes: [UInt8], count: Int) {
        self.bytes = bytes
        end = min(max(0, count), bytes.count)
    }

    /// Whether every byte was read.
    var isAtEnd: Bool { place == end }

    private mutating func take(_ count: Int) throws(FrameError) -> Range<Int> {
        guard count <= end - place else { throw .short }
        defer { place += count }
        return place..<place + count
    }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type) throws(FrameError) -> Number {
        var number: Number = 0
        let range = try take(MemoryLayout<Number>.size)
        for index in range.reversed() {
            number = MemoryLayout<Number>.size == 1 ? 0 : number << 8
            number |= Number(truncatingIfNeeded: bytes[index])
        }
        return number
    }

    mutating func bool() throws(FrameError) -> Bool {
        switch try number(UInt8.self) {
        case 0: return false
        case 1: return true
        default: throw .bool
        }
    }

    private mutating func size(most: Int) throws(FrameError) -> Int {
        let size = Int(try number(UInt32.self))
        guard size <= most else { throw .size }
        return size
    }

    mutating func bytes(most: Int) throws(FrameError) -> [UInt8] {
        let range = try take(try size(most: most))
        return Array(bytes[range])
    }

    mutating func text(most: Int) throws(FrameError) -> String {
        let range = try take(try size(most: most))
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw .text }
        return text
    }

    mutating func list<Item>(
        most: Int, _ item: (inout FrameReader) throws(FrameError) -> Item
    ) throws(FrameError) -> [Item] {
        let count = try size(most: most)
        // No item is empty, so a count beyond the bytes is wrong, and cannot make this reserve memory.
        guard count <= end - place else { throw .short }
        var items: [Item] = []
        items.reserveCapacity(min(count, 64))
        for _ in 0..<count { items.append(try item(&self)) }
        return items
    }
}
