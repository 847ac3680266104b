import TestSupport
import Testing

@testable import Host

/// The lock file: what is read, what is refused, and what a change leaves alone.
@Suite struct LockFileTests {
    private let folder: TemporaryFolder
    private let one = String(repeating: "1", count: 64)
    private let two = String(repeating: "2", count: 64)

    init() throws { folder = try TemporaryFolder() }

    private func place(_ name: String = "drivers.lock", mustExist: Bool = false)
        -> DriverLockPlaces.Place
    {
        DriverLockPlaces.Place(
            path: "\(folder.path)/\(name)", origin: "test", mustExist: mustExist)
    }

    private func pin(_ id: String) -> String {
        "[driver.\(id)]\nlibrary_sha256 = \"\(one)\"\nmanifest_sha256 = \"\(two)\"\n"
    }

    private func read(_ text: String) throws -> DriversLock? {
        try folder.write(text, to: "drivers.lock")
        return try DriverTrust.read(place())
    }

    @Test func pinsAndPolicyAreRead() throws {
        let text = """
            # a comment
            lock_version = 1 # another

            [policy]
            allow_ids = ["acme-*", "local"]
            deny_vendors = ["Mallory*"]
            unpinned = "refuse"

            [driver.acme-store]
            library_sha256 = "\(one)"
            manifest_sha256 = "\(two)"
            """
        let lock = try #require(try read(text))
        let digests = DriverDigests(library: one, manifest: two)
        #expect(lock.pins.keys.sorted() == ["acme-store"])
        #expect(lock.pins["acme-store"]?.digests == digests)
        #expect(lock.pins["acme-store"]?.line == 9)
        #expect(lock.pins["acme-store"]?.origin == "test")
        let policy = lock.policy
        #expect(policy.rules["allow_ids"]?.patterns == ["acme-*", "local"])
        #expect(policy.rules["deny_vendors"]?.place == "\(place().path):6")
        #expect(policy.refusesUnpinned == "\(place().path):7")
    }

    @Test(arguments: [
        ("", "lock_version is missing"), ("lock_version = 0", ":1: lock_version is no version"),
        ("lock_version = \"1\"", ":1: lock_version is no version"),
        ("lock_version = 2", ":1: it has lock version 2; this program knows 1"),
        ("lock_version = 1\n[driver.a]", ":2: [driver.a] has no library_sha256"),
        ("lock_version = 1\n[driver.-]", ":2: \"-\" is no driver's id"),
        ("lock_version = 1\n[driver]", ":2: [driver] is neither"),
        ("lock_version = 1\n[drivers.a]", ":2: [drivers.a] is neither"),
        ("lock_version = 1\n[driver.a]\n[driver.a]", ":3: the table [driver.a] appears twice"),
        ("lock_version = 1\nlock_version = 1", ":2: lock_version is given twice"),
        ("lock_version = 1\npins = true", ":2: pins is not a key"),
        ("lock_version = 1\n[policy]\ndeny_id = []", "(did you mean \"deny_ids\"?)"),
        ("lock_version = 1\n[policy]\ndeny_ids = \"a\"", ":3: deny_ids is not a list"),
        ("lock_version = 1\n[policy]\nunpinned = \"warn\"", ":3: unpinned is neither"),
        ("lock_version = 1\n[policy]\nunpinned = false", ":3: unpinned is neither"),
        ("lock_version = 1\n[driver.a]\nlibrary_sha256 = \"A\"", ":3: library_sha256 is not 64"),
        ("lock_version", ":1: lock_version is not followed by ="),
        ("<<<<<<< HEAD", ":1:"),
    ])
    func whatIsWrongIsRefusedWithItsLine(text: String, message: String) throws {
        do {
            _ = try read(text)
            Issue.record("it was read")
        } catch let error as HostError {
            #expect(error.code == .driversLock)
            #expect(error.message.contains(message), "\(error.message)")
            #expect(error.message.contains(place().path))
            #expect(!error.advice.isEmpty)
        }
    }

    private func refusal(_ place: DriverLockPlaces.Place) throws -> String {
        do {
            _ = try DriverTrust.read(place)
            Issue.record("it was read")
            return ""
        } catch {
            #expect(error.code == .driversLock)
            return error.message + "; " + error.advice
        }
    }

