import HoldfastDriver
import Synchronization

/// A driver over the Swift SDK that keeps objects in memory, to test the SDK's side of the table.
struct SwiftMemoryDriver: Driver {
    static let description = DriverDescription(
        id: "swift-memory", version: "2.0.0", vendor: "The tests", summary: "Keeps objects",
        threadModel: .parallel, addressing: .rows,
        options: [OptionDescription("greeting", .string, "Said when a store opens")],
        capabilities: [Capability("value", .native, limit: 1 << 20)])

    private let host: HostServices

    static var operations: [Operation<Store>] {
        [
            Operation(
                "swift-memory.shout", "Says it louder.", [.reads, .idempotent],
                Parameter.text("word", "What to say.", choices: ["hey", "ho"], default: "ho"),
                result: .text
            ) { (store, result, call, word) throws(DriverError) in
                try result.write(word.uppercased())
                try result.write("!")
            },
            Operation(
                "swift-memory.size", "Says nothing new.", .reads,
                result: .json(schema: #"{"type":"integer"}"#)
            ) { (store, result, call) throws(DriverError) in try result.write("0") },
            Operation(
                "swift-memory.sum", "Adds.", [], Parameter.integer("first", "One."),
                Parameter.integer("second", "Two.", in: -5...5), result: .json(schema: "{}")
            ) { (store, result, call, first, second) throws(DriverError) in
                let (sum, isTooLarge) = first.addingReportingOverflow(second)
                if isTooLarge { throw DriverError(.tooLarge, "the sum is too large") }
                try result.write("\(sum)")
            },
            echo("swift-memory.i64", Parameter.integer("value", "Any.")),
            echo("swift-memory.u64", Parameter.natural("value", "Any.")),
            echo("swift-memory.f64", Parameter.number("value", "Any.")),
            echo("swift-memory.bool", Parameter.flag("value", "Any.")),
            echo("swift-memory.bytes", Parameter.bytes("value", "Any.")),
            Operation(
                "swift-memory.all", "Says all.", .content, Parameter.integer("a", ""),
                Parameter.natural("b", ""), Parameter.number("c", ""), Parameter.flag("d", ""),
                Parameter.text("e", ""), Parameter.bytes("f", ""), result: .text
            ) { (store, result, call, a, b, c, d, e, f) throws(DriverError) in
                try result.write("\(a) \(b) \(c) \(d) \(e) \(f)")
            },
        ]
            + (1...9).map { number in
                let id = "swift-memory.flag\(number)"
                return Operation(id, "Says it.", [], Parameter.flag("on", ""), result: .text) {
                    (store, result, call, flag) throws(DriverError) in
                    try result.write("\(id) \(flag)")
                }
            }
    }

    private static func echo<Value: OperationArgument>(
        _ id: String, _ parameter: Parameter<Value>
    ) -> Operation<Store> {
        Operation(id, "Says it.", [], parameter, result: .text) {
            (store, result, call, value) throws(DriverError) in try result.write("\(value)")
        }
    }

    init(host: HostServices) throws(DriverError) { self.host = host }

    func open(_ options: Options, _ call: Call) throws(DriverError) -> SwiftMemoryStore {
        if options.flag("refuse") == true {
            throw DriverError(
                .unauthenticated, "no such user", retry: .reopen, vendorCode: -7,
                vendorName: "NOUSER")
        }
        if options.mustExist { throw DriverError(.notFound, "there is no such store") }
        if let greeting = options.text("greeting") { host.log(.warning, greeting) }
        return SwiftMemoryStore()
    }
}

final class SwiftMemoryStore: DriverStore {
    private struct Object {
        var info: ObjectInfo
        var bytes: [UInt8]
    }

    private struct Content {
        var objects: [ObjectKey: Object] = [:]
        var writes = 0
    }

    private let content = Mutex(Content())

    func capabilities(_ call: Call) throws(DriverError) -> [Capability] {
        SwiftMemoryDriver.description.capabilities
    }

