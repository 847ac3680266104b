internal import State

/// Rows under headings, aligned for people.
struct Table {
    /// How a column is aligned.
    enum Alignment { case left, right }

    private let columns: [(heading: String, alignment: Alignment)]
    private var rows: [[String]] = []

    init(_ columns: (heading: String, alignment: Alignment)...) { self.columns = columns }

    /// Adds a row with a cell for each column.
    mutating func add(_ cells: String...) { rows.append(cells.map(Self.visible)) }

    /// The lines, without space at their ends.
    var lines: [String] {
        let all = [columns.map(\.heading)] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { cells in
            let padded = columns.indices.map { column in
                let cell = cells[column]
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return columns[column].alignment == .left ? cell + space : space + cell
            }
            let line = padded.joined(separator: "  ")
            let end = line.lastIndex { $0 != " " }
            return end.map { String(line[...$0]) } ?? ""
        }
    }

    /// What came from a store may hold anything; a terminal must not obey it.
    static func visible(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            result.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
        }
        return result
    }
}

/// Sizes and times as people read them.
enum Human {
    /// A size such as `4.2 KiB`.
    static func size(_ byteCount: UInt64) -> String {
        guard byteCount >= 1024 else { return "\(byteCount) B" }
        var tenths = byteCount
        var unit = 0
        let units = ["KiB", "MiB", "GiB", "TiB"]
        // Tenths of the unit, so that no floating point is needed.
        tenths = byteCount / 1024 * 10 + byteCount % 1024 * 10 / 1024
        while tenths >= 10240, unit < units.count - 1 {
            tenths /= 1024
            unit += 1
        }
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    /// The first part of a long hexadecimal text.
    static func short(_ digest: String) -> String { String(digest.prefix(12)) }
}

extension Human {
    /// A time such as `3m12s ago`; `-` when it is not known.
    static func ago(_ nanoseconds: Int64, now: Int64) -> String {
        nanoseconds == 0 ? "-" : "\(Timestamp.span(from: nanoseconds, to: now)) ago"
    }
}
