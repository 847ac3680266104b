/// Bytes that say themselves which write they are of, so that half of them is recognised.
struct Pattern: Sendable, Hashable {
    /// The least number of bytes.
    static let least = 16

    /// Which write they are of.
    var id: UInt64
    /// How many there are.
    var count: Int

    /// Makes a pattern of at least ``least`` bytes.
    init(id: UInt64, count: Int = Pattern.least) {
        self.id = id
        self.count = max(count, Self.least)
    }

    /// The bytes: the id, the count, and what a generator makes of both.
    var bytes: [UInt8] {
        var generator = SeededGenerator(seed: id, name: "\(count)")
        var result: [UInt8] = []
        result.reserveCapacity(count)
        unsafe withUnsafeBytes(of: (id.littleEndian, UInt64(count).littleEndian)) {
            unsafe result.append(contentsOf: $0)
        }
        return result + generator.bytes(count - Self.least)
    }

    /// The pattern that bytes are.
    ///
    /// - Parameters:
    ///   - bytes: What was read.
    ///   - words: What was read, for the error.
    /// - Throws: ``CheckFailure`` when they are not the whole of one write.
    init(_ bytes: [UInt8], _ words: @autoclosure () -> String) throws(CheckFailure) {
        guard bytes.count >= Self.least else {
            throw CheckFailure(
                "\(words()) gives \(bytes.count) bytes, fewer than any write had", do: Self.remedy)
        }
        id = Self.number(bytes[0..<8])
        count = Int(clamping: Self.number(bytes[8..<16]))
        guard count == bytes.count else {
            throw CheckFailure(
                "\(words()) gives \(bytes.count) bytes of a write that had \(count)",
                do: Self.remedy)
        }
        let whole = self.bytes
        guard whole == bytes else {
            throw CheckFailure(
                "\(words()) gives bytes of different writes: it \(difference(bytes, whole))",
                do: Self.remedy)
        }
    }

    private static let remedy = "make a write visible in one step, when all of it is there"

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
