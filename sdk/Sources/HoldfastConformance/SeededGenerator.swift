/// A generator whose numbers a printed seed brings back (splitmix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Starts a sequence of its own for each name under one seed.
    init(seed: UInt64, name: String) {
        state = name.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
    }

    /// The next number.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Bytes that no other object of the check has.
    mutating func bytes(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count + 8)
        while result.count < count {
            let number = next()
            unsafe withUnsafeBytes(of: number) { unsafe result.append(contentsOf: $0) }
        }
        result.removeLast(result.count - count)
        return result
    }

    /// A word of lower-case letters.
    mutating func word(_ count: Int) -> String {
        String(
            (0..<count).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement(using: &self) ?? "a" }
        )
    }
}
