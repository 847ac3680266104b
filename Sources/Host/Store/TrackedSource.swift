/// A source around a caller's source that holds it to what it promised and remembers what happened.
final class TrackedSource: ByteSource {
    private let base: any ByteSource
    private let maximum: UInt64
    /// How many bytes were read.
    private(set) var byteCount: UInt64 = 0
    /// Whether anything was asked of the caller's source.
    private(set) var isTouched = false
    /// Whether the end was seen.
    private(set) var isAtEnd = false
    /// What the caller's source failed with.
    private(set) var failure: HostError?

    /// Wraps `base`; more than `maximum` bytes are an error.
    init(_ base: any ByteSource, maximum: UInt64 = .max) {
        self.base = base
        self.maximum = maximum
    }

    var length: UInt64? { base.length }

    /// Whether every byte was read.
    var isComplete: Bool { isAtEnd || length == byteCount }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
        // A driver that goes on after a failure gets the same failure again, never later bytes.
        if let failure { throw failure }
        isTouched = true
        do throws(HostError) {
            let count = try unsafe base.read(into: buffer)
            try account(for: count, capacity: buffer.count)
            return count
        } catch {
            failure = error
            throw error
        }
    }

    func rewind() -> Bool {
        guard isTouched else { return true }
        guard base.rewind() else { return false }
        byteCount = 0
        isTouched = false
        isAtEnd = false
        failure = nil
        return true
    }

    private func account(for count: Int, capacity: Int) throws(HostError) {
        guard (0...capacity).contains(count) else {
            throw HostError(.source, "the source gave \(count) bytes where \(capacity) fit")
        }
        byteCount += UInt64(count)
        isAtEnd = count == 0
        if byteCount > maximum {
            throw HostError(.tooLarge, "the object has more than \(maximum) bytes")
        }
        guard let length else { return }
        if byteCount > length || (isAtEnd && byteCount < length) {
            throw HostError(
                .source,
                "the source promised \(length) bytes and gave "
                    + (isAtEnd ? "only \(byteCount)" : "more"))
        }
    }
}
