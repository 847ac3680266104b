internal import Glibc
internal import HoldfastIsolation
internal import HoldfastLoader

/// `holdfast-isolation-bench DRIVER_FOLDER DRIVER_HOST`: what a process of its own costs a driver.
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
        print("load and start \((loaded - start) / 1000) us, open \((opened - loaded) / 1000) us")
        try plain.start(CallContext())
        for (name, store) in [
            ("in-process", try plain.open([], CallContext())), ("process", store),
        ] {
            try Measure(store: store).run(name)
        }
        try store.close(CallContext())
    }
}

/// The measurements of one store.
struct Measure {
    let store: OpenStore

    func run(_ name: String) throws {
        let gets = try latencies { try get(4096) }
        let puts = try latencies { try put(4096) }
        let heads = try latencies { _ = try store.head(key(4096), CallContext()) }
        report("\(name) get 4 KiB", gets)
        report("\(name) put 4 KiB", puts)
        report("\(name) head", heads)
        for turn in 1...3 {
            print("\(name) get 1 GiB, turn \(turn): \(try rate { try get(1 << 30) }) GiB/s")
            print("\(name) put 1 GiB, turn \(turn): \(try rate { try put(1 << 30) }) GiB/s")
        }
    }

    private func key(_ size: Int) -> ObjectKey {
        ObjectKey(collection: "bench", workspace: "", path: "\(size)")
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
    private func latencies(_ body: () throws -> Void) throws -> [Int64] {
        for _ in 0..<2000 { try body() }
        return try (0..<20000).map { _ in
            let start = CallContext.monotonicNanoseconds()
            try body()
            return CallContext.monotonicNanoseconds() - start
        }.sorted()
    }

    private func report(_ name: String, _ sorted: [Int64]) {
        func microseconds(_ part: Double) -> Double {
            Double(sorted[Int(Double(sorted.count - 1) * part)] / 10) / 100
        }
        print("\(name): median \(microseconds(0.5)) us, p99 \(microseconds(0.99)) us")
    }

    /// GiB per second of a call that moves one GiB.
    private func rate(_ body: () throws -> Void) throws -> Double {
        let start = CallContext.monotonicNanoseconds()
        try body()
        let seconds = Double(CallContext.monotonicNanoseconds() - start) / 1e9
        return (100 / seconds).rounded() / 100
    }
}
