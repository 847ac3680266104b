internal import Glibc

/// The bytes of a file or an array, read by position; what lies outside is `nil`, never a crash.
struct FileBytes {
    private enum Origin {
        case file(Int32)
        case memory([UInt8])
    }

    let count: UInt64
    private let origin: Origin

    init(descriptor: Int32, count: UInt64) {
        self.count = count
        origin = .file(descriptor)
    }

    init(_ bytes: [UInt8]) {
        count = UInt64(bytes.count)
        origin = .memory(bytes)
    }

    /// Whether `count` bytes lie at `offset`.
    func contains(_ offset: UInt64, _ count: UInt64) -> Bool {
        offset <= self.count && count <= self.count - offset
    }

    /// The `count` bytes at `offset`, or `nil` when they are not all there.
    func read(at offset: UInt64, _ count: Int) -> [UInt8]? {
        guard count >= 0, contains(offset, UInt64(count)) else { return nil }
        switch origin {
        case .memory(let bytes): return Array(bytes[Int(offset)..<Int(offset) + count])
        case .file(let descriptor): return Self.read(descriptor, offset, count)
        }
    }

    private static func read(_ descriptor: Int32, _ offset: UInt64, _ count: Int) -> [UInt8]? {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = unsafe UnsafeMutableBufferPointer(rebasing: buffer[filled...])
                let taken = unsafe pread(
                    descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(filled))
                if taken < 0 && errno == EINTR { continue }
                guard taken > 0 else { return }
                filled += taken
            }
        }
        return bytes.count == count ? bytes : nil
    }
}

extension [UInt8] {
    /// The little-endian number at `offset`, or `nil` when it does not lie inside.
    func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type, at offset: Int
    ) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, offset <= count - size else { return nil }
        var number: Number = 0
        for index in stride(from: size - 1, through: 0, by: -1) {
            number = number << 8 | Number(self[offset + index])
        }
        return number
    }

    /// The text from `offset` to the next zero byte, or `nil` when it does not end inside.
    func terminatedText(at offset: Int) -> String? {
        guard offset >= 0, offset < count, let end = self[offset...].firstIndex(of: 0) else {
            return nil
        }
        return String(decoding: self[offset..<end], as: UTF8.self)
    }
}
