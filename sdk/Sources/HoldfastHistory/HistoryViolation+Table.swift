extension HistoryViolation: CustomStringConvertible {
    /// The reason, and a table of the operations.
    public var description: String {
        let note =
            omitted == 0
            ? "" : "\n\(omitted) more operations of this key are not needed to see it"
        return "\(quoted(key)): \(reason)\n\(table)\(note)"
    }

    /// The operations as a table, by the time of their start.
    public var table: String {
        let title = ["CLIENT", "START", "END", "OPERATION", "RESULT"]
        let rows = [title] + operations.map(\.cells)
        let widths = title.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                // Numbers to the right; nothing after the last column.
                line += column < 3 ? space + cell : cell + (column == 3 ? space : "")
                line += column < 4 ? "  " : ""
            }
            return line
        }.joined(separator: "\n")
    }
}

extension History.Operation {
    fileprivate var cells: [String] {
        [
            String(client), String(invocation), outcome == .unknown ? "-" : String(response),
            action.description, outcome.description,
        ]
    }
}

extension History.Version: CustomStringConvertible {
    /// The token as text where it is printable ASCII, otherwise in hexadecimal; cut after 32 signs.
    public var description: String {
        let isText = token.allSatisfy { (0x21...0x7e).contains($0) }
        let text =
            isText
            ? String(decoding: token, as: UTF8.self)
            : "0x" + token.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return text.count > 32 ? text.prefix(31) + "…" : text
    }
}

extension History.Condition: CustomStringConvertible {
    /// The condition for people; empty for none.
    public var description: String {
        switch self {
        case .none: ""
        case .absent: " if absent"
        case .version(let version): " if version \(version)"
        }
    }
}

extension History.Action: CustomStringConvertible {
    /// The action for people.
    public var description: String {
        switch self {
        case .put(let value, let condition): "put #\(value)\(condition)"
        case .remove(let condition): "remove\(condition)"
        case .read: "read"
        case .head: "head"
        }
    }
}

extension History.Outcome: CustomStringConvertible {
    /// The outcome for people.
    public var description: String {
        switch self {
        case .wrote(let version): "wrote version \(version)"
        case .removed: "removed"
        case .refused(nil): "refused"
        case .refused(let current?): "refused, current version \(current)"
        case .found(let value, let version): "found #\(value), version \(version)"
        case .saw(let version): "version \(version)"
        case .absent: "absent"
        case .notApplied: "failed, not applied"
        case .unknown: "unknown"
        }
    }
}

/// A key in quotation marks, with what would spoil a line escaped.
func quoted(_ key: String) -> String { key.debugDescription }
