// Measures gets and puts of 4 KiB through the host, the driver interface and a real driver:
//
//     holdfast-bench put|get|put16 DRIVER DRIVER_FOLDER PROJECT COUNT
//
// The baselines beside it measure the same work without Holdfast; run.py compares them.

internal import Host
internal import Logging

/// How many writers `put16` has at once.
private let writerCount = 16
private let value = [UInt8](repeating: UInt8(ascii: "v"), count: 4096)

private struct Usage: Error {}

private func open(_ driver: String, _ folder: String, _ project: String) throws -> Store {
    let logger = Logger(label: "holdfast-bench") { _ in SwiftLogNoOpLogHandler() }
    let search = DriverSearchPath(explicit: [folder], environment: [:], executablePath: "")
    let host = Host(search: search, logger: logger, hostVersion: "0")
    let specification = StoreSpecification(
        name: "default", driver: driver, projectRoot: project)
    return try host.open(specification, Call(timeout: .seconds(30)))
}

private func key(_ store: Store, _ name: String) -> ObjectKey {
    ObjectKey(
        collection: "bench", workspace: store.addressing == .rows ? "/bench/project" : "",
        path: "\(name)/state")
}

private func put(_ store: Store, _ name: String) throws {
    let call = Call(timeout: .seconds(30))
    _ = try store.put(key(store, name), value, condition: .none, call)
}

private func get(_ store: Store) throws {
    let call = Call(timeout: .seconds(30))
    guard let (_, bytes) = try store.read(key(store, "one"), maxByteCount: 1 << 20, call),
        bytes.count == value.count
    else { throw Usage() }
}

/// Sixteen writers, each on an object of its own, on threads of the host's pool.
private func putFromMany(_ store: Store, count: Int) async throws -> Measurement {
    let pool = BlockingPool(threads: 2 * writerCount)
    let each = max(1, count / writerCount)
    let started = Monotonic.now
    try await withThrowingTaskGroup { group in
        for writer in 0..<writerCount {
            group.addTask {
                let call = Call(timeout: nil)
                try await pool.run(.normal, on: nil, call) {
                    for _ in 0..<each { try put(store, "writer-\(writer)") }
                }
            }
        }
        try await group.waitForAll()
    }
    return Measurement(count: each * writerCount, elapsed: Monotonic.now - started)
}

let arguments = CommandLine.arguments
guard arguments.count == 6, let count = Int(arguments[5]), count > 0 else { throw Usage() }
let store = try open(arguments[2], arguments[3], arguments[4])
try put(store, "one")
switch arguments[1] {
case "put": print(try Measurement(count: count) { _ in try put(store, "one") }.json)
case "get": print(try Measurement(count: count) { _ in try get(store) }.json)
case "put16": print(try await putFromMany(store, count: count).json)
default: throw Usage()
}
store.close(Call(timeout: .seconds(30)))
