internal import Synchronization

/// Where the last listings of a store were, so that the next page goes on there.
///
/// The service's markers are places in the order of the names, which stay good when blobs come and go.
final class Bookmarks: Sendable {
    private struct Bookmark {
        let prefix: String
        /// The last key before the marker.
        let key: String
        let marker: String
    }

    private static let most = 64

    private let kept = Mutex<[Bookmark]>([])

    /// Keeps the marker behind a page; the oldest goes.
    func keep(_ prefix: String, after key: String, _ marker: String) {
        kept.withLock { kept in
            kept.removeAll { $0.prefix == prefix && $0.key == key }
            if kept.count >= Self.most { kept.removeFirst() }
            kept.append(Bookmark(prefix: prefix, key: key, marker: marker))
        }
    }

    /// Forgets the markers of a beginning.
    func forget(_ prefix: String) {
        kept.withLock { kept in kept.removeAll { $0.prefix == prefix } }
    }

    /// The marker of the last known place that is not behind `after`; `nil` for none.
    func marker(_ prefix: String, before after: String) -> String? {
        if after.isEmpty { return nil }
        return kept.withLock { kept in
            var best: Bookmark?
            for mark in kept where mark.prefix == prefix {
                if after.utf8.lexicographicallyPrecedes(mark.key.utf8) { continue }
                if let found = best, mark.key.utf8.lexicographicallyPrecedes(found.key.utf8) {
                    continue
                }
                best = mark
            }
            return best?.marker
        }
    }
}
