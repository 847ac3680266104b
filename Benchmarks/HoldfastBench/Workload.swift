internal import Glibc
internal import Host
internal import Logging

/// An operation on one object of 4 KiB, through the host and a real driver.
struct Workload: Sendable {
    /// How many writers there are at once in `putFromMany`.
    private static let writerCount = 16
    private static let value = [UInt8](repeating: UInt8(ascii: "v"), count: 4096)

    /// A read that did not bring back what was written.
    struct WrongBytes: Error {}

    let store: Store

    /// Opens a store with a driver from `driverFolder`.
    init(driver: String, driverFolder: String, project: String) throws {
        let logger = Logger(label: "holdfast-bench") { _ in SwiftLogNoOpLogHandler() }
        let search = DriverSearchPath(
            explicit: [driverFolder], environment: [:], executablePath: "")
        let host = Host(search: search, logger: logger, hostVersion: "0")
        let specification = StoreSpecification(
            name: "default", driver: driver, options: Self.options, projectRoot: project,
            environment: Self.environment)
        store = try host.open(specification, Call(timeout: .seconds(30)))
    }

    /// The variables of the process that drivers on servers are given their places by.
    private static var environment: [String: String] {
        let names = [
            "HOLDFAST_STATE_POSTGRES_URL", "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY", "AWS_REGION",
        ]
        return [String: String](
            uniqueKeysWithValues: names.compactMap { name in
                variable(name).map { (name, $0) }
            })
    }

    /// What has no variable of its own: the bucket.
    private static var options: [String: OptionInput] {
        variable("HOLDFAST_BENCH_BUCKET").map { ["bucket": OptionInput($0)] } ?? [:]
    }

    private static func variable(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// Replaces an object.
    func put(_ name: String = "one") throws {
        let call = Call(timeout: .seconds(30))
        _ = try store.put(key(name), Self.value, condition: .none, call)
    }

    /// Reads the object that `put` wrote.
    func get() throws {
        let found = try store.read(
            key("one"), maxByteCount: 1 << 20, Call(timeout: .seconds(30)))
        guard found?.bytes.count == Self.value.count else { throw WrongBytes() }
    }

    /// Reads one of many objects that are there already; steps that follow each other are far apart.
    func get(_ step: Int, of objects: Int) throws {
        let number = UInt64(step) * 2_654_435_761 % UInt64(objects)
        let found = try store.read(
            key("object-\(number)"), maxByteCount: 1 << 20, Call(timeout: .seconds(30)))
        guard found?.bytes.isEmpty == false else { throw WrongBytes() }
    }

    /// Several writers, each on an object of its own, on threads of the host's pool.
    ///
    /// As many puts go before, to warm up.
    func putFromMany(count: Int) async throws -> Measurement {
        let pool = BlockingPool(threads: 2 * Self.writerCount)
        let each = max(1, count / Self.writerCount)
        try await putFromMany(each, on: pool)
        let started = Monotonic.now
        try await putFromMany(each, on: pool)
        return Measurement(count: each * Self.writerCount, elapsed: Monotonic.now - started)
    }

    private func putFromMany(_ each: Int, on pool: BlockingPool) async throws {
        try await withThrowingTaskGroup { group in
            for writer in 0..<Self.writerCount {
                group.addTask {
                    try await pool.run(.normal, on: nil, Call(timeout: nil)) {
                        for _ in 0..<each { try put("writer-\(writer)") }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func key(_ name: String) -> ObjectKey {
        ObjectKey(
            collection: "bench", workspace: store.addressing == .rows ? "/bench/project" : "",
            path: "\(name)/state")
    }
}
