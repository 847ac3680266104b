import Glibc
import HoldfastConfiguration
import Testing

@Suite("Files that cannot be read")
struct FileTests {
    @Test("A missing file is an error only when it was asked for")
    func missing() throws {
        let project = TemporaryProject()
        #expect(try Configuration.load(project.request()).file == nil)
        var request = project.request()
        request.file = "nowhere.yml"
        let error = try #require(failure(request))
        #expect(error.code == .missing)
        #expect(error.message.contains("nowhere.yml"))
        #expect(error.advice.contains("--config"))
        let named = try #require(failure(project.request(["HOLDFAST_CONFIG": "other.yml"])))
        #expect(named.code == .missing)
        #expect(named.advice.contains("HOLDFAST_CONFIG"))
    }

    @Test("A folder is no file")
    func folder() throws {
        let project = TemporaryProject()
        project.makeFolder("holdfast.yml")
        let error = try #require(failure(project.request()))
        #expect(error.code == .unreadable)
        #expect(error.message.contains("holdfast.yml") && error.message.contains("directory"))
    }

    @Test("A pipe is refused at once")
    func pipe() throws {
        let project = TemporaryProject()
        #expect(mkfifo(project.root + "/holdfast.yml", 0o600) == 0)
        #expect(try #require(failure(project.request())).code == .unreadable)
    }

    @Test("A link in a circle says so")
    func circle() throws {
        let project = TemporaryProject()
        #expect(symlink("holdfast.yml", project.root + "/holdfast.yml") == 0)
        let error = try #require(failure(project.request()))
        #expect(error.code == .unreadable)
        #expect(error.message.contains("symbolic links"))
    }

    @Test("A file without permission says so")
    func permission() async throws {
        // Root may read everything, so the test reads as nobody, in a process of its own.
        await #expect(processExitsWith: .success) {
            let project = TemporaryProject()
            project.write("holdfast.yml", "service: a\n", mode: 0o000)
            chmod(project.root, 0o755)
            if getuid() == 0 { precondition(setuid(65534) == 0) }
            let error = failure(project.request())
            precondition(error?.code == .unreadable)
            precondition(error?.message.contains("Permission denied") == true)
        }
    }

    @Test("A name with a NUL or longer than the system allows is refused")
    func names() throws {
        let project = TemporaryProject()
        for name in ["a\0b.yml", String(repeating: "a", count: 5000)] {
            var request = project.request()
            request.file = name
            let error = try #require(failure(request))
            #expect(error.code == .unreadable)
            #expect(!error.message.contains("\0"))
        }
    }

    @Test("The API key's file: read, and refused when open to others or missing")
    func keyFile() throws {
        let project = TemporaryProject()
        project.write("holdfast.yml", "daemon:\n  apiKeyFile: secrets/api.key\n")
        project.write("secrets/api.key", "top-secret\r\n")
        #expect(try Configuration.load(project.request()).daemon.apiKey?.value == "top-secret")
        project.write("secrets/api.key", "top-secret\n", mode: 0o644)
        let open = try #require(failure(project.request()))
        #expect("\(open)".hasPrefix("holdfast.yml:2:15: "))
        #expect(open.message.contains("open to group or others") && open.advice.contains("chmod"))
        #expect(!"\(open) \(open.advice)".contains("top-secret"))
        project.write("secrets/api.key", "", mode: 0o600)
        #expect(failure(project.request())?.code == .invalid)
    }
}
