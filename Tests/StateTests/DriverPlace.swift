import Host
import Logging
import TestSupport

/// The drivers as they are installed, and the host over them; one for all tests, as in a program.
struct Installation: Sendable {
    let folder: TemporaryFolder
    let host: Host

    init() throws {
        folder = try TemporaryFolder()
        for driver in BuiltDriver.everywhere { try driver.install(into: folder.path) }
        let search = DriverSearchPath(
            explicit: [folder.path], environment: [:], executablePath: "/nonexistent/bin/test")
        host = Host(search: search, logger: Logger(label: "test"), hostVersion: "0")
    }

    static let shared = Result { try Installation() }
}

/// A place of one driver, with several stores open on it as several processes have.
enum DriverPlace {
    static func within(
        _ driver: BuiltDriver, _ path: String = "shop/prod/terraform.tfstate",
        _ body: (World, String) throws -> Void
    ) throws {
        let folder = try TemporaryFolder()
        let stores = try open(driver, folder.path, count: 2)
        try body(try World(path, over: stores), folder.path)
        for store in stores { store.close(call()) }
        folder.remove()
    }

    /// Lends `count` stores of one place.
    static func stores(
        _ driver: BuiltDriver, count: Int, _ body: ([Store]) throws -> Void
    ) throws {
        let folder = try TemporaryFolder()
        let stores = try open(driver, folder.path, count: count)
        try body(stores)
        for store in stores { store.close(call()) }
        folder.remove()
    }

    private static func open(
        _ driver: BuiltDriver, _ folder: String, count: Int
    ) throws -> [Store] {
        try (0..<count).map { _ in
            try Installation.shared.get().host.open(driver.specification(at: folder), call())
        }
    }
}
