import Glibc
import SDKTestSupport
import Testing

@testable import HoldfastLoader

@Suite("Ownership and modes") struct FolderTests {
    @Test("a driver in a temporary folder can be loaded") func temporary() throws {
        let fixture = try DriverFixture()
        #expect(LibraryInspection.inspect(folder: fixture.folder).problems == [])
        #expect(try fixture.load().id == "memory")
    }

    @Test("a link in the given path is resolved") func linkInPath() throws {
        let fixture = try DriverFixture()
        #expect(symlink(fixture.root, fixture.root + "/link") == 0)
        let inspection = LibraryInspection.inspect(folder: fixture.root + "/link/drivers/memory")
        #expect(inspection.problems == [])
        #expect(inspection.folder == fixture.folder)
    }

    @Test(
        "whatever others can write to is refused",
        arguments: [
            ("/drivers/memory/driver.so", mode_t(0o664)), ("/drivers/memory/driver.so", 0o646),
            ("/drivers/memory/driver.toml", 0o664), ("/drivers/memory/driver.toml", 0o666),
            ("/drivers/memory", 0o775), ("/drivers", 0o775), ("/drivers", 0o757), ("", 0o777),
            ("/drivers", 0o1777), ("/drivers/memory", 0o1777),
        ])
    func writable(_ place: String, _ mode: mode_t) throws {
        let fixture = try DriverFixture()
        #expect(chmod(fixture.root + place, mode) == 0)
        let error = try #require(fixture.refusal())
        #expect(error.code == .writable)
        #expect(error.path == fixture.root + place)
        #expect(error.remedy == "chmod go-w \(fixture.root + place)")
    }

    @Test("a sticky folder passes further up when it is root's") func sticky() throws {
        let fixture = try DriverFixture()
        #expect(chmod(fixture.root, 0o1777) == 0)
        #expect(fixture.refusal()?.code == (geteuid() == 0 ? nil : .writable))
    }

    @Test("a library that runs as another user is refused", arguments: [mode_t(0o4755), 0o2755])
    func setUser(_ mode: mode_t) throws {
        let fixture = try DriverFixture()
        #expect(chmod(fixture.library, mode) == 0)
        #expect(fixture.refusal()?.code == .kind)
    }

    @Test("what belongs to neither root nor the user is refused") func owner() throws {
        var status = stat()
        status.st_mode = S_IFREG | 0o644
        for user in [0, geteuid()] {
            status.st_uid = user
            try FileStatus(status).checkOwner("/a")
        }
        status.st_uid = geteuid() + 1
        let error = try #require(throws: LoaderError.self) {
            try FileStatus(status).checkOwner("/a")
        }
        #expect((error.code, error.path) == (.owner, "/a"))
    }

    @Test("each file and folder is checked for its owner") func everyOwner() throws {
        // Only root can give a file away; for others, the test above stands.
        for place in ["/drivers/memory/driver.so", "/drivers/memory/driver.toml", "/drivers"] {
            let fixture = try DriverFixture()
            let given = chown(fixture.root + place, 12345, 0) == 0
            #expect(given == (geteuid() == 0))
            #expect(fixture.refusal()?.path == (given ? fixture.root + place : nil))
        }
    }

    @Test("a link in place of a file is refused") func links() throws {
        for name in ["driver.so", "driver.toml"] {
            let fixture = try DriverFixture()
            let path = "\(fixture.folder)/\(name)"
            #expect(rename(path, path + ".real") == 0)
            #expect(symlink(path + ".real", path) == 0)
            let error = try #require(fixture.refusal())
            #expect(error.code == .symbolicLink)
            #expect(error.path == path)
        }
    }

    @Test("a folder or a pipe in place of the library is refused, without waiting") func kinds()
        throws
    {
        let folder = try DriverFixture(manifest: DriverFixture.goodManifest)
        #expect(mkdir(folder.library, 0o755) == 0)
        #expect(folder.refusal()?.code == .kind)
        let pipe = try DriverFixture(manifest: DriverFixture.goodManifest)
        #expect(mkfifo(pipe.library, 0o644) == 0)
        #expect(pipe.refusal()?.code == .kind)
    }

    @Test("what is missing is named") func missing() throws {
        let fixture = try DriverFixture(manifest: DriverFixture.goodManifest)
        #expect(fixture.refusal()?.code == .missing)
        #expect(fixture.refusal()?.path == fixture.library)
        let inspection = LibraryInspection.inspect(folder: fixture.root + "/nowhere")
        #expect(inspection.problems.map(\.code) == [.missing])
        let file = LibraryInspection.inspect(folder: fixture.manifest)
        #expect(file.problems.map(\.code) == [.kind])
    }
}
