import Host
import Logging
import TestSupport
import Testing

/// The drivers as they are installed, and the host over them; one for all tests, as in a program.
private struct Installation: Sendable {
    let folder: TemporaryFolder
    let host: Host

    init() throws {
        folder = try TemporaryFolder()
        for driver in BuiltDriver.all { try driver.install(into: folder.path) }
        let search = DriverSearchPath(
            explicit: [folder.path], environment: [:], executablePath: "/nonexistent/bin/test")
        host = Host(search: search, logger: Logger(label: "test"), hostVersion: "0")
    }

    static let shared = Result { try Installation() }
}

/// A fresh place of one driver, and stores over it.
final class Place: Sendable {
    let driver: BuiltDriver
    private let folder: TemporaryFolder

    init(_ driver: BuiltDriver) throws {
        self.driver = driver
        folder = try TemporaryFolder()
    }

    /// Takes the folder away; call it last, because a store without its folder is out of order.
    func remove() { folder.remove() }

    static func host() throws -> Host { try Installation.shared.get().host }

    /// Opens a store; all of one place share their objects.
    func open(layers: [String]? = nil) throws -> Store {
        try Self.host().open(
            driver.specification(at: folder.path, layers: layers), Call(timeout: .seconds(60)))
    }
}

/// Bytes that look like nothing in particular and differ by seed.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes += $0 } }
    return Array(bytes[..<count])
}

func key(_ path: String, workspace: String = "") -> ObjectKey {
    ObjectKey(collection: "things", workspace: workspace, path: path)
}

/// The error that `body` throws; `nil` when it throws none.
func failure(_ body: () throws -> Void) -> HostError? {
    do { try body() } catch { return error as? HostError }
    return nil
}

/// A call that no test waits out.
func anyCall() -> Call { Call(timeout: .seconds(60)) }
