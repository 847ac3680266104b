internal import Host

/// One version of an object as a source, read in ranges: how large objects are copied in constant
/// memory, although reading pushes and writing pulls.
final class ObjectSource: ByteSource {
    private static let rangeBytes: UInt64 = 1 << 20
    /// What is held in memory where a store cannot read ranges.
    private static let wholeBytesMax: UInt64 = 64 << 20

    private let store: Store
    private let key: ObjectKey
    private let info: ObjectInfo
    private let call: Call
    private var offset: UInt64 = 0
    private var chunk: ArraySlice<UInt8> = []

    init(store: Store, key: ObjectKey, info: ObjectInfo, call: Call) {
        self.store = store
        self.key = key
        self.info = info
        self.call = call
    }

    var length: UInt64? { info.byteCount }

    func rewind() -> Bool {
        offset = 0
        chunk = []
        return true
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
        if chunk.isEmpty, offset < info.byteCount { try fill() }
        let count = min(chunk.count, buffer.count)
        unsafe buffer.copyBytes(from: chunk.prefix(count))
        chunk = chunk.dropFirst(count)
        return count
    }

    private func fill() throws(HostError) {
        try call.check()
        let hasRanges = store.capabilities.supports(Capabilities.range)
        guard hasRanges || info.byteCount <= Self.wholeBytesMax else {
            throw HostError(
                .unsupported, "\(key) is too large to copy in a store that cannot read ranges",
                store: store.name, key: key)
        }
        let range = ByteRange(
            offset: offset, length: hasRanges ? Self.rangeBytes : info.byteCount)
        var bytes: [UInt8] = []
        let version = info.version
        let found = unsafe try store.get(
            key, range: range, call,
            begin: { (seen) throws(HostError) in
                if seen.version != version { throw Self.changed(key) }
            },
            body: { (piece) throws(HostError) in unsafe bytes.append(contentsOf: piece) })
        guard found != nil, !bytes.isEmpty else { throw Self.changed(key) }
        offset += UInt64(bytes.count)
        chunk = bytes[...]
    }

    private static func changed(_ key: ObjectKey) -> HostError {
        HostError(
            .conflict, "\(key) was changed or removed while it was copied",
            retry: .same(after: .zero), key: key)
    }
}
