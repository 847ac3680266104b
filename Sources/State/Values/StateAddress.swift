/// A state as the command line names it: `terraform/<path>` or
/// `receipts/<service>/<stage>/<provider>`.
package struct StateAddress: Sendable, Hashable, CustomStringConvertible {
    /// The kind of state.
    package let kind: StateKind
    /// Its path within the kind.
    package let path: StatePath

    /// Makes an address of its two halves.
    package init(kind: StateKind, path: StatePath) {
        self.kind = kind
        self.path = path
    }

    /// Reads an address.
    ///
    /// - Throws: ``StateError`` with code `invalid`.
    package init(_ text: String) throws(StateError) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            throw Self.unknown(text)
        }
        let rest = String(text[text.utf8.index(after: slash)...])
        switch text[..<slash] {
        case "terraform":
            self.init(kind: .terraform, path: try StatePath(rest))
        case "receipts":
            let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map {
                String($0)
            }
            guard parts.count == 3 else {
                throw StateError(
                    .invalid, "'\(printable(text))' does not name a receipt",
                    advice: "write receipts/<service>/<stage>/<provider>")
            }
            let path = try StatePath.receipt(
                service: parts[0], stage: parts[1], provider: parts[2])
            self.init(kind: .receipt, path: path)
        default: throw Self.unknown(text)
        }
    }

    /// The address as it is typed.
    package var description: String {
        var text = path.description
        if kind == .receipt, text.utf8.count > StatePath.receiptSuffix.utf8.count {
            text = String(text.dropLast(StatePath.receiptSuffix.count))
        }
        return "\(kind.name)/\(text)"
    }

    private static func unknown(_ text: String) -> StateError {
        StateError(
            .invalid, "'\(printable(text))' is not the address of a state",
            advice: "write terraform/<path> or receipts/<service>/<stage>/<provider>")
    }
}