    @Test func aFileThatOthersCanChangeIsRefused() throws {
        let path = try folder.write("lock_version = 1\n", to: "sub/drivers.lock")
        let place = place("sub/drivers.lock")
        #expect(try DriverTrust.read(place)?.pins.isEmpty == true)
        try folder.setMode(0o664, of: "sub/drivers.lock")
        #expect(try refusal(place).contains("can be written by its group; chmod go-w \(path)"))
        try folder.setMode(0o644, of: "sub/drivers.lock")
        try folder.setMode(0o1777, of: "sub")
        #expect(try refusal(place).contains("can be written by everybody"))
    }

    @Test func aLinkIsRefusedAndADirectoryToo() throws {
        try folder.write("lock_version = 1\n", to: "real.lock")
        try folder.link("drivers.lock", to: "real.lock")
        #expect(try refusal(place()).contains("is a symbolic link"))
        try folder.write("x", to: "other.lock/x")
        #expect(try refusal(place("other.lock")).contains("is not a regular file"))
    }

    @Test func aFileOfGreatLengthIsRefused() throws {
        try folder.write(String(repeating: "#", count: 70_000), to: "drivers.lock")
        #expect(try refusal(place()).contains("the most is 65536"))
    }

    @Test func onlyAFileThatWasNamedMustExist() throws {
        #expect(try DriverTrust.read(place()) == nil)
        #expect(try refusal(place(mustExist: true)).contains("does not exist"))
        #expect(DriverTrust(DriverLockPlaces.none).failure == nil)
    }

    // MARK: - Changes

