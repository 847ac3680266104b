/// The bytes of a read on their way through a fault.
struct FaultyReading {
    private var flips: Bool
    private let cuts: Bool
    /// How many bytes may still pass.
    private var allowance = UInt64.max

    init(flips: Bool, cuts: Bool) {
        self.flips = flips
        self.cuts = cuts
    }

    /// Learns how many bytes are to come.
    mutating func expect(_ info: ObjectInfo, _ range: ByteRange) {
        guard cuts else { return }
        let rest = info.byteCount - min(range.offset, info.byteCount)
        allowance = min(range.length, rest) / 2
    }

    /// What is passed on of a piece.
    mutating func change(_ piece: UnsafeRawBufferPointer) -> [UInt8] {
        let count = Int(min(UInt64(piece.count), allowance))
        allowance -= UInt64(count)
        var bytes = unsafe Array(piece.prefix(count))
        if flips, !bytes.isEmpty {
            bytes[bytes.count / 2] ^= 1
            flips = false
        }
        return bytes
    }
}

/// The first half of another source; where that is of unknown length, what it gives first.
final class CutSource: ByteSource {
    private let base: any ByteSource
    private var isOver = false
    private var passed: UInt64 = 0
    /// How many bytes the other source had.
    private(set) var byteCount: UInt64 = 0

    init(_ base: any ByteSource) { self.base = base }

    var length: UInt64? { base.length.map { $0 / 2 } }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
        guard !isOver else { return 0 }
        let left = length.map { Int(clamping: $0 - passed) } ?? buffer.count
        let wanted = min(left, buffer.count)
        let count =
            wanted == 0 ? 0 : try unsafe base.read(into: .init(rebasing: buffer[..<wanted]))
        passed += UInt64(count)
        byteCount += UInt64(count)
        if length == nil || length == passed { try finish() }
        return count
    }

    func rewind() -> Bool {
        guard base.rewind() else { return false }
        (isOver, passed, byteCount) = (false, 0, 0)
        return true
    }

    /// Reads the rest: who gave the source shall see it used up.
    private func finish() throws(HostError) {
        isOver = true
        var scratch = [UInt8](repeating: 0, count: 65536)
        while true {
            let result: Result<Int, HostError> = unsafe scratch.withUnsafeMutableBytes { space in
                Result { () throws(HostError) in try unsafe base.read(into: space) }
            }
            let count = try result.get()
            if count == 0 { return }
            byteCount += UInt64(count)
        }
    }
}
