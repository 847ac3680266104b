/// Gives a driver the sources of a commit, which come one behind the other.
final class SourceReader {
    private let inlet: Inlet
    private var sources: [Progress?]

    private struct Progress {
        let isLengthKnown: Bool
        /// The bytes that are still to come, of the source or of its piece.
        var rest: UInt64
        var isOver = false
    }

    init(_ inlet: Inlet, _ changes: [WireChange]) {
        self.inlet = inlet
        sources = changes.map { change in
            guard change.kind == .put else { return nil }
            let isKnown = change.length != .max
            return Progress(isLengthKnown: isKnown, rest: isKnown ? change.length : 0)
        }
    }

    /// Fills the front of a buffer from the source of a change; 0 is its end.
    ///
    /// The loader sees to it that sources are read in their order, each to its end.
    func read(_ change: Int, _ target: UnsafeMutableRawBufferPointer) throws -> Int {
        guard var source = sources[change], !source.isOver else { return 0 }
        if !source.isLengthKnown, source.rest == 0 {
            let head = try inlet.read(4)
            source.rest = (0..<4).reduce(0) { $0 | UInt64(head[$1]) << UInt64(8 * $1) }
        }
        defer { sources[change] = source }
        guard source.rest > 0 else {
            source.isOver = true
            return 0
        }
        let most = Int(min(UInt64(target.count), source.rest))
        let count = try unsafe inlet.read(UnsafeMutableRawBufferPointer(rebasing: target[..<most]))
        guard count > 0 else { throw CallerEnded() }
        source.rest -= UInt64(count)
        return count
    }
}
