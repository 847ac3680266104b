internal import Host
internal import State

/// The states that a prefix of addresses names, over both kinds.
struct StateSelection: Sendable {
    private let parts: [(kind: StateKind, prefix: String)]

    /// Reads a prefix: none is everything, `receipts/shop` some receipts, a path some states.
    init(_ prefix: String) {
        let kinds: [StateKind] = [.receipt, .terraform]
        if prefix.isEmpty {
            parts = kinds.map { ($0, "") }
            return
        }
        for kind in kinds where prefix == kind.name || prefix.hasPrefix(kind.name + "/") {
            parts = [(kind, String(prefix.dropFirst(kind.name.count + 1)))]
            return
        }
        parts = [(.terraform, prefix)]
    }

    /// Every state of the selection, receipts first, each kind in the order of its paths.
    func summaries(
        in opened: OpenedStore, _ call: Call
    ) throws -> [(address: StateAddress, summary: StateSummary)] {
        var result: [(address: StateAddress, summary: StateSummary)] = []
        for (kind, prefix) in parts {
            let states = opened.states(kind)
            var last = ""
            while true {
                let page = try states.list(
                    prefix: prefix, startAfter: last, limit: Self.pageCount, call)
                result += page.map { (StateAddress(kind: kind, path: $0.path), $0) }
                guard page.count >= Self.pageCount, let end = page.last else { break }
                last = end.path.description
            }
        }
        return result
    }

    private static let pageCount = 500
}
