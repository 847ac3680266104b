internal import Glibc
internal import HoldfastLoader

// Objects up to the declared limit, and beyond what 32 bits count.

/// Checks of large objects.
enum HugeChecks {
    /// The most that a driver may need for an object of any size.
    private static let memoryKiB = 96 << 10
    private static let beyond32Bits = UInt64(1) << 32 + UInt64(1) << 20 + 3

    static func limit(_ run: CheckRun) throws {
        let limit = try run.level("value").limit
        guard limit > 0, limit <= 64 << 20 else {
            run.note = "no limit of at most 64 MiB is declared"
            return
        }
        let bench = try run.bench()
        for hasLength in [true, false] {
            let block = run.random.bytes(65536)
            var whole: [UInt8] = []
            while whole.count < Int(limit) {
                whole.append(contentsOf: block.prefix(Int(limit) - whole.count))
            }
            let info: ObjectInfo
            do { info = try bench.put("limit", whole, hasLength: hasLength) } catch let failure
                as DriverFailure
            {
                throw CheckFailure(
                    "put of exactly the declared limit of \(limit) bytes answers \"\(failure)\"",
                    do: "declare the most bytes that an object may have")
            }
            try bench.expect("limit", whole, info, "after put of as many bytes as the limit")
        }
    }

    static func huge(_ run: CheckRun) throws {
        let limit = try run.level("value").limit
        let size = limit == 0 ? beyond32Bits : min(limit, beyond32Bits)
        let bench = try run.bench()
        var stream = Stream(block: run.random.bytes(1 << 20), size: size)
        let before = peakKiB()
        let info = try unsafe bench.store.put(
            bench.key("huge"), PutRequest(length: size), CallContext()
        ) { unsafe stream.fill($0) }
        try require(
            info.byteCount == size, "put of \(size) bytes reports \(info.byteCount)",
            do: "count bytes in 64 bits")
        stream.position = 0
        var isEqual = true
        var reported: ObjectInfo?
        _ = try bench.store.get(
            bench.key("huge"), .whole, CallContext(),
            onInfo: { info in
                reported = info
                return .more
            },
            onBytes: { span in
                isEqual = unsafe span.withUnsafeBytes { unsafe stream.matches($0) } && isEqual
                return isEqual ? .more : .stop
            })
        try require(
            isEqual && stream.position == size,
            "an object of \(size) bytes \(isEqual ? "ends" : "differs from what was written") at byte"
                + " \(stream.position)", do: "count bytes in 64 bits")
        try require(reported?.version == info.version, "get reports another version than put")
        try ranges(run, bench, stream)
        try bench.remove("huge")
        // What lies in memory by its nature lies there.
        guard try !run.isVolatile() else { return }
        let grown = peakKiB() - before
        try require(
            grown < memoryKiB,
            "an object of \(size) bytes takes \(grown) KiB of memory",
            do: "pass pieces on as they come; never hold a whole object")
    }

    private static func ranges(_ run: CheckRun, _ bench: Bench, _ stream: Stream) throws {
        guard try run.level("range").level != .none else { return }
        let last = stream.size - 5
        let offsets: [UInt64] = [last, stream.size / 2, (1 << 32) - 2, 1 << 31]
        for offset in offsets where offset <= last {
            var wanted = stream
            wanted.position = offset
            let read = try bench.get("huge", ByteRange(offset: offset, length: 5)).bytes
            let isEqual = unsafe read.withUnsafeBytes { unsafe wanted.matches($0) }
            try require(
                isEqual && read.count == 5, "get of 5 bytes from \(offset) gives other bytes",
                do: "count bytes in 64 bits")
        }
    }

    private static func peakKiB() -> Int {
        let status = (try? readFile("/proc/self/status", most: 65536)) ?? []
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("VmHWM:")
        }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    /// Bytes of any number that need no memory: one block, with its number at its start.
    private struct Stream {
        var block: [UInt8]
        let size: UInt64
        var position: UInt64 = 0

        init(block: [UInt8], size: UInt64) {
            self.block = block
            self.size = size
        }

        /// Makes the block at the position, and says which part of it is next.
        private mutating func part(most: Int) -> Range<Int> {
            let count = UInt64(block.count)
            let start = Int(position % count)
            unsafe block.withUnsafeMutableBytes {
                unsafe $0.storeBytes(of: (position / count).littleEndian, as: UInt64.self)
            }
            let rest = min(UInt64(block.count - start), size - position)
            return start..<start + min(most, Int(rest))
        }

        mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
            let part = part(most: buffer.count)
            unsafe block.withUnsafeBytes { block in
                guard let from = block.baseAddress, let to = buffer.baseAddress else { return }
                unsafe to.copyMemory(from: from + part.lowerBound, byteCount: part.count)
            }
            position += UInt64(part.count)
            return part.count
        }

        /// Whether bytes are the next ones; the position moves on behind them.
        mutating func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
            var done = 0
            while done < bytes.count {
                let part = part(most: bytes.count - done)
                let isEqual = unsafe block.withUnsafeBytes { block in
                    guard let left = block.baseAddress, let right = bytes.baseAddress
                    else { return false }
                    return unsafe memcmp(left + part.lowerBound, right + done, part.count) == 0
                }
                guard isEqual, !part.isEmpty else { return false }
                done += part.count
                position += UInt64(part.count)
            }
            return true
        }
    }
}
