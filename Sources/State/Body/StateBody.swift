internal import Host

/// A body as a write takes it.
enum StateBody {
    /// At most 1 MiB: in memory, and everything about it is known.
    case small(bytes: [UInt8], sha256: String, facts: StateFacts)
    /// More, or perhaps more: it goes to the store as it comes.
    case large(CheckedSource)

    /// The most bytes that are held in memory.
    static let inlineBytesMax = 1 << 20

    /// Takes a body from its source, as far as it is held in memory.
    init(
        from source: any ByteSource, limit: UInt64, md5: [UInt8]?, path: StatePath, _ call: Call
    ) throws(StateError) {
        if let length = source.length {
            guard length <= limit else { throw bodyTooLarge(limit: limit, path) }
            if length > UInt64(Self.inlineBytesMax) {
                self = .large(
                    CheckedSource(start: [], rest: source, limit: limit, md5: md5, path: path))
                return
            }
        }
        let bytes = try Self.start(of: source, path, call)
        if bytes.count > Self.inlineBytesMax {
            self = .large(
                CheckedSource(start: bytes, rest: source, limit: limit, md5: md5, path: path))
            return
        }
        if UInt64(bytes.count) > limit { throw bodyTooLarge(limit: limit, path) }
        if let length = source.length, length != UInt64(bytes.count) {
            throw bodyOfWrongLength(UInt64(bytes.count), promised: length, path)
        }
        var digest = BodyDigest(wantsMD5: md5 != nil)
        unsafe bytes.withUnsafeBytes { unsafe digest.consume($0) }
        if let md5, digest.md5Bytes != md5 { throw bodyOfWrongChecksum(path) }
        self = .small(bytes: bytes, sha256: digest.sha256Text, facts: digest.facts)
    }

    /// A body that is in memory already.
    init(_ bytes: [UInt8]) {
        var digest = BodyDigest(wantsMD5: false)
        unsafe bytes.withUnsafeBytes { unsafe digest.consume($0) }
        self = .small(bytes: bytes, sha256: digest.sha256Text, facts: digest.facts)
    }

    /// All bytes, or the first ones and at least one more than is held in memory.
    private static func start(
        of source: any ByteSource, _ path: StatePath, _ call: Call
    ) throws(StateError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= inlineBytesMax {
            let result: Result<Int, HostError> = unsafe buffer.withUnsafeMutableBytes { buffer in
                do throws(HostError) {
                    try call.check()
                    return .success(unsafe try source.read(into: buffer))
                } catch { return .failure(error) }
            }
            switch result {
            case .failure(let error): throw StateError(error, path: path)
            case .success(0): return bytes
            case .success(let count): bytes += buffer[..<count]
            }
        }
        return bytes
    }
}
