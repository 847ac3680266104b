import HoldfastConfiguration
import Host
import Testing

@Suite("Where a project is and where its state goes")
struct PlaceTests {
    @Test("The root is the workspace, else the file's folder, else the current one")
    func root() throws {
        let project = TemporaryProject()
        project.write("sub/holdfast.yml", "service: a\n")
        project.makeFolder("other")
        #expect(try Configuration.load(project.request()).projectRoot.value == project.root)
        var request = project.request()
        request.file = "sub/holdfast.yml"
        #expect(try Configuration.load(request).projectRoot.value == project.root + "/sub")
        request.workspace = "other"
        request.file = "../sub/./holdfast.yml"
        let configuration = try Configuration.load(request)
        #expect(configuration.projectRoot.value == project.root + "/other")
        #expect(configuration.projectRoot.origin == .flag("--workspace"))
        #expect(configuration.file?.value == project.root + "/sub/holdfast.yml")
        request.workspace = "nowhere"
        #expect(failure(request)?.message.contains("nowhere") == true)
        let variable = project.request(["HOLDFAST_WORKSPACE": project.root + "/sub"])
        #expect(try Configuration.load(variable).service?.value == "a")
    }

    @Test("Rows carry the workspace's id, places none")
    func workspace() throws {
        let project = TemporaryProject()
        let plain = try Configuration.load(project.request()).store(named: "default")
        #expect(plain.workspace(for: .rows) == project.root)
        #expect(plain.workspace(for: .place).isEmpty)
        project.write("holdfast.yml", "backend: {kind: sqlite, workspaceId: shared}\n")
        let named = try Configuration.load(project.request()).store(named: "default")
        #expect(named.workspace(for: .rows) == "shared")
        #expect(named.specification.projectRoot == project.root)
    }

    @Test("State goes to .holdfast, to .runfabric where that is alone, and nowhere with both")
    func dataFolder() throws {
        let project = TemporaryProject()
        func option(_ name: String) throws -> Sourced<String>? {
            try Configuration.load(project.request()).store(named: "default").options[name]
        }
        #expect(try option("localPath")?.value == ".holdfast")
        project.makeFolder(".runfabric")
        #expect(try option("localPath")?.value == ".runfabric")
        #expect(try option("localPath")?.origin.kind == "default")
        project.write("holdfast.yml", "backend: {kind: sqlite}\n")
        #expect(try option("sqlitePath")?.value == ".runfabric/state.db")
        project.makeFolder(".holdfast")
        let error = try #require(failure(project.request()))
        #expect(error.code == .conflict && error.advice.contains("move"))
        #expect(error.message.contains(".holdfast") && error.message.contains(".runfabric"))
        project.write("holdfast.yml", "backend: {kind: sqlite, sqlitePath: s.db}\n")
        #expect(try option("sqlitePath")?.value == "s.db")
        project.write("holdfast.yml", "backend: {kind: local, options: {path: s}}\n")
        #expect(try option("path")?.value == "s")
    }

    @Test("An option carries its place to the host")
    func specification() throws {
        let project = TemporaryProject()
        project.write("holdfast.yml", "backend:\n  kind: s3\n  s3Bucket: ${env:B}\n")
        let store = try Configuration.load(project.request(["B": "bucket"])).store(named: "default")
        let input = try #require(store.specification.options["s3Bucket"])
        #expect(input.value == "bucket")
        #expect(input.location == "holdfast.yml:3:13")
        #expect(store.specification.keyStyle == .flatKeys)
        #expect(store.specification.environment["B"] == "bucket")
    }

    @Test("A store that does not exist is answered with those that do")
    func unknownStore() throws {
        let project = TemporaryProject()
        project.write("holdfast.yml", "stores: {archive: {driver: local}}\n")
        let configuration = try Configuration.load(project.request(["HOLDFAST_STORE": "archiv"]))
        let near = #expect(throws: ConfigurationError.self) { try configuration.selected() }
        #expect(near?.advice == "did you mean \"archive\"?")
        let far = #expect(throws: ConfigurationError.self) {
            try configuration.store(named: "zzz")
        }
        #expect(far?.advice == "configured: default, archive")
    }

    @Test("A top-level key that is nearly ours is pointed out, and another's is left alone")
    func notices() throws {
        let project = TemporaryProject()
        project.write("holdfast.yml", "backnd: {kind: s3}\nfunctions: {}\n")
        let configuration = try Configuration.load(project.request())
        #expect(configuration.notices.count == 1)
        #expect(configuration.notices.first?.contains("\"backend\"") == true)
        project.write("runfabric.yml", "backnd: {kind: s3}\nproviders: []\n")
        var request = project.request()
        request.file = "runfabric.yml"
        #expect(try Configuration.load(request).notices.isEmpty)
    }
}
