internal import Host
internal import Synchronization

/// States that were read lately, so that reading one again costs a look at its record and no more.
///
/// An entry is used only while the record has the very version under which it was made: what another
/// process commits is seen at once. The bytes were checked against their SHA-256 when they came in.
final class RecentReads: Sendable {
    struct Entry: Sendable {
        /// The record's version in the store.
        var recordVersion: Version
        var version: StateVersion
        var bytes: [UInt8]
    }

    private struct Contents {
        var entries: [StatePath: Entry] = [:]
        /// From the oldest; may name some that were replaced since.
        var order: [StatePath] = []
        var byteCount = 0
    }

    /// The most bytes of all entries; what is over goes, oldest first.
    private static let byteCountMax = 8 << 20
    /// Larger states are read from the store each time.
    static let entryBytesMax = 256 << 10

    private let contents = Mutex(Contents())

    subscript(path: StatePath) -> Entry? { contents.withLock { $0.entries[path] } }

    /// Keeps an entry in place of an earlier one of the same path.
    func keep(_ entry: Entry, for path: StatePath) {
        guard entry.bytes.count <= Self.entryBytesMax else { return }
        contents.withLock { contents in
            let earlier = contents.entries.updateValue(entry, forKey: path)
            contents.byteCount += entry.bytes.count - (earlier?.bytes.count ?? 0)
            if earlier == nil { contents.order.append(path) }
            while contents.byteCount > Self.byteCountMax, !contents.order.isEmpty {
                let oldest = contents.order.removeFirst()
                contents.byteCount -= contents.entries.removeValue(forKey: oldest)?.bytes.count ?? 0
            }
        }
    }
}
