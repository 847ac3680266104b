/// The id of a version: its sequence in ten digits and eight random hexadecimal ones; sixteen where the
/// records are in another store.
///
/// Ids sort by sequence. Two writers that race for one sequence make different ids, so that neither
/// touches the other's bytes.
struct VersionID: Sendable, Hashable {
    /// The highest sequence that ten digits can show.
    static let sequenceMax: UInt64 = 9_999_999_999

    let sequence: UInt64
    let text: String

    init(sequence: UInt64, random: String) {
        self.sequence = sequence
        text = Self.prefix(sequence) + random
    }

    /// Reads an id; `nil` for anything else.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 19 || bytes.count == 27, bytes[10] == UInt8(ascii: "-"),
            bytes[..<10].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            bytes[11...].allSatisfy({ hexadecimalValue($0) != nil }),
            let sequence = UInt64(text.prefix(10))
        else { return nil }
        self.sequence = sequence
        self.text = text
    }

    /// What the ids of a sequence start with.
    static func prefix(_ sequence: UInt64) -> String {
        let digits = "\(sequence)"
        return String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits + "-"
    }
}
