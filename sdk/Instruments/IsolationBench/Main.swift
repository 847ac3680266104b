internal import Glibc
internal import HoldfastIsolation
internal import HoldfastLoader

/// `holdfast-isolation-bench DRIVER_FOLDER DRIVER_HOST`: what a process of its own costs a driver, as JSON.
///
/// The driver is one that does nothing, so that only the way to it is measured.
@main enum Main {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3 else {
            print("usage: holdfast-isolation-bench DRIVER_FOLDER DRIVER_HOST")
            exit(2)
        }
        let host = HostIdentity(name: "holdfast-isolation-bench", version: "1")
        let plain = try LoadedDriver.load(folder: arguments[1], host: host)
        let start = CallContext.monotonicNanoseconds()
        let isolated = try LoadedDriver.isolated(
            CandidateLibrary(folder: arguments[1]), host: host,
            settings: IsolationSettings(executable: arguments[2]))
        try isolated.start(CallContext())
        let loaded = CallContext.monotonicNanoseconds()
        let store = try isolated.open([], CallContext())
        let opened = CallContext.monotonicNanoseconds()
        try plain.start(CallContext())
        var figures = [("load and start ns", loaded - start), ("open ns", opened - loaded)]
        figures += try Measure(store: plain.open([], CallContext())).latencies("in-process")
        let measure = Measure(store: store)
        figures += try measure.latencies("process") + measure.rates()
        let members = figures.map { "\"\($0)\": \($1)" }
        print("{\(members.joined(separator: ", "))}")
        try store.close(CallContext())
    }
}

/// The measurements of one store.
struct Measure {
    let store: OpenStore

    /// The medians and 99th percentiles of small calls, in nanoseconds.
    func latencies(_ place: String) throws -> [(String, Int64)] {
        let bodies: [(String, () throws -> Void)] = [
            ("get 4 KiB", { try get(Self.small) }), ("put 4 KiB", { try put(Self.small) }),
            ("head", { _ = try store.head(key(Self.small), CallContext()) }),
        ]
        return try bodies.flatMap { name, body in
            let sorted = try times(body)
            return [
                ("\(place) \(name) median ns", sorted[sorted.count / 2]),
                ("\(place) \(name) p99 ns", sorted[sorted.count * 99 / 100]),
            ]
        }
    }

    /// How many bytes a second large values move at.
    func rates() throws -> [(String, Int64)] {
        [
            ("get 1 GiB bytes/s", try rate { try get(Self.huge) }),
            ("put 1 GiB bytes/s", try rate { try put(Self.huge) }),
        ]
    }

    private static let small = 4096
    private static let huge = 1 << 30

    private func key(_ size: Int) -> ObjectKey {
        ObjectKey(collection: "bench", workspace: "", path: size == Self.huge ? "huge/1" : "small")
    }

    private func get(_ size: Int) throws {
        _ = try store.get(
            key(size), .whole, CallContext(), onInfo: { _ in .more }, onBytes: { _ in .more })
    }

    private func put(_ size: Int) throws {
        var rest = size
        _ = try unsafe store.put(key(size), PutRequest(length: UInt64(size)), CallContext()) {
            buffer in
            let count = min(rest, buffer.count)
            rest -= count
            return count
        }
    }

    /// The nanoseconds of each of many calls, ascending.
    private func times(_ body: () throws -> Void) throws -> [Int64] {
        for _ in 0..<2000 { try body() }
        return try (0..<20000).map { _ in
            let start = CallContext.monotonicNanoseconds()
            try body()
            return CallContext.monotonicNanoseconds() - start
        }.sorted()
    }

    /// The best of three, because other work only ever slows a transfer down.
    private func rate(_ body: () throws -> Void) throws -> Int64 {
        try (0..<3).map { _ in
            let start = CallContext.monotonicNanoseconds()
            try body()
            let time = CallContext.monotonicNanoseconds() - start
            return Int64(Double(Self.huge) * 1e9 / Double(time))
        }.max() ?? 0
    }
}
