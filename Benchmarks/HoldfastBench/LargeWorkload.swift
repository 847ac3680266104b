internal import Glibc
internal import Host

/// One object of 1 GiB, up and down, in constant memory.
struct LargeWorkload {
    private static let byteCount: UInt64 = 1 << 30

    let store: Store

    /// Sends the object `count` times.
    func up(count: Int) throws -> Measurement {
        try measured(count) {
            _ = try store.put(
                key, from: RepeatingSource(Self.byteCount), condition: .none, attributes: [:], call)
        }
    }

    /// Reads the object `count` times, as it is.
    func down(count: Int) throws -> Measurement {
        try measured(count) {
            var received: UInt64 = 0
            _ = try unsafe store.get(
                key, call, begin: { _ in }, body: { received += UInt64($0.count) })
            guard received == Self.byteCount else { throw Workload.WrongBytes() }
        }
    }

    private var call: Call { Call(timeout: .seconds(300)) }
    private var key: ObjectKey { ObjectKey(collection: "bench", workspace: "", path: "gib/state") }

    private func measured(_ count: Int, _ body: () throws -> Void) rethrows -> Measurement {
        try body()
        let cpu = ProcessFigures.cpuNanoseconds
        let started = Monotonic.now
        for _ in 0..<count { try body() }
        return Measurement(
            count: count * Int(Self.byteCount), elapsed: Monotonic.now - started,
            cpu: ProcessFigures.cpuNanoseconds - cpu)
    }
}

/// A block of bytes over and over, up to a length.
final class RepeatingSource: ByteSource {
    private static let block = [UInt8](repeating: UInt8(ascii: "v"), count: 1 << 20)

    private let byteCount: UInt64
    private var position: UInt64 = 0

    init(_ byteCount: UInt64) { self.byteCount = byteCount }

    var length: UInt64? { byteCount }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, Self.block.count, Int(byteCount - position))
        unsafe Self.block.withUnsafeBytes { block in
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: block[..<count]))
        }
        position += UInt64(count)
        return count
    }

    func rewind() -> Bool {
        position = 0
        return true
    }
}