    @Test func aChangeLeavesTheRestAsItIs() throws {
        let start = """
            # kept\r
            lock_version = 1

            [driver.a] # replaced
            # replaced
            library_sha256 = "\(one)"
            manifest_sha256 = "\(one)"

            # kept, too
            [policy]
            deny_ids = ["x"] # and this
            """
        let path = try folder.write(start, to: "drivers.lock")
        let file = DriversLockFile(place: place())
        try file.set("a", to: DriverDigests(library: two, manifest: two))
        try file.set("b", to: DriverDigests(library: one, manifest: two))
        let changed = """
            # kept\r
            lock_version = 1

            [driver.a]
            library_sha256 = "\(two)"
            manifest_sha256 = "\(two)"

            # kept, too
            [policy]
            deny_ids = ["x"] # and this

            \(pin("b"))
            """
        #expect(try folder.read("drivers.lock") == changed)
        try file.set("b", to: nil)
        try file.set("a", to: nil)
        #expect(
            try folder.read("drivers.lock") == """
                # kept\r
                lock_version = 1

                # kept, too
                [policy]
                deny_ids = ["x"] # and this

                """)
        #expect(try folder.names() == ["drivers.lock"], "\(path)")
    }

    @Test func aNewFileIsMadeWithItsFoldersAndTakenBack() throws {
        let file = DriversLockFile(place: place("a/b/drivers.lock"))
        let old = try file.set("x", to: DriverDigests(library: one, manifest: two))
        #expect(old == nil)
        #expect(try DriverTrust.read(file.place)?.pins.keys.sorted() == ["x"])
        #expect(try folder.mode(of: "a/b/drivers.lock") == 0o644)
        #expect(try folder.mode(of: "a/b") == 0o755)
        try file.restore(old)
        #expect(try DriverTrust.read(file.place) == nil)
        #expect(try folder.names("a/b") == [])
    }

    @Test func aBrokenFileIsNotChanged() throws {
        try folder.write("lock_version = 7\n", to: "drivers.lock")
        let file = DriversLockFile(place: place())
        #expect(throws: HostError.self) {
            try file.set("x", to: DriverDigests(library: one, manifest: two))
        }
        #expect(try folder.read("drivers.lock") == "lock_version = 7\n")
        #expect(try folder.names() == ["drivers.lock"])
    }

    // MARK: - Places

    private func places(
        _ explicit: String? = nil, _ environment: [String: String] = [:], user: UInt32 = 1000,
        isPrivileged: Bool = false
    ) -> [String] {
        DriverLockPlaces(
            explicit: explicit, environment: environment, executablePath: "/opt/hf/bin/holdfast",
            isPrivileged: isPrivileged, user: user
        ).places.map(\.path)
    }

    @Test func theOrderIsUserSystemProgram() {
        let (system, program) = ("/etc/holdfast/drivers.lock", "/opt/hf/lib/holdfast/drivers.lock")
        let home = ["HOME": "/home/a"]
        #expect(
            places(nil, home) == ["/home/a/.config/holdfast/drivers.lock", system, program])
        let folders = ["HOME": "/home/a", "XDG_CONFIG_HOME": "/x"]
        #expect(places(nil, folders) == ["/x/holdfast/drivers.lock", system, program])
        #expect(places(nil, ["HOME": "a", "XDG_CONFIG_HOME": "x"]) == [system, program])
        #expect(places(nil, home, user: 0) == [system, program])
        #expect(places("/l", home) == ["/l", program])
        let variable = ["HOME": "/home/a", "HOLDFAST_DRIVERS_LOCK": "/v"]
        #expect(places(nil, variable) == ["/v", program])
        #expect(places("/l", variable) == ["/l", program])
        #expect(places(nil, variable, isPrivileged: true) == [system, program])
        #expect(places(nil, ["HOLDFAST_DRIVERS_LOCK": ""]) == [system, program])
    }

    @Test func driversAreInstalledForTheUserOrForTheSystem() {
        func search(_ user: UInt32, isPrivileged: Bool = false) -> DriverSearchPath {
            DriverSearchPath(
                explicit: ["/f"], environment: ["HOME": "/home/a"],
                executablePath: "/opt/hf/bin/holdfast", isPrivileged: isPrivileged, user: user)
        }
        let own = "/home/a/.local/share/holdfast/drivers"
        #expect(search(1000).managed == own)
        #expect(search(1000).directories.map(\.path).prefix(2) == ["/f", own])
        for other in [search(0), search(1000, isPrivileged: true)] {
            #expect(other.managed == "/usr/lib/holdfast/drivers")
            #expect(!other.directories.contains { $0.path == own })
        }
    }

    // MARK: - Policy

    @Test(arguments: [
        ("", "", true), ("*", "", true), ("*", "abc", true), ("a*", "abc", true),
        ("*c", "abc", true), ("a*c", "abc", true), ("a*b*c", "axxbyyc", true),
        ("*ab", "aab", true), ("a**b", "ab", true), ("abc", "abc", true), ("", "a", false),
        ("a", "", false), ("a", "A", false), ("a*c", "abd", false), ("*ab*", "ba", false),
        ("abc*", "ab", false), ("?", "a", false), (".*", "abc", false),
    ])
    func aStarStandsForAnything(pattern: String, text: String, matches: Bool) {
        #expect(DriverPolicy.matches(text, pattern) == matches)
    }

    @Test(arguments: [
        ("deny_ids = [\"ac*\"]", ":3", "deny_ids has \"ac*\", which \"acme\" matches"),
        ("deny_vendors = [\"A*\"]", ":3", "deny_vendors has \"A*\", which \"Acme Ltd\" matches"),
        ("allow_ids = [\"acme\"]\ndeny_ids = [\"*\"]", ":4", "deny_ids has \"*\""),
        ("allow_ids = []", ":3", "allow_ids has no pattern that \"acme\" of \"Acme Ltd\""),
        (
            "allow_ids = [\"b\"]\nallow_vendors = [\"B\"]", ":3",
            "allow_ids and allow_vendors has no pattern"
        ),
        ("unpinned = \"refuse\"", ":3", "unpinned drivers are refused"),
    ])
    func aRefusalNamesItsRule(rules: String, line: String, message: String) throws {
        let lock = try #require(try read("lock_version = 1\n[policy]\n\(rules)\n"))
        let refusal = try #require(
            lock.policy.refusal(id: "acme", vendor: "Acme Ltd", isPinned: false))
        #expect(refusal.place == place().path + line)
        #expect(refusal.message.hasPrefix(message), "\(refusal.message)")
    }

    @Test(arguments: [
        "allow_ids = [\"acme\"]", "allow_ids = [\"b\"]\nallow_vendors = [\"Acme*\"]",
        "deny_ids = [\"acme-*\"]", "unpinned = \"allow\"", "deny_ids = []",
    ])
    func whatNoRuleRefusesMayBeUsed(rules: String) throws {
        let lock = try #require(try read("lock_version = 1\n[policy]\n\(rules)\n"))
        #expect(lock.policy.refusal(id: "acme", vendor: "Acme Ltd", isPinned: false) == nil)
    }

    @Test func whatIsPinnedIsNotUnpinned() throws {
        let lock = try #require(try read("lock_version = 1\n[policy]\nunpinned = \"refuse\"\n"))
        #expect(lock.policy.refusal(id: "a", vendor: "v", isPinned: true) == nil)
    }
}
