internal import HoldfastLoader

/// What is called: the functions of an open store that are measured.
protocol Callable: Sendable {
    func head(_ key: ObjectKey, _ context: CallContext) throws -> ObjectInfo
    func get(
        _ key: ObjectKey, _ range: ByteRange, _ context: CallContext,
        onInfo: (ObjectInfo) throws -> SinkAnswer, onBytes: (RawSpan) throws -> SinkAnswer
    ) throws -> ReadOutcome
    func put(
        _ key: ObjectKey, _ request: PutRequest, _ context: CallContext,
        source: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> ObjectInfo
}

extension OpenStore: Callable {}

/// The same store as the drivers', called without any interface in between.
final class DirectStore: Callable {
    private let bytes = [UInt8](repeating: 0, count: 4096)
    private let version = Version(token: Array("0123456789abcdef0123456789abcdef".utf8))

    private func info(_ byteCount: Int) -> ObjectInfo {
        ObjectInfo(version: version, byteCount: UInt64(byteCount), modifiedNanoseconds: 1)
    }

    private func byteCount(_ key: ObjectKey) -> Int {
        key.path.utf8.starts(with: "empty/".utf8) ? 0 : bytes.count
    }

    func head(_ key: ObjectKey, _ context: CallContext) throws -> ObjectInfo {
        info(byteCount(key))
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, _ context: CallContext,
        onInfo: (ObjectInfo) throws -> SinkAnswer, onBytes: (RawSpan) throws -> SinkAnswer
    ) throws -> ReadOutcome {
        let byteCount = byteCount(key)
        guard try onInfo(info(byteCount)) == .more else { return .stopped }
        guard byteCount > 0 else { return .complete }
        let answer = try unsafe bytes.withUnsafeBytes { try unsafe onBytes($0.bytes) }
        return answer == .more ? .complete : .stopped
    }

    func put(
        _ key: ObjectKey, _ request: PutRequest, _ context: CallContext,
        source: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> ObjectInfo {
        let byteCount = try unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) {
            buffer in
            var byteCount = 0
            while case let count = try unsafe source(buffer), count > 0 { byteCount += count }
            return byteCount
        }
        return info(byteCount)
    }
}
