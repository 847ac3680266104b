import Glibc
import HoldfastDriver
import Synchronization

/// A key by its bytes: to Swift, texts are equal when they look alike.
struct Name: Hashable, Sendable {
    let collection: [UInt8]
    let workspace: [UInt8]
    let path: [UInt8]

    init(_ collection: String, _ workspace: String, _ path: String) {
        self.collection = Array(collection.utf8)
        self.workspace = Array(workspace.utf8)
        self.path = Array(path.utf8)
    }

    init(_ key: ObjectKey) { self.init(key.collection, key.workspace, key.path) }
}

/// An object in memory.
struct StoredObject: Sendable {
    var info: ObjectInfo
    var bytes: [UInt8]
}

/// What one name keeps.
final class Place: Sendable {
    struct Content {
        var objects: [Name: StoredObject] = [:]
        var writes = 0
    }

    let content = Mutex(Content())
    /// Random: a version of another process must not come back.
    let life = "\(UInt64.random(in: 0 ... .max))-\(UInt64.random(in: 0 ... .max))"
}

/// An open store.
final class MyStore: DriverStore {
    static let mostBytes: UInt64 = 1 << 30
    private static let chunk = 64 * 1024

    private let place: Place

    init(_ place: Place) { self.place = place }

    func capabilities(_ call: Call) throws(DriverError) -> [Capability] {
        MyDriver.description.capabilities
    }

    func ping(_ call: Call) throws(DriverError) -> StoreClock? { nil }

    func close(_ call: Call) {}

    // MARK: - Reading

    private func object(_ key: ObjectKey, _ call: Call) throws(DriverError) -> StoredObject {
        try call.check()
        guard let object = place.content.withLock({ $0.objects[Name(key)] }) else {
            throw DriverError(.notFound, "there is no object '\(key.path)'")
        }
        return object
    }

    func head(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo {
        try object(key, call).info
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, into sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        let object = try object(key, call)
        try sink.begin(object.info)
        let part = range.clamped(to: object.info.byteCount)
        var start = Int(part.lowerBound)
        while start < Int(part.upperBound) {
            try call.check()
            let next = min(Int(part.upperBound), start + Self.chunk)
            try sink.write(object.bytes[start..<next].span.bytes)
            start = next
        }
    }

    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError) {
        // Copied, so that no lock is held while the host takes the entries.
        let objects = place.content.withLock { $0.objects }
        let scope = Name(request.collection, request.workspace, request.prefix)
        let after = Array(request.startAfter.utf8)
        let chosen = objects.filter { name, _ in
            name.collection == scope.collection && name.workspace == scope.workspace
                && name.path.starts(with: scope.path)
                && after.lexicographicallyPrecedes(name.path)
        }
        let sorted = chosen.sorted { $0.key.path.lexicographicallyPrecedes($1.key.path) }
        for (name, object) in sorted.prefix(request.limit) {
            try call.check()
            var info = object.info
            if !request.wantsAttributes { info.attributes = [] }
            try sink.send(Entry(path: String(decoding: name.path, as: UTF8.self), info: info))
        }
    }

    // MARK: - Writing

    func put(
        _ request: PutRequest, from source: ObjectSource, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        let name = Name(request.key)
        // Saves the transfer; what counts is the check below, under the same lock as the write.
        try check(request.condition, place.content.withLock { $0.objects[name] })
        let bytes = try readAll(source, call)
        return try place.content.withLock { content throws(DriverError) in
            try check(request.condition, content.objects[name])
            try call.check()
            content.writes += 1
            let info = ObjectInfo(
                version: Version("\(place.life)-\(content.writes)"),
                byteCount: UInt64(bytes.count), modifiedNanoseconds: now(),
                attributes: request.attributes)
            content.objects[name] = StoredObject(info: info, bytes: bytes)
            return info
        }
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(DriverError) {
        try place.content.withLock { content throws(DriverError) in
            try call.check()
            try check(condition, content.objects[Name(key)])
            content.objects[Name(key)] = nil
        }
    }

    private func readAll(_ source: ObjectSource, _ call: Call) throws(DriverError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        while true {
            try call.check()
            let count = try source.read(into: &buffer)
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= Self.mostBytes else {
                throw DriverError(.tooLarge, "an object has at most 1 GiB")
            }
        }
        guard source.length == nil || source.length == UInt64(bytes.count) else {
            throw DriverError(.source, "the source gave another number of bytes than it said")
        }
        return bytes
    }

    private func check(_ condition: Condition, _ now: StoredObject?) throws(DriverError) {
        let reason: String
        switch condition {
        case .none: return
        case .absent:
            guard now != nil else { return }
            reason = "the object exists already"
        case .version(let version):
            guard now?.info.version != version else { return }
            reason = now == nil ? "the object does not exist" : "the object has another version"
        }
        throw DriverError(.condition, reason, currentVersion: now?.info.version)
    }

    /// The time, in nanoseconds since 1970.
    private func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
