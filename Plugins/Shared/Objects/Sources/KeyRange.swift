/// Keys that are listed one after the other.
package struct KeyRange: Sendable, Equatable {
    /// What all of them begin with.
    package let prefix: String
    /// Only keys after this one; empty for all.
    package let after: String
    /// Only keys before this one; `nil` for all.
    package let end: String?

    /// Whether a key is past the end.
    package func isPast(_ key: String) -> Bool {
        guard let end else { return false }
        return !precedes(key, end)
    }
}

extension ObjectNames {
    /// Where the objects of a listing lie: streams that are each in the order of the paths.
    ///
    /// Receipts lie in the prefix itself. There the folders of everything else are stepped over, however
    /// much is in them.
    ///
    /// - Parameters:
    ///   - collection: The collection.
    ///   - workspace: The workspace.
    ///   - start: What the paths begin with.
    ///   - after: The path after which to begin; empty for all.
    /// - Returns: The ranges of each stream.
    func streams(
        _ collection: String, _ workspace: String, prefix start: String, after: String
    ) -> [[KeyRange]] {
        let base = folder(collection, workspace)
        let inFolder = range(base, start, after: after, end: nil)
        guard collection == "state", workspace.isEmpty else {
            return [[inFolder].compactMap(\.self)]
        }
        return [ranges(inPrefix: start, after: after), [inFolder].compactMap(\.self)]
    }

    private func ranges(inPrefix start: String, after: String) -> [KeyRange] {
        var ranges: [KeyRange] = []
        var from = after
        for (folder, behind) in [(".holdfast/", ".holdfast0"), ("terraform/", "terraform0")] {
            if start.utf8.starts(with: folder.utf8) { return [] }
            guard folder.utf8.starts(with: start.utf8) else { continue }
            if precedes(from, folder), let range = range(prefix, start, after: from, end: folder) {
                ranges.append(range)
            }
            // No receipt is called like the first name behind the folder: it has only one part.
            if precedes(from, behind) { from = behind }
        }
        if let range = range(prefix, start, after: from, end: nil) { ranges.append(range) }
        return ranges
    }

    /// The keys below `base` whose rest begins with `start`; `nil` when there can be none.
    private func range(
        _ base: String, _ start: String, after: String, end: String?
    ) -> KeyRange? {
        let isInside = after.utf8.starts(with: start.utf8)
        // What lies before all that begins so is no limit; what lies behind it leaves nothing.
        if !isInside, precedes(start, after) { return nil }
        return KeyRange(
            prefix: base + start, after: isInside && !after.isEmpty ? base + after : "",
            end: end.map { base + $0 })
    }
}

/// Whether a text comes before another one in the order of their bytes.
func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}
