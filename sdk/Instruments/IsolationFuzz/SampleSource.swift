internal import HoldfastIsolation

/// Makes values that are valid by themselves, mostly small ones and now and then the largest.
package struct SampleSource {
    private var state: UInt64

    /// Starts the numbers of a seed.
    package init(seed: UInt64) { state = seed }

    /// The next number.
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number below another.
    package mutating func below(_ count: Int) -> Int { Int(next() % UInt64(max(1, count))) }

    mutating func bool() -> Bool { next() & 1 == 0 }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type) -> Number {
        switch below(8) {
        case 0: .max
        case 1: .min
        case 2, 3: Number(truncatingIfNeeded: next())
        default: Number(truncatingIfNeeded: next() % 32)
        }
    }

    mutating func choice<Value: CaseIterable>(_: Value.Type) -> Value {
        let all = Value.allCases
        return all[all.index(all.startIndex, offsetBy: below(all.count))]
    }

    private mutating func size(_ most: Int) -> Int {
        below(64) == 0 ? min(most, 2048) : min(most, below(12))
    }

    mutating func bytes(most: Int) -> [UInt8] {
        (0..<size(most)).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    mutating func text(most: Int) -> String {
        var text = ""
        for _ in 0..<size(most) { text += ["a", "/", "-", "ü", "\u{1F600}"][below(5)] }
        return text.utf8.count <= most ? text : ""
    }

    mutating func list<Item>(most: Int, _ item: (inout SampleSource) -> Item) -> [Item] {
        (0..<min(most, below(4))).map { _ in item(&self) }
    }
}
