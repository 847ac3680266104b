import HoldfastDriver

/// A driver that does nothing: each object exists, puts are read and forgotten.
///
/// Objects below `empty/` have no bytes, all others 4 KiB. `noop.c` is the same in C.
struct NoOpDriver: Driver {
    static let description = DriverDescription(
        id: "noop", version: "0.1.0", vendor: "Holdfast", summary: "Nothing",
        threadModel: .parallel, addressing: .rows, options: [], capabilities: [])

    init(host: HostServices) throws(DriverError) {}

    func open(_ options: Options, _ call: Call) throws(DriverError) -> NoOpStore { NoOpStore() }
}

/// Any number of objects that are all the same.
final class NoOpStore: DriverStore {
    private static let most = 4096
    private let bytes = [UInt8](repeating: 0, count: most)
    private let version = Version("0123456789abcdef0123456789abcdef")

    private func info(_ byteCount: Int) -> ObjectInfo {
        ObjectInfo(version: version, byteCount: UInt64(byteCount), modifiedNanoseconds: 1)
    }

    private func byteCount(_ key: ObjectKey) -> Int {
        key.path.utf8.starts(with: "empty/".utf8) ? 0 : bytes.count
    }

    func capabilities(_ call: Call) throws(DriverError) -> [Capability] { [] }

    func head(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo {
        info(byteCount(key))
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, into sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        let byteCount = byteCount(key)
        try sink.begin(info(byteCount))
        if byteCount > 0 { try sink.write(bytes) }
    }

    func put(
        _ request: PutRequest, from source: ObjectSource, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        let byteCount = try unsafe withUnsafeTemporaryAllocation(byteCount: Self.most, alignment: 1)
        {
            space throws(DriverError) in
            var buffer = unsafe space.mutableBytes
            var byteCount = 0
            while case let count = try source.read(into: &buffer), count > 0 { byteCount += count }
            return byteCount
        }
        return info(byteCount)
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(DriverError) {}

    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError) {}

    func ping(_ call: Call) throws(DriverError) -> StoreClock? { nil }

    func close(_ call: Call) {}
}

/// Called by the SDK before anything else.
@c(holdfast_swift_register)
public func register() { DriverRegistration.register(NoOpDriver.self) }
