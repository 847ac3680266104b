import Host
import Logging
import TestSupport
import Testing

/// Real drivers under lock files: what is pinned is loaded, and nothing else of its id.
@Suite struct TrustTests {
    private let folder: TemporaryFolder
    private let driver = BuiltDriver.all[0]

    init() throws { folder = try TemporaryFolder() }

    private var drivers: String { "\(folder.path)/drivers" }
    private var library: String { "drivers/\(driver.id)/driver.so" }
    private var manifest: String { "drivers/\(driver.id)/driver.toml" }
    private var lockFile: String { "\(folder.path)/etc/drivers.lock" }

    /// A host that looks for drivers in `drivers` and has the lock file `etc/drivers.lock`.
    private func host(hasLock: Bool = true) -> Host {
        let search = DriverSearchPath(
            explicit: [drivers], environment: [:], executablePath: "/nonexistent/bin/test")
        let locks = DriverLockPlaces(explicit: lockFile, environment: [:], executablePath: "")
        return Host(
            search: search, locks: hasLock ? locks : .none, logger: Logger(label: "test"),
            hostVersion: "0")
    }

    private func failure<R>(_ body: () throws(HostError) -> R) throws -> HostError {
        do {
            _ = try body()
        } catch {
            return error
        }
        Issue.record("it did not fail")
        throw HostError(.internalError, "")
    }

    /// Every way that leads to a driver's code.
    private func refusals(_ host: Host) throws -> [HostError] {
        let specification = driver.specification(at: "\(folder.path)/place")
        let call = Call(timeout: .seconds(30))
        return [
            try failure { () throws(HostError) in try host.driver(driver.id) },
            try failure { () throws(HostError) in try host.open(specification, call) },
            try failure { () throws(HostError) in
                try host.open(specification, mustExist: true, call)
            },
        ]
    }

    @Test func aPinnedDriverIsLoaded() throws {
        try driver.install(into: drivers)
        let change = try host().pinDriver(driver.id)
        #expect(change.folder == "\(drivers)/\(driver.id)")
        #expect(change.lockFile == lockFile)
        #expect(try host().driver(driver.id).id == driver.id)
        #expect(try host().pin(of: driver.id)?.digests == change.digests)
        #expect(try host().verifyDrivers(nil).map(\.outcome) == [.pinned])
        let listed = host().installedDrivers().first { $0.folder.hasPrefix(folder.path) }
        #expect(listed?.pin?.file == lockFile)
        #expect(listed?.problem == nil)
    }

    @Test(arguments: ["driver.so", "driver.toml"])
    func oneChangedBitIsRefusedOnEveryWay(name: String) throws {
        try driver.install(into: drivers)
        let pinned = try #require(try host().pinDriver(driver.id).digests)
        try folder.flipBit(of: "drivers/\(driver.id)/\(name)")
        let expected = name == "driver.so" ? pinned.library : pinned.manifest
        for error in try refusals(host()) {
            #expect(error.code == .driverMismatch)
            #expect(error.message.hasPrefix("\(drivers)/\(driver.id)/\(name): "))
            #expect(error.message.contains("pins \(expected)"))
            #expect(error.message.contains("\(lockFile):4 (--lock-file)"))
            #expect(error.advice.contains("holdfast driver pin \(driver.id)"))
        }
        let inspected = host().inspect(path: "\(drivers)/\(driver.id)")
        #expect(inspected.problems.first?.code == "pin")
        #expect(inspected.digests != pinned)
        #expect(try host().verifyDrivers(driver.id).map(\.outcome) == [.differs])
        let listed = host().installedDrivers().first { $0.folder.hasPrefix(folder.path) }
        #expect(listed?.problem?.code == .driverMismatch)
    }

    @Test func aLibraryThatIsNoneAnyMoreIsSaidToDiffer() throws {
        try driver.install(into: drivers)
        _ = try host().pinDriver(driver.id)
        try folder.write("this is no library", to: library)
        try #expect(refusals(host()).allSatisfy { $0.code == .driverMismatch })
        try folder.write("nor a manifest", to: manifest)
        try #expect(refusals(host()).allSatisfy { $0.code == .driverMismatch })
    }

    @Test func unpinnedDriversAreLoadedUnlessRefused() throws {
        try driver.install(into: drivers)
        try folder.write("lock_version = 1\n", to: "etc/drivers.lock")
        #expect(try host().driver(driver.id).id == driver.id)
        #expect(try host().pin(of: driver.id) == nil)
        #expect(try host().verifyDrivers(driver.id).map(\.outcome) == [.unpinned])
        try folder.write(
            "lock_version = 1\n[policy]\nunpinned = \"refuse\"\n", to: "etc/drivers.lock")
        for error in try refusals(host()) {
            #expect(error.code == .driverRefused)
            #expect(error.message.hasPrefix("\(lockFile):3: "))
            #expect(error.advice.contains("holdfast driver pin"))
        }
        _ = try host().pinDriver(driver.id)
        #expect(try host().driver(driver.id).id == driver.id)
    }

    @Test func aDeniedDriverIsNeitherLoadedNorPinnedNorInstalled() throws {
        try driver.install(into: drivers)
        let rules = "lock_version = 1\n[policy]\ndeny_vendors = [\"Hold*\"]\n"
        try folder.write(rules, to: "etc/drivers.lock")
        var errors = try refusals(host())
        errors.append(try failure { () throws(HostError) in try host().pinDriver(driver.id) })
        errors.append(
            try failure { () throws(HostError) in
                try host().installDriver(
                    "\(drivers)/\(driver.id)", into: "\(folder.path)/x", replaces: false)
            })
        for error in errors {
            #expect(error.code == .driverRefused)
            #expect(error.message.hasPrefix("\(lockFile):3: "))
            #expect(error.message.contains("deny_vendors has \"Hold*\""))
        }
        #expect(try folder.read("etc/drivers.lock") == rules)
        #expect(try folder.names() == ["drivers", "etc"])
    }

