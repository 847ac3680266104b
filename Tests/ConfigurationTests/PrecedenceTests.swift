import Glibc
import HoldfastConfiguration
import Host
import Testing

/// One row: where a value is given, and which must win.
struct Precedence: Sendable, CustomTestStringConvertible {
    var flag: Bool
    var environment: Bool
    var project: Bool
    var user: Bool

    var testDescription: String {
        "flag \(flag), environment \(environment), project \(project), user \(user)"
    }

    var winner: String {
        if flag { return "flag" }
        if environment { return "environment" }
        if project { return "project-file" }
        return user ? "user-file" : "default"
    }

    static let all: [Precedence] = (0..<16).map {
        Precedence(
            flag: $0 & 1 != 0, environment: $0 & 2 != 0, project: $0 & 4 != 0, user: $0 & 8 != 0)
    }
}

@Suite("Precedence")
struct PrecedenceTests {
    @Test("Flag, environment, project file, user file, default", arguments: Precedence.all)
    func order(_ row: Precedence) throws {
        let project = TemporaryProject()
        let block = { (tag: String, port: Int) in
            """
            service: \(tag)
            daemon:
              address: \(tag)
              port: \(port)
              apiKey: \(tag)
              insecure: \(tag == "project-file")
              trustedProxies: [\(tag)]
              allowedHosts: [\(tag)]

            """
        }
        if row.project { project.write("holdfast.yml", block("project-file", 3)) }
        if row.user { project.write("home/.config/holdfast/holdfast.yml", block("user-file", 4)) }
        var environment = ["HOME": project.root + "/home"]
        if row.environment {
            for name in ["ADDRESS", "API_KEY", "TRUSTED_PROXIES", "ALLOWED_HOSTS"] {
                environment["HOLDFAST_DAEMON_" + name] = "environment"
            }
            environment["HOLDFAST_DAEMON_PORT"] = "2"
            environment["HOLDFAST_DAEMON_INSECURE"] = "1"
            environment["HOLDFAST_SERVICE"] = "environment"
        }
        var request = project.request(environment)
        if row.flag {
            request.service = "flag"
            request.daemon.address = "flag"
            request.daemon.port = 1
            request.daemon.apiKey = "flag"
            request.daemon.insecure = true
            request.daemon.trustedProxies = ["flag"]
            request.daemon.allowedHosts = ["flag"]
        }
        let configuration = try Configuration.load(request)
        let daemon = configuration.daemon
        let kinds = [
            daemon.address.origin.kind, daemon.port.origin.kind, daemon.insecure.origin.kind,
            daemon.trustedProxies.origin.kind, daemon.allowedHosts.origin.kind,
            daemon.apiKey?.origin.kind ?? "default",
            configuration.service?.origin.kind ?? "default",
        ]
        #expect(kinds == Array(repeating: row.winner, count: kinds.count))
        if row.winner == "default" {
            #expect(daemon.address.value == "127.0.0.1" && daemon.port.value == 8766)
            #expect(daemon.insecure.value == false && daemon.apiKey == nil)
        } else {
            #expect(daemon.address.value == row.winner && daemon.apiKey?.value == row.winner)
            #expect(daemon.trustedProxies.value == [row.winner])
        }
    }

    @Test("The backend of the project replaces the user's as a whole; stores do so one by one")
    func blocks() throws {
        let project = TemporaryProject()
        project.write(
            "xdg/holdfast/holdfast.yml",
            """
            backend: {kind: sqlite, sqlitePath: user.db, workspaceId: user}
            stores:
              mine: {driver: local, options: {path: /user/mine}}
              both: {driver: local, options: {path: /user/both}}
            """)
        project.write(
            "holdfast.yml",
            "backend: {kind: local, localPath: here}\n"
                + "stores: {both: {driver: sqlite, options: {path: b.db}}}\n")
        let environment = ["HOME": "/nonexistent", "XDG_CONFIG_HOME": project.root + "/xdg"]
        let configuration = try Configuration.load(project.request(environment))
        #expect(configuration.stores.map(\.name) == ["default", "both", "mine"])
        #expect(configuration.stores.map(\.driver.value) == ["local", "sqlite", "local"])
        #expect(configuration.stores[0].workspaceID.value == project.root)
        #expect(configuration.stores[0].options["localPath"]?.value == "here")
        #expect(configuration.stores[0].options["sqlitePath"] == nil)
        #expect(configuration.stores[2].driver.origin.kind == "user-file")
    }

    @Test("Where drivers run, and after how many crashes no more")
    func isolation() throws {
        let project = TemporaryProject()
        project.write(
            "xdg/holdfast/holdfast.yml",
            "drivers: {quarantineCrashes: 7}\nbackend: {isolation: process}\n")
        project.write(
            "holdfast.yml",
            "drivers: {quarantineWithin: 2m, restartDelay: 7ms}\ndaemon: {stores: [a]}\n"
                + "stores: {a: {driver: local, isolation: process}, b: {driver: local}}\n")
        let environment = ["XDG_CONFIG_HOME": project.root + "/xdg"]
        let configuration = try Configuration.load(project.request(environment))
        #expect(configuration.drivers.quarantinePolicy.crashes == 7)
        #expect(configuration.drivers.quarantinePolicy.within == .seconds(120))
        #expect(configuration.drivers.restartDelays.first == .milliseconds(7))
        #expect(configuration.drivers.restartDelays.most == .seconds(30))
        #expect(
            configuration.stores.map(\.specification.isolation) == [.process, .process, nil])
        #expect(configuration.daemon.stores.value == ["a"])
        let given = try Configuration.load(
            project.request(environment.merging(["HOLDFAST_DAEMON_STORES": "b, c"]) { $1 }))
        #expect(given.daemon.stores.value == ["b", "c"])
    }

    @Test("An unset variable in a block that does not count is still an error")
    func unsetElsewhere() {
        let project = TemporaryProject()
        project.write("home/.config/holdfast/holdfast.yml", "daemon: {address: '${env:NOT_SET}'}")
        var request = project.request(["HOME": project.root + "/home"])
        request.daemon.address = "::1"
        #expect(failure(request)?.code == .unset)
    }

    @Test("Empty variables count as not set; bad ones are named")
    func variables() throws {
        let project = TemporaryProject()
        let empty = try Configuration.load(
            project.request(["HOLDFAST_DAEMON_PORT": "", "HOLDFAST_CONFIG": ""]))
        #expect(empty.daemon.port.value == 8766)
        let port = failure(project.request(["HOLDFAST_DAEMON_PORT": "99999"]))
        #expect(port?.message.contains("HOLDFAST_DAEMON_PORT") == true)
        let insecure = failure(project.request(["HOLDFAST_DAEMON_INSECURE": "maybe"]))
        #expect(insecure?.message.contains("HOLDFAST_DAEMON_INSECURE") == true)
        let list = try Configuration.load(
            project.request(["HOLDFAST_DAEMON_TRUSTED_PROXIES": " 10.0.0.1 , ,10.0.0.2"]))
        #expect(list.daemon.trustedProxies.value == ["10.0.0.1", "10.0.0.2"])
        let key = try Configuration.load(project.request(["HOLDFAST_API_KEY": "k"]))
        #expect(key.daemon.apiKey?.origin == .environment("HOLDFAST_API_KEY"))
    }

    @Test("A key by value and by file on the command line exclude each other")
    func twoKeys() {
        var request = TemporaryProject().request()
        request.daemon.apiKey = "a"
        request.daemon.apiKeyFile = "b"
        #expect(failure(request)?.code == .conflict)
    }
}
