/// Finds what somebody meant who mistyped a name.
package enum DidYouMean {
    /// ` (did you mean "x"?)` where one of `candidates` is near enough, else nothing.
    package static func hint(for word: String, among candidates: some Sequence<String>) -> String {
        closest(to: word, among: candidates).map { " (did you mean \"\($0)\"?)" } ?? ""
    }

    /// The candidate that is nearest to `word`; `nil` when none is near.
    package static func closest(
        to word: String, among candidates: some Sequence<String>
    ) -> String? {
        let folded = Array(word.lowercased().utf8.prefix(longestByteCount))
        var best: (distance: Int, word: String)?
        for candidate in candidates {
            let other = Array(candidate.lowercased().utf8.prefix(longestByteCount))
            let distance = editDistance(folded, other)
            // A third of the letters may differ; more is another word.
            guard distance <= max(1, max(folded.count, other.count) / 3),
                distance < min(folded.count, other.count)
            else { continue }
            if best.map({ (distance, candidate) < ($0.distance, $0.word) }) ?? true {
                best = (distance, candidate)
            }
        }
        return best?.word
    }

    private static let longestByteCount = 64

    /// The Damerau-Levenshtein distance (optimal string alignment): insertions, deletions,
    /// replacements and swaps of neighbours.
    package static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(
                    last[column] + (letter == other ? 0 : 1), last[column + 1] + 1,
                    current[column] + 1)
                let isSwap =
                    row > 0 && column > 0 && letter == right[column - 1]
                    && left[row - 1] == other
                if isSwap { cost = min(cost, beforeLast[column - 1] + 1) }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
