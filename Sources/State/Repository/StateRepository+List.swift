package import Host

extension StateRepository {
    private static let pageSize = 256

    /// The states whose paths start with `prefix`, in byte order.
    ///
    /// A state that was removed and is not locked is not listed. A record that cannot be read is
    /// listed with its problem, so that it does not hide the others.
    /// Only paths after `startAfter` are listed, at most `limit` of them; fewer mean the end.
    package func list(
        prefix: String, startAfter: String, limit: Int, _ call: Call
    ) throws(StateError) -> [StateSummary] {
        guard limit > 0 else { return [] }
        let home = try home(nil, call)
        var records = PathCursor(
            self, home.store,
            Listing(
                collection: kind.records, workspace: home.workspace, prefix: prefix,
                startAfter: startAfter, limit: Self.pageSize))
        var copies = PathCursor(
            self, store,
            Listing(
                collection: kind.legible, workspace: workspace, prefix: prefix,
                startAfter: startAfter, limit: Self.pageSize))
        var summaries: [StateSummary] = []
        while summaries.count < limit {
            let record = try records.peek(call)
            let copy = try copies.peek(call)
            guard let path = [record, copy].compactMap({ $0 }).min() else { break }
            if record == path { records.advance() }
            if copy == path { copies.advance() }
            if let summary = try listed(path, call) { summaries.append(summary) }
        }
        return summaries
    }

    private func listed(_ path: StatePath, _ call: Call) throws(StateError) -> StateSummary? {
        do throws(StateError) {
            guard let summary = try summary(path, call) else { return nil }
            return summary.current == nil && summary.lock == nil ? nil : summary
        } catch {
            switch error.code {
            case .newerFormat, .integrity:
                return StateSummary(
                    path: path, current: nil, lock: nil, fence: 0, sequence: 0, problem: error)
            default: throw error
            }
        }
    }

    /// The paths of one collection, a page at a time.
    private struct PathCursor {
        private let repository: StateRepository
        private let store: Store
        private var listing: Listing
        private var page: ArraySlice<StatePath> = []
        private var isAtEnd = false

        init(_ repository: StateRepository, _ store: Store, _ listing: Listing) {
            self.repository = repository
            self.store = store
            self.listing = listing
        }

        mutating func peek(_ call: Call) throws(StateError) -> StatePath? {
            while page.isEmpty, !isAtEnd {
                let request = listing
                let store = store
                let entries = try repository.onStore(nil) { () throws(HostError) in
                    try call.check()
                    return try store.list(request, call)
                }
                isAtEnd = entries.count < listing.limit
                if let last = entries.last { listing.startAfter = last.path }
                page = entries.compactMap { Self.path($0.path) }[...]
            }
            return page.first
        }

        mutating func advance() { page = page.dropFirst() }

        /// Others may keep files in the legible place that are no states; they are passed over.
        private static func path(_ text: String) -> StatePath? {
            do throws(StateError) { return try StatePath(text) } catch { return nil }
        }
    }
}
