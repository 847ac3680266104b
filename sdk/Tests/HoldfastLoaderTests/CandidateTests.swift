import Glibc
import SDKTestSupport
import Testing

@testable import HoldfastLoader

@Suite("What is compared before loading") struct CandidateTests {
    /// What a candidate shows, in values that can be copied.
    private func seen(
        _ candidate: borrowing CandidateLibrary
    ) throws -> (isOpen: Bool, manifest: [UInt8]?, library: [UInt8]) {
        var bytes: [UInt8] = []
        try candidate.readLibrary { bytes += $0 }
        return (candidate.isOpen, candidate.manifestBytes, bytes)
    }

    @Test("both files are read as they lie there") func whole() throws {
        let fixture = try DriverFixture()
        let candidate = CandidateLibrary(folder: fixture.folder)
        let (isOpen, manifest, library) = try seen(candidate)
        #expect(isOpen)
        #expect(try manifest == contents(fixture.folder + "/driver.toml"))
        #expect(try library == contents(fixture.library))
        let driver = try LoadedDriver.load(
            candidate, host: HostIdentity(name: "tests", version: "1"))
        #expect(driver.id == "memory")
    }

    @Test("a library that is no library can be read") func malformed() throws {
        let fixture = try DriverFixture()
        let text = [UInt8](repeating: 0x41, count: 100_000)
        try write(text, to: fixture.library)
        let candidate = CandidateLibrary(folder: fixture.folder)
        let (code, library) = (
            candidate.inspection.problems.first?.code, try seen(candidate).library
        )
        #expect(code == .malformed)
        #expect(library == text)
        #expect(throws: LoaderError.self) {
            try LoadedDriver.load(
                CandidateLibrary(folder: fixture.folder),
                host: HostIdentity(name: "tests", version: "1"))
        }
    }

    @Test("what is read is the opened file, also when another has its name") func replaced() throws
    {
        let fixture = try DriverFixture()
        let original = try contents(fixture.library)
        let candidate = CandidateLibrary(folder: fixture.folder)
        #expect(unlink(fixture.library) == 0)
        try write([1, 2, 3], to: fixture.library)
        let library = try seen(candidate).library
        #expect(library == original)
        let driver = try LoadedDriver.load(
            candidate, host: HostIdentity(name: "tests", version: "1"))
        #expect(driver.id == "memory")
    }

    @Test("a file that is not there is not open") func missing() throws {
        let fixture = try DriverFixture()
        #expect(unlink(fixture.library) == 0)
        let found = try seen(CandidateLibrary(folder: fixture.folder))
        #expect(!found.isOpen)
        #expect(found.manifest != nil)
        #expect(found.library.isEmpty)
        #expect(try seen(CandidateLibrary(folder: fixture.folder + "/none")).manifest == nil)
    }

    @Test("a trusted file is one that nobody else can change") func trusted() throws {
        let fixture = try DriverFixture()
        let path = fixture.root + "/list"
        #expect(try TrustedFile.read(path, most: 10) == nil)
        #expect(try TrustedFile.read(fixture.root + "/none/list", most: 10) == nil)
        try write([1, 2, 3], to: path)
        #expect(chmod(path, 0o644) == 0)
        #expect(try TrustedFile.read(path, most: 3) == [1, 2, 3])
        #expect(code(path, most: 2) == .tooLarge)
        #expect(chmod(path, 0o664) == 0)
        #expect(code(path) == .writable)
        #expect(chmod(path, 0o644) == 0)
        #expect(chmod(fixture.root, 0o1777) == 0)
        #expect(code(path) == .writable)
        #expect(chmod(fixture.root, 0o755) == 0)
        #expect(symlink(path, fixture.root + "/link") == 0)
        #expect(code(fixture.root + "/link") == .symbolicLink)
    }

    private func code(_ path: String, most: Int = 10) -> LoaderError.Code? {
        do throws(LoaderError) {
            _ = try TrustedFile.read(path, most: most)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("a table's second part may have hyphens") func tables() throws {
        let text = Array("a = 1\n[driver.my-store] # x\nb = \"c\"\n".utf8)
        let manifest = try ManifestText(text, path: "t")
        #expect(manifest.tables == ["driver.my-store": 2])
        #expect(manifest.items["driver.my-store.b"]?.line == 3)
        for wrong in ["[driver.]", "[.a]", "[a.b.c]", "[a-b]", "[a.B]", "[a.b"] {
            #expect(throws: LoaderError.self, "\(wrong)") {
                try ManifestText(Array(wrong.utf8), path: "t")
            }
        }
    }
}