    private func object(_ key: ObjectKey) throws(DriverError) -> Object {
        guard let object = content.withLock({ $0.objects[key] }) else {
            throw DriverError(.notFound, "no such object")
        }
        return object
    }

    func head(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo {
        try object(key).info
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, into sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        if key.path == "waits" { while true { try call.check() } }
        let object = try object(key)
        try sink.begin(object.info)
        let part = range.clamped(to: object.info.byteCount)
        let bytes = object.bytes[Int(part.lowerBound)..<Int(part.upperBound)]
        try sink.write(bytes.span.bytes)
    }

    private func read(
        _ source: ObjectSource, into buffer: inout [UInt8]
    ) throws(DriverError) -> Int {
        var span = buffer.mutableSpan
        var bytes = span.mutableBytes
        return try source.read(into: &bytes)
    }

    func put(
        _ request: PutRequest, from source: ObjectSource, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1000)
        // By turns in the two ways that a source can be read.
        while case let count = try read(source, into: &buffer), count > 0 {
            bytes += buffer[..<count]
            let more = try source.read(into: &buffer)
            bytes += buffer[..<more]
        }
        return try content.withLock { content throws(DriverError) in
            try Self.check(request.condition, content.objects[request.key])
            content.writes += 1
            let info = ObjectInfo(
                version: Version("v\(content.writes)"), byteCount: UInt64(bytes.count),
                modifiedNanoseconds: 5, attributes: request.attributes)
            content.objects[request.key] = Object(info: info, bytes: bytes)
            return info
        }
    }

    /// How many writes there were.
    var writes: Int { content.withLock { $0.writes } }

    /// Makes all changes, or none; `bytes` are those of the puts.
    func apply(_ changes: [Change], _ bytes: [[UInt8]]) throws(DriverError) -> [ObjectInfo] {
        try content.withLock { content throws(DriverError) in
            var next = content
            var infos: [ObjectInfo] = []
            next.writes += 1
            for (index, change) in changes.enumerated() {
                do throws(DriverError) {
                    try Self.check(change.condition, content.objects[change.key])
                } catch {
                    var named = error
                    named.change = UInt32(index + 1)
                    throw named
                }
                switch change.action {
                case .check: break
                case .remove: next.objects[change.key] = nil
                case .put(let attributes, _):
                    guard infos.count < bytes.count else { continue }
                    let object = Object(
                        info: ObjectInfo(
                            version: Version("v\(next.writes)"),
                            byteCount: UInt64(bytes[infos.count].count), modifiedNanoseconds: 5,
                            attributes: attributes), bytes: bytes[infos.count])
                    next.objects[change.key] = object
                    infos.append(object.info)
                }
            }
            content = next
            return infos
        }
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(DriverError) {
        try content.withLock { content throws(DriverError) in
            try Self.check(condition, content.objects[key])
            content.objects[key] = nil
        }
    }

    private static func check(_ condition: Condition, _ object: Object?) throws(DriverError) {
        let holds =
            switch condition {
            case .none: true
            case .absent: object == nil
            case .version(let version): object?.info.version == version
            }
        guard !holds else { return }
        throw DriverError(.condition, "it has changed", currentVersion: object?.info.version)
    }

    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError) {
        let objects = content.withLock { $0.objects }
        let chosen = objects.filter { key, _ in
            key.collection == request.collection && key.workspace == request.workspace
                && key.path.hasPrefix(request.prefix) && key.path > request.startAfter
        }
        let sorted = chosen.sorted { $0.key.path < $1.key.path }
        for (key, object) in sorted.prefix(request.limit) {
            var info = object.info
            if !request.wantsAttributes { info.attributes = [] }
            try sink.send(Entry(path: key.path, info: info))
        }
    }

    func ping(_ call: Call) throws(DriverError) -> StoreClock? { nil }

    func close(_ call: Call) {}
}
