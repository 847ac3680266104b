internal import CPostgres
internal import Glibc
internal import HoldfastDriver

/// A parsed connection string, from which nothing is left to the environment or to files.
struct ConnectionString: Sendable {
    /// One server to try: a name or socket folder, and the port.
    ///
    /// Empty texts are libpq's defaults.
    struct Target: Sendable {
        var host: String
        var address: String
        var port: String
    }

    /// Each keyword that libpq knows, with its value; those that name the server are left out.
    private let keywords: [String: String]
    /// The servers, in the order in which they are tried.
    let targets: [Target]
    /// What a server must be: one of libpq's words for `target_session_attrs`.
    let wantedSession: String
    /// The time in the string to connect to one address.
    let connectNanoseconds: Int64?
    /// What no message may hold.
    let secrets: [String]
    /// The database and the servers, for messages.
    let shown: String

    /// A path where there is no file: libpq looks at ~/.postgresql and ~/.pgpass only when it has none.
    private static let noFile = "/dev/null/none"

    /// Parses a connection string.
    ///
    /// - Parameters:
    ///   - text: A URI or keywords.
    ///   - overrides: Values that count before those of the string.
    /// - Throws: ``DriverError``, without a word of the string.
    init(_ text: String, _ overrides: [String: String]) throws(DriverError) {
        var values = try Self.parse(text)
        for (name, value) in overrides { values[name] = value }
        guard (values["service"] ?? "").isEmpty else {
            throw DriverError(
                .invalid,
                "the connection string names a service, which libpq would look up in files of this "
                    + "process; write its settings into the connection string")
        }
        // libpq would take the name from the environment first.
        if (values["user"] ?? "").isEmpty { values["user"] = Self.accountName() }
        try Self.check(values)
        targets = try Self.targets(values)
        wantedSession = values["target_session_attrs"].flatMap { $0.isEmpty ? nil : $0 } ?? "any"
        connectNanoseconds = values["connect_timeout"].flatMap { Int64($0) }
            .flatMap { $0 > 0 ? min($0, 1 << 32) * 1_000_000_000 : nil }
        secrets = ["password", "sslpassword"].compactMap { values[$0] }.filter { !$0.isEmpty }
        let places = targets.map { target in
            let host = target.host.isEmpty ? target.address : target.host
            return (host.isEmpty ? "the local socket" : host)
                + (target.port.isEmpty ? "" : ":\(target.port)")
        }
        let database = values["dbname"] ?? values["user"] ?? ""
        shown = (database.isEmpty ? "" : "database \(database) at ") + places.joined(separator: ",")
        for name in ["host", "hostaddr", "port", "target_session_attrs", "connect_timeout"] {
            values[name] = nil
        }
        keywords = values
    }

    /// The text that libpq is given for one server, in which every keyword has a value.
    ///
    /// - Parameters:
    ///   - target: The server.
    ///   - session: The value of `target_session_attrs`.
    /// - Returns: A string of keywords. It holds the password.
    func text(for target: Target, session: String) -> String {
        var all = keywords
        all["host"] = target.host
        all["hostaddr"] = target.address
        all["port"] = target.port.isEmpty ? "5432" : target.port
        all["target_session_attrs"] = session
        return all.map { "\($0.key)='\(Self.escaped($0.value))'" }.joined(separator: " ")
    }

    /// A text of libpq or the server without secrets and line breaks.
    func scrubbed(_ text: String) -> String {
        var result = text
        for secret in secrets where result.contains(secret) {
            result = result.split(separator: secret, omittingEmptySubsequences: false)
                .joined(separator: "[secret]")
        }
        let lines = result.split(whereSeparator: { $0.isNewline })
        return lines.map { $0.drop { $0 == "\t" || $0 == " " } }.joined(separator: "; ")
    }

    /// Every keyword's value: the string's, else the one that libpq was built with, never the environment's.
    private static func parse(_ text: String) throws(DriverError) -> [String: String] {
        var problem: UnsafeMutablePointer<CChar>?
        guard !text.utf8.contains(0), let options = unsafe PQconninfoParse(text, &problem) else {
            // libpq's own words may quote the string.
            unsafe PQfreemem(problem)
            throw DriverError(
                .invalid,
                "the option url is not a connection string; write it as "
                    + "postgresql://user@host:port/database or as host=… port=… dbname=… user=…")
        }
        defer { unsafe PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = unsafe options
        while let keyword = unsafe option.pointee.keyword {
            let name = unsafe String(cString: keyword)
            if let value = unsafe option.pointee.val {
                unsafe values[name] = String(cString: value)
            } else if name != "service", unsafe option.pointee.envvar != nil {
                // An empty value is as good as none to libpq, but keeps it from the environment.
                unsafe values[name] =
                    option.pointee.compiled.map { unsafe String(cString: $0) } ?? ""
            }
            unsafe option += 1
        }
        for name in ["passfile", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslcrldir"]
        where (values[name] ?? "").isEmpty {
            values[name] = noFile
        }
        // Kerberos would look for tickets by the environment.
        if (values["gssencmode"] ?? "") == "" || values["gssencmode"] == "prefer" {
            values["gssencmode"] = "disable"
        }
        values["client_encoding"] = "UTF8"
        if (values["application_name"] ?? "").isEmpty { values["application_name"] = "holdfast" }
        return values
    }

    private static func check(_ values: [String: String]) throws(DriverError) {
        if values["sslmode"]?.hasPrefix("verify") == true, values["sslrootcert"] == noFile {
            throw DriverError(
                .invalid,
                "sslmode \(values["sslmode"] ?? "") needs the option sslrootcert: the certificates of "
                    + "the authorities that the server is held to")
        }
        if (values["user"] ?? "").isEmpty {
            throw DriverError(
                .invalid,
                "the connection string names no user; add it: postgresql://USER@host/database")
        }
    }

    /// The name of the account that this process runs as; empty where there is none.
    private static func accountName() -> String {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var space = [CChar](repeating: 0, count: 4096)
        return unsafe space.withUnsafeMutableBufferPointer { space in
            guard let start = space.baseAddress else { return "" }
            let code = unsafe getpwuid_r(geteuid(), &entry, start, space.count, &found)
            guard code == 0, unsafe found != nil, let name = unsafe entry.pw_name else { return "" }
            return unsafe String(cString: name)
        }
    }

    /// Pairs hosts, addresses and ports as libpq does.
    private static func targets(_ values: [String: String]) throws(DriverError) -> [Target] {
        func list(_ name: String) -> [String] {
            let value = values[name] ?? ""
            guard !value.isEmpty else { return [] }
            return value.split(separator: ",", omittingEmptySubsequences: false).map {
                String($0.drop { $0 == " " })
            }
        }
        let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"))
        let count = max(hosts.count, addresses.count, 1)
        guard hosts.isEmpty || addresses.isEmpty || hosts.count == addresses.count,
            ports.count <= 1 || ports.count == count
        else {
            throw DriverError(
                .invalid, "the connection string does not have as many ports or addresses as hosts")
        }
        return (0..<count).map { place in
            Target(
                host: hosts.isEmpty ? "" : hosts[place],
                address: addresses.isEmpty ? "" : addresses[place],
                port: ports.count == 1 ? ports[0] : ports.isEmpty ? "" : ports[place])
        }
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            if scalar == "'" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result
    }
}
