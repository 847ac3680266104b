import HoldfastConfiguration
import Testing

@Suite("What config show may show")
struct SettingTests {
    private func settings(
        _ text: String, _ environment: [String: String] = [:], secrets: Set<String>? = nil
    ) throws -> [String: Setting] {
        let project = TemporaryProject()
        project.write("holdfast.yml", text)
        let configuration = try Configuration.load(project.request(environment))
        let settings = configuration.settings { _ in secrets }
        #expect(Set(settings.map(\.key)).count == settings.count)
        return Dictionary(uniqueKeysWithValues: settings.map { ($0.key, $0) })
    }

    @Test("Every value has its place")
    func origins() throws {
        let settings = try settings(
            "service: shop\nbackend:\n  kind: sqlite\n  sqlitePath: a.db\ndaemon:\n  port: 1\n",
            ["HOLDFAST_DAEMON_ADDRESS": "::1"])
        #expect(settings["service"]?.origin.description == "holdfast.yml:1:10")
        #expect(settings["backend.kind"]?.origin.description == "holdfast.yml:3:9")
        #expect(settings["backend.sqlitePath"]?.values == ["a.db"])
        #expect(settings["daemon.port"]?.origin.description == "holdfast.yml:6:9")
        #expect(
            settings["daemon.address"]?.origin.description == "environment HOLDFAST_DAEMON_ADDRESS")
        #expect(settings["daemon.insecure"]?.origin.description == "default")
        #expect(settings["backend.workspaceId"]?.origin.description == "the project's root")
    }

    @Test(
        "A secret is never shown",
        arguments: [
            ("apiToken", "abc-secret", ["other"]),
            ("plain", "abc-secret", ["plain"]),
            ("plain", "https://user:abc-secret@example.dev/", []),
            ("plain", "postgres://abc-secret@example.dev/db", []),
            ("plain", "https://example.dev/c?sig=abc-secret", []),
            ("connection_string", "abc-secret", []),
            ("url", "host=db Password = abc-secret", nil),
            ("url", "AccountName=a;AccountKey=abc-secret", nil),
            ("plain", "${env:HIDDEN}", nil),
            ("plain", "${env:HIDDEN}", ["plain"]),
        ] as [(String, String, Set<String>?)])
    func hidden(_ name: String, _ value: String, _ secrets: Set<String>?) throws {
        let settings = try settings(
            "backend:\n  kind: vendor\n  options:\n    \(name): \(value)\n",
            ["HIDDEN": "abc-secret"], secrets: secrets)
        #expect(settings["backend.options.\(name)"]?.values == ["[REDACTED]"])
    }

    @Test("What is no secret is shown")
    func shown() throws {
        let settings = try settings(
            "backend:\n  kind: postgres\n  postgresConnectionStringEnv: DSN\n"
                + "  postgresTable: ${env:TABLE}\n",
            ["TABLE": "receipts"], secrets: ["url"])
        #expect(settings["backend.postgresConnectionStringEnv"]?.values == ["DSN"])
        #expect(settings["backend.postgresTable"]?.values == ["receipts"])
    }

    @Test("The provider's region has its place")
    func region() throws {
        let settings = try settings("provider: {name: aws, region: eu-west-1}\n")
        #expect(settings["provider.region"]?.values == ["eu-west-1"])
        #expect(settings["provider.region"]?.origin.description == "holdfast.yml:1:31")
    }

    @Test("The API key is hidden wherever it comes from")
    func apiKey() throws {
        let fromFile = try settings("daemon: {apiKey: abc-secret}\n")
        #expect(fromFile["daemon.apiKey"]?.values == ["[REDACTED]"])
        let fromEnvironment = try settings("{}", ["HOLDFAST_API_KEY": "abc-secret"])
        #expect(fromEnvironment["daemon.apiKey"]?.values == ["[REDACTED]"])
    }

    @Test("Errors do not repeat a secret")
    func errors() throws {
        let project = TemporaryProject()
        project.write("holdfast.yml", "daemon: {apiKey: '${env:K}'}\n")
        let error = try #require(failure(project.request(["K": "abc secret"])))
        #expect(!"\(error)\(error.advice)".contains("abc"))
    }
}