    @Test func noDriverIsLoadedUnderALockFileThatCannotBeRead() throws {
        try driver.install(into: drivers)
        try folder.write("lock_version = 2\n", to: "etc/drivers.lock")
        try #expect(refusals(host()).allSatisfy { $0.code == .driversLock })
        #expect(host().inspect(path: "\(drivers)/\(driver.id)").problems.first?.code == "lock-file")
        #expect(throws: HostError.self) { try host().pin(of: driver.id) }
    }

    // MARK: - Installing and removing

    private func source() throws -> String {
        try driver.install(into: "\(folder.path)/source")
        return "\(folder.path)/source/\(driver.id)"
    }

    @Test func anInstalledDriverIsPinnedAndRemovedWithItsPin() throws {
        let source = try source()
        let change = try host().installDriver(source, into: drivers, replaces: false)
        #expect(change.id == driver.id)
        #expect(!change.changedEarlier)
        #expect(change.shadowedBy == nil)
        #expect(try folder.mode(of: library) == 0o644)
        #expect(try folder.mode(of: "drivers/\(driver.id)") == 0o755)
        #expect(try folder.names("drivers") == [driver.id])
        #expect(try host().verifyDrivers(nil).map(\.outcome) == [.pinned])
        #expect(try host().driver(driver.id).id == driver.id)
        let removed = try host().removeDriver(driver.id, from: drivers)
        #expect(removed.changedEarlier)
        #expect(try folder.names("drivers") == [])
        #expect(try folder.read("etc/drivers.lock").contains("[driver.") == false)
        let again = try failure { () throws(HostError) in
            try host().removeDriver(driver.id, from: drivers)
        }
        #expect(again.code == .notFound)
    }

    @Test func anInstalledDriverIsReplacedOnlyWhenAsked() throws {
        let source = try source()
        _ = try host().installDriver(source, into: drivers, replaces: false)
        let pins = try folder.read("etc/drivers.lock")
        let error = try failure { () throws(HostError) in
            try host().installDriver(source, into: drivers, replaces: false)
        }
        #expect(error.code == .conflict)
        #expect(error.advice.contains("--replace"))
        let text = try folder.read("source/\(driver.id)/driver.toml")
        try folder.write("# another\n" + text, to: "source/\(driver.id)/driver.toml")
        let change = try host().installDriver(source, into: drivers, replaces: true)
        #expect(change.changedEarlier)
        #expect(try folder.read("etc/drivers.lock") != pins)
        #expect(try folder.read(manifest).hasPrefix("# another"))
        #expect(try folder.names("drivers") == [driver.id])
        #expect(try host().verifyDrivers(nil).map(\.outcome) == [.pinned])
    }

    @Test func anotherThanThePinnedIsNotInstalled() throws {
        let source = try source()
        _ = try host().installDriver(source, into: drivers, replaces: false)
        try folder.rename("drivers", to: "away")
        try folder.flipBit(of: "source/\(driver.id)/driver.so")
        let text = try folder.read("etc/drivers.lock")
        let error = try failure { () throws(HostError) in
            try host().installDriver(source, into: drivers, replaces: false)
        }
        #expect(error.code == .driverMismatch)
        #expect(try folder.read("etc/drivers.lock") == text)
        #expect(try !folder.names().contains("drivers"))
    }

    @Test func whatACrashLeftIsClearedAway() throws {
        let source = try source()
        try folder.write("half", to: "drivers/.\(driver.id).new/driver.so")
        try folder.write("old", to: "drivers/.\(driver.id).old/driver.so")
        _ = try host().installDriver(source, into: drivers, replaces: false)
        _ = try host().installDriver(source, into: drivers, replaces: true)
        #expect(try folder.names("drivers") == [driver.id])
    }

    @Test func aFailureBehindThePinTakesItBack() throws {
        let source = try source()
        try folder.write("lock_version = 1\n", to: "etc/drivers.lock")
        // A file where the folder should get its name: it appears only after the checks.
        try folder.write("x", to: "drivers/.\(driver.id).old/sub/file")
        try folder.write("x", to: manifest)
        let error = try failure { () throws(HostError) in
            try host().installDriver(source, into: drivers, replaces: true)
        }
        #expect(error.message.contains(".\(driver.id).old"), "\(error.message)")
        #expect(try folder.read("etc/drivers.lock") == "lock_version = 1\n")
        #expect(try folder.read(manifest) == "x")
        #expect(try !folder.names("drivers").contains(".\(driver.id).new"))
    }

    @Test func theLockFileMayLieAmongTheDrivers() throws {
        let source = try source()
        let locks = DriverLockPlaces(
            explicit: "\(drivers)/drivers.lock", environment: [:], executablePath: "")
        let search = DriverSearchPath(
            explicit: [drivers], environment: [:], executablePath: "/nonexistent/bin/test")
        let host = Host(
            search: search, locks: locks, logger: Logger(label: "test"), hostVersion: "0")
        _ = try host.installDriver(source, into: drivers, replaces: false)
        #expect(try folder.names("drivers") == ["drivers.lock", driver.id])
        _ = try host.removeDriver(driver.id, from: drivers)
        #expect(try folder.names("drivers") == ["drivers.lock"])
    }
}
