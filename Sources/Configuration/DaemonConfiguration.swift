/// What the daemon serves on and whom it lets in.
package struct DaemonConfiguration: Sendable {
    /// The address to listen on.
    package let address: Sourced<String>
    /// The port; 0 is any free one.
    package let port: Sourced<Int>
    /// What a client must present; `nil` when it need not.
    package let apiKey: Sourced<String>?
    /// Whether an address other than loopback is served with neither key nor TLS.
    package let insecure: Sourced<Bool>
    /// The proxies whose `X-Forwarded-For` counts.
    package let trustedProxies: Sourced<[String]>
    /// The names besides its own that a request's `Host` may have.
    package let allowedHosts: Sourced<[String]>
    /// The stores besides its own that a request may name.
    package let stores: Sourced<[String]>

    init(
        _ request: ConfigurationRequest, project: DaemonBlock?, user: DaemonBlock?, root: String
    ) throws(ConfigurationError) {
        let given = DaemonVariables(request)
        address =
            given.text("--address", request.daemon.address, "ADDRESS") ?? project?.address
            ?? user?.address ?? Sourced("127.0.0.1", .standard("default"))
        port =
            try given.port(request.daemon.port) ?? project?.port ?? user?.port
            ?? Sourced(8766, .standard("default"))
        insecure =
            try given.flag("--insecure", request.daemon.insecure, "INSECURE") ?? project?.insecure
            ?? user?.insecure ?? Sourced(false, .standard("default"))
        trustedProxies =
            given.list("--trusted-proxy", request.daemon.trustedProxies, "TRUSTED_PROXIES")
            ?? project?.trustedProxies ?? user?.trustedProxies ?? Sourced([], .standard("default"))
        allowedHosts =
            given.list("--allowed-host", request.daemon.allowedHosts, "ALLOWED_HOSTS")
            ?? project?.allowedHosts ?? user?.allowedHosts ?? Sourced([], .standard("default"))
        stores =
            given.list("--serve", request.daemon.stores, "STORES") ?? project?.stores
            ?? user?.stores ?? Sourced([], .standard("default"))
        apiKey = try APIKey.resolve(given, request, project: project, user: user, root: root)
    }
}

/// The daemon's environment variables.
struct DaemonVariables {
    private let request: ConfigurationRequest

    init(_ request: ConfigurationRequest) { self.request = request }

    func text(_ flag: String, _ value: String?, _ names: String...) -> Sourced<String>? {
        request.given(flag, value, variables: names.map { "HOLDFAST_DAEMON_" + $0 })
    }

    func list(_ flag: String, _ value: [String]?, _ name: String) -> Sourced<[String]>? {
        if let value { return Sourced(value, .flag(flag)) }
        guard let text = text(flag, nil, name) else { return nil }
        let items = text.value.split(separator: ",").map { item in
            let start = item.drop { $0 == " " }
            return String(
                start.prefix(
                    start.lastIndex { $0 != " " }.map {
                        start.distance(from: start.startIndex, to: $0) + 1
                    } ?? 0))
        }
        return Sourced(items.filter { !$0.isEmpty }, text.origin)
    }

    func port(_ value: Int?) throws(ConfigurationError) -> Sourced<Int>? {
        guard let text = text("--port", value.map(String.init), "PORT") else { return nil }
        guard let port = DaemonBlock.portNumber(text.value) else {
            throw ConfigurationError(
                .invalid, "the port of \(text.origin) must be a number from 0 to 65535")
        }
        return Sourced(port, text.origin)
    }

    func flag(
        _ flag: String, _ value: Bool?, _ name: String
    ) throws(ConfigurationError) -> Sourced<Bool>? {
        if let value { return Sourced(value, .flag(flag)) }
        guard let text = text(flag, nil, name) else { return nil }
        switch text.value {
        case "1", "true", "yes": return Sourced(true, text.origin)
        case "0", "false", "no": return Sourced(false, text.origin)
        default:
            throw ConfigurationError(.invalid, "HOLDFAST_DAEMON_\(name) must be 1 or 0")
        }
    }
}

/// The key that clients of the daemon present.
enum APIKey {
    private static let byteCountMax = 4096

    /// The key from the strongest place that gives one, by value or by file.
    static func resolve(
        _ given: DaemonVariables, _ request: ConfigurationRequest, project: DaemonBlock?,
        user: DaemonBlock?, root: String
    ) throws(ConfigurationError) -> Sourced<String>? {
        let flags = request.daemon
        if flags.apiKey != nil, flags.apiKeyFile != nil {
            throw ConfigurationError(.conflict, "--api-key and --api-key-file exclude each other")
        }
        let directory = request.currentDirectory
        let candidates: [(key: Sourced<String>?, file: Sourced<String>?, directory: String)] = [
            (
                flags.apiKey.map { Sourced($0, .flag("--api-key")) },
                flags.apiKeyFile.map { Sourced($0, .flag("--api-key-file")) }, directory
            ),
            (
                given.text("", nil, "API_KEY")
                    ?? request.given("", nil, variables: ["HOLDFAST_API_KEY"]),
                given.text("", nil, "API_KEY_FILE"), directory
            ),
            (project?.apiKey, project?.apiKeyFile, root),
            (user?.apiKey, user?.apiKeyFile, root),
        ]
        for candidate in candidates {
            if let key = candidate.key { return try checked(key) }
            if let file = candidate.file { return try read(file, from: candidate.directory) }
        }
        return nil
    }

    private static func read(
        _ file: Sourced<String>, from directory: String
    ) throws(ConfigurationError) -> Sourced<String> {
        let path = FilePath.absolute(file.value, from: directory)
        let label = printable(file.value, limit: 4096)
        guard
            let contents = try TextFile.read(path, label: label, byteCountMax: byteCountMax)
        else {
            throw ConfigurationError(
                .missing, at: file.origin.location,
                "the API key's file \(label) of \(file.origin) does not exist")
        }
        guard !contents.isExposed else {
            throw ConfigurationError(
                .invalid, at: file.origin.location,
                "the API key's file \(label) is open to group or others",
                advice: "chmod 600 \(label)")
        }
        var bytes = contents.bytes[...]
        while let last = bytes.last, last == 0x0A || last == 0x0D { bytes = bytes.dropLast() }
        return try checked(Sourced(String(decoding: bytes, as: UTF8.self), file.origin))
    }

    /// A key travels in a header, so it is printable ASCII; an empty one would let everybody in.
    private static func checked(
        _ key: Sourced<String>
    ) throws(ConfigurationError) -> Sourced<String> {
        guard !key.value.isEmpty, key.value.utf8.count <= byteCountMax,
            key.value.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw ConfigurationError(
                .invalid, at: key.origin.location,
                "the API key of \(key.origin) must be 1 to \(byteCountMax) printable ASCII bytes "
                    + "without spaces")
        }
        return key
    }
}
