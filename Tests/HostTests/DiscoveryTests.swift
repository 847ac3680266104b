import Logging
import TestSupport
import Testing

@testable import Host

/// Where drivers are looked for, and what is said when one is not there.
@Suite struct DiscoveryTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func search(
        _ explicit: [String], variable: String? = nil, isPrivileged: Bool = false
    ) -> DriverSearchPath {
        DriverSearchPath(
            explicit: explicit, environment: variable.map { ["HOLDFAST_DRIVER_PATH": $0] } ?? [:],
            executablePath: "/opt/hf/bin/holdfast", isPrivileged: isPrivileged,
            user: 0)
    }

    private func host(_ directories: [String]) -> Host {
        Host(search: search(directories), logger: Logger(label: "test"), hostVersion: "0")
    }

    @Test func theOrderIsFlagVariableProgramSystem() {
        let paths = search(["/a", "/b"], variable: "/c::/d").directories.map(\.path)
        #expect(
            paths == [
                "/a", "/b", "/c", "/d", "/opt/hf/lib/holdfast/drivers", "/usr/lib/holdfast/drivers",
            ])
        let origins = search(["/a"], variable: "/c").directories.map(\.origin)
        #expect(origins[0] == "--driver-path")
        #expect(origins[1] == "HOLDFAST_DRIVER_PATH")
    }

    @Test func theVariableDoesNotCountWithRaisedPrivileges() {
        let paths = search(["/a"], variable: "/c", isPrivileged: true).directories.map(\.path)
        #expect(!paths.contains("/c"))
        #expect(paths.contains("/a"))
    }

    @Test func aDirectoryIsSearchedOnce() {
        let paths = search(["/a", "/a"], variable: "/a").directories.map(\.path)
        #expect(paths.count { $0 == "/a" } == 1)
    }

    @Test func relativeDirectoriesAreMadeAbsolute() {
        #expect(search(["drivers"]).directories[0].path.hasPrefix("/"))
        #expect(search(["drivers"]).directories[0].path.hasSuffix("/drivers"))
    }

    @Test func aMissingDriverSaysWhatIsThereAndHowToAddOne() throws {
        for id in ["sqlite", "local"] { try folder.write("x", to: "\(id)/driver.toml") }
        // Not a driver's folder: a file, and a name that no driver may have.
        try folder.write("x", to: "README")
        try folder.write("x", to: "Bad.Name/driver.toml")
        do {
            _ = try host([folder.path]).driver("sqllite")
            Issue.record("it was found")
        } catch {
            #expect(error.code == .driverMissing)
            #expect(error.driver == "sqllite")
            #expect(
                error.message.contains("there is no driver \"sqllite\" (did you mean \"sqlite\"?)"))
            #expect(error.message.contains("installed are local, sqlite;"))
            #expect(error.message.contains("\(folder.path) (--driver-path)"))
            #expect(error.message.contains("/usr/lib/holdfast/drivers (the system's directory)"))
            #expect(error.advice.contains("--driver-path"))
            #expect(error.advice.contains("HOLDFAST_DRIVER_PATH"))
        }
    }

    @Test(arguments: ["../local", "local/../local", "", ".", "..", "LOCAL", "a\u{0}b", "a/b"])
    func anIDIsNeverMadeIntoAnotherPath(id: String) throws {
        try folder.write("x", to: "drivers/local/driver.toml")
        do {
            _ = try host(["\(folder.path)/drivers"]).driver(id)
            Issue.record("it was found")
        } catch {
            #expect(error.code == .driverMissing)
        }
    }

    @Test func theFirstFoundCountsEvenWhenItIsRefused() throws {
        try folder.write("broken", to: "first/local/driver.toml")
        try folder.write("broken", to: "second/local/driver.toml")
        try folder.write("broken", to: "second/other/driver.toml")
        let host = host(["\(folder.path)/first", "\(folder.path)/second"])
        let installed = host.installedDrivers().filter { $0.folder.hasPrefix(folder.path) }
        #expect(installed.map(\.id) == ["local", "local", "other"])
        #expect(installed[0].shadowedBy == nil)
        #expect(installed[1].shadowedBy == "\(folder.path)/first/local")
        #expect(installed[2].shadowedBy == nil)
        for driver in installed {
            #expect(driver.problem?.code == .driverRefused)
            #expect(driver.problem?.message.contains(driver.folder) == true)
        }
        do {
            _ = try host.driver("local")
            Issue.record("it was loaded")
        } catch {
            #expect(error.code == .driverRefused)
            #expect(error.message.contains("\(folder.path)/first/local"))
        }
    }

    @Test func installedDriversAreListedWithTheirManifests() throws {
        for driver in BuiltDriver.all { try driver.install(into: folder.path) }
        let installed = host([folder.path]).installedDrivers().filter {
            $0.folder.hasPrefix(folder.path)
        }
        #expect(installed.map(\.id) == ["local", "sqlite"])
        for driver in installed {
            #expect(driver.problem == nil, "\(driver.problem?.message ?? "")")
            #expect(driver.manifest?.version.isEmpty == false)
        }
    }

    @Test func aFolderOfAnotherNameIsRefused() throws {
        let driver = BuiltDriver.all[0]
        try driver.install(into: "\(folder.path)/a")
        try folder.rename("a/\(driver.id)", to: "a/another")
        let host = host(["\(folder.path)/a"])
        let listed = host.installedDrivers().first { $0.id == "another" }
        #expect(listed?.problem?.message.contains("\"\(driver.id)\"") == true)
        do {
            _ = try host.driver("another")
            Issue.record("it was loaded")
        } catch {
            #expect(error.code == .driverRefused)
        }
    }

    @Test func aFolderThatMovedAwayMattersOnlyToTheNext() throws {
        let driver = BuiltDriver.all[0]
        try driver.install(into: "\(folder.path)/d")
        let host = host(["\(folder.path)/d"])
        let call = Call(timeout: .seconds(30))
        let store = try host.open(driver.specification(at: "\(folder.path)/place"), call)
        try folder.rename("d", to: "gone")
        let key = ObjectKey(collection: "c", path: "p")
        _ = try store.put(key, [1], condition: .absent, call)
        // The driver is in memory, so this host may even open another store.
        let second = try host.open(driver.specification(at: "\(folder.path)/place"), call)
        #expect(try second.read(key, maxByteCount: 1, call)?.bytes == [1])
        store.close(call)
        second.close(call)
        do {
            _ = try self.host(["\(folder.path)/d"]).driver(driver.id)
            Issue.record("it was found")
        } catch {
            #expect(error.code == .driverMissing)
        }
    }

    @Test func theEndClosesStoresAndRefusesNewOnes() throws {
        let driver = BuiltDriver.all[0]
        try driver.install(into: "\(folder.path)/d")
        let host = host(["\(folder.path)/d"])
        let call = Call(timeout: .seconds(30))
        let specification = driver.specification(at: "\(folder.path)/place")
        let store = try host.open(specification, call)
        host.shutdown()
        host.shutdown()
        let key = ObjectKey(collection: "c", path: "p")
        #expect(throws: HostError.self) { try store.head(key, call) }
        do {
            _ = try host.open(specification, call)
            Issue.record("it was opened")
        } catch {
            #expect(error.message == "the host is shut down")
        }
    }

    @Test func aStoreThatCannotBeBuiltIsClosedAgain() throws {
        let driver = BuiltDriver.all[0]
        try driver.install(into: "\(folder.path)/d")
        let host = host(["\(folder.path)/d"])
        let place = driver.specification(at: "\(folder.path)/place", layers: ["retri"])
        do {
            _ = try host.open(place, Call(timeout: .seconds(30)))
            Issue.record("it was opened")
        } catch {
            #expect(error.code == .invalid)
            #expect(error.message.contains("did you mean \"retry\""))
            #expect(error.store == "default")
        }
    }

    @Test func inspectionTellsWithoutLoading() throws {
        try folder.write("broken", to: "x/driver.toml")
        let host = host([])
        let broken = host.inspect(path: "\(folder.path)/x")
        #expect(!broken.problems.isEmpty)
        #expect(broken.manifest == nil)
        try BuiltDriver.all[0].install(into: folder.path)
        let sound = host.inspect(path: "\(folder.path)/\(BuiltDriver.all[0].id)")
        #expect(sound.problems.isEmpty, "\(sound.problems)")
        #expect(sound.id == BuiltDriver.all[0].id)
        #expect(sound.exportedSymbols == ["holdfast_driver_main_v1"])
        #expect(sound.neededLibraries.contains("libc.so.6"))
    }
}
