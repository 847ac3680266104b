import Glibc
import HoldfastIsolation
import HoldfastLoader
import SDKTestSupport
import Synchronization

/// A store of the fixture's driver, which runs in another process.
func openPlainStore(_ defines: [String] = []) throws -> OpenStore {
    try Isolated(DriverFixture(defines)).store()
}

/// Whether operations have functions here, rather than `invoke` alone.
let hasFunctions = false

/// A driver that is built for one test and runs in processes of its own.
struct Isolated {
    let fixture: DriverFixture
    let driver: LoadedDriver
    let record = Record()
    /// What a store is opened with where a test does not say it.
    private var options: [OptionValue] = []

    /// What became of the driver's processes.
    final class Record: Sendable {
        private let list = Mutex<[DriverProcessEvent]>([])
        private let reason = Mutex<String?>(nil)

        func add(_ event: DriverProcessEvent) { list.withLock { $0.append(event) } }

        var started: [Int32] {
            list.withLock { $0 }.compactMap { event in
                if case .started(let pid, _) = event { pid } else { nil }
            }
        }

        var sandbox: SandboxReport? {
            list.withLock { $0 }.compactMap { event in
                if case .started(_, let report) = event { report } else { nil }
            }.last
        }

        /// Why processes ended; the first one was that which only tells what the driver is.
        var ends: [ProcessEnd] {
            list.withLock { $0 }.compactMap { event in
                if case .ended(_, let cause, _) = event { cause } else { nil }
            }
        }

        var callsInFlight: [Int] {
            list.withLock { $0 }.compactMap { event in
                if case .ended(_, _, let count) = event { count } else { nil }
            }
        }

        var refusal: String? {
            get { reason.withLock { $0 } }
            set { reason.withLock { $0 = newValue } }
        }
    }

    /// Loads and starts the fixture's driver.
    ///
    /// - Parameters:
    ///   - fixture: The driver; the plain one when not given.
    ///   - restart: How soon a process that ended is replaced.
    ///   - isSandboxed: Whether it is restricted.
    ///   - limits: What its processes may use.
    /// - Throws: `LoaderError`, `DriverFailure` or `TestFailure`.
    init(
        _ fixture: DriverFixture? = nil,
        restart: RestartPolicy = RestartPolicy(first: .zero, greatest: .zero),
        isSandboxed: Bool = true, limits: ProcessLimits = ProcessLimits()
    ) throws {
        self.fixture = try fixture ?? DriverFixture()
        let record = record
        driver = try LoadedDriver.isolated(
            CandidateLibrary(folder: self.fixture.folder),
            host: HostIdentity(name: "tests", version: "1"),
            settings: IsolationSettings(
                executable: Self.driverHost, limits: limits, restart: restart,
                isSandboxed: isSandboxed, mayStart: { record.refusal },
                onEvent: { record.add($0) }))
        try driver.start(CallContext())
    }

    /// The broken driver of the kit's shelf.
    static func shelf(_ fault: String, restart: RestartPolicy? = nil) throws -> Isolated {
        let folder = "\(DriverFixture.sdk)/Tests/Broken"
        let manifest = String(decoding: try contents("\(folder)/driver.toml"), as: UTF8.self)
        let fixture = try DriverFixture(manifest: manifest)
        try run(
            ["cc", "-std=gnu11", "-O0", "-shared", "-fPIC", "-fvisibility=hidden"]
                + ["-Wl,-z,now,-z,relro", "-I"]
                + ["\(DriverFixture.sdk)/include", "-DFAULT=\(fault)", "\(folder)/driver.c", "-o"]
                + [fixture.library])
        var isolated = try Isolated(
            fixture, restart: restart ?? RestartPolicy(first: .zero, greatest: .zero))
        let place = OptionValue.Value.text(fixture.root + "/shelf")
        isolated.options = [OptionValue(name: "place", type: .path, value: place)]
        return isolated
    }

    /// Opens a store.
    func store(_ options: [OptionValue]? = nil, mustExist: Bool = false) throws -> OpenStore {
        try driver.open(options ?? self.options, mustExist: mustExist, CallContext())
    }

    /// The program, which lies beside the tests.
    static let driverHost: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        let own = String(
            decoding: path.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return own.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 }
            + "/holdfast-driver-host"
    }()
}

/// An object's key.
func key(_ path: String) -> ObjectKey {
    ObjectKey(collection: "terraform", workspace: "w", path: path)
}

extension OpenStore {
    /// Writes bytes.
    @discardableResult
    func write(
        _ path: String, _ bytes: [UInt8], length: UInt64?? = .none,
        _ context: CallContext = CallContext()
    ) throws -> ObjectInfo {
        var rest = bytes[...]
        let request = PutRequest(length: length ?? UInt64(bytes.count))
        return try put(key(path), request, context) { buffer in
            let piece = rest.prefix(buffer.count)
            buffer.copyBytes(from: piece)
            rest = rest.dropFirst(piece.count)
            return piece.count
        }
    }

    /// Reads bytes.
    func read(_ path: String, _ context: CallContext = CallContext()) throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try get(
            key(path), .whole, context, onInfo: { _ in .more },
            onBytes: { span in
                span.withUnsafeBytes { bytes.append(contentsOf: $0) }
                return .more
            })
        return bytes
    }
}

/// Waits until something holds, for at most ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        usleep(5000)
    }
    return false
}

/// Runs something a little later on a thread of its own.
final class Later: Sendable {
    private let handle: pthread_t

    init(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Box(body))
        var handle = pthread_t()
        pthread_create(
            &handle, nil,
            { argument in
                usleep(20000)
                if let argument {
                    Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                }
                return nil
            }, box.toOpaque())
        self.handle = handle
    }

    /// Waits for its end.
    func join() { pthread_join(handle, nil) }

    private final class Box: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
