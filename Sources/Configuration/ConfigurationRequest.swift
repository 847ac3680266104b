internal import Glibc

/// What a front end knows before any file is read: its flags and its surroundings.
package struct ConfigurationRequest: Sendable {
    /// `-c`, `--config`: the project's file.
    package var file: String?
    /// `--workspace`: the project's root.
    package var workspace: String?
    /// `--service`: whose receipts are meant.
    package var service: String?
    /// `--store`: the store that commands use.
    package var store: String?
    /// The flags of the daemon.
    package var daemon = DaemonFlags()
    /// The environment; one that is set and empty counts as not set, except in `${env:…}`.
    package var environment: [String: String]
    /// The directory that relative paths start at, absolute.
    package var currentDirectory: String

    /// Makes a request without flags.
    package init(environment: [String: String], currentDirectory: String) {
        self.environment = environment
        self.currentDirectory = currentDirectory
    }

    /// Makes a request without flags, with the environment and the directory of this process.
    package static func ofProcess() -> ConfigurationRequest {
        ConfigurationRequest(
            environment: ProcessSurroundings.environment,
            currentDirectory: ProcessSurroundings.currentDirectory)
    }

    /// The value of a flag, else of the first of the variables that is set.
    func given(
        _ flag: String, _ value: String?, variables: [String]
    ) -> Sourced<String>? {
        if let value { return Sourced(value, .flag(flag)) }
        for name in variables {
            if let value = environment[name], !value.isEmpty {
                return Sourced(value, .environment(name))
            }
        }
        return nil
    }
}

/// The daemon's flags; `nil` is not given.
package struct DaemonFlags: Sendable {
    /// `--address`.
    package var address: String?
    /// `--port`.
    package var port: Int?
    /// `--api-key`.
    package var apiKey: String?
    /// `--api-key-file`.
    package var apiKeyFile: String?
    /// `--insecure`.
    package var insecure: Bool?
    /// `--trusted-proxy`, in order.
    package var trustedProxies: [String]?
    /// `--allowed-host`, in order.
    package var allowedHosts: [String]?
    /// `--serve`, in order.
    package var stores: [String]?

    /// Makes flags of which none is given.
    package init() {}
}

/// The environment and the directory that this process was started with.
package enum ProcessSurroundings {
    /// Every variable of the environment.
    package static var environment: [String: String] {
        var result: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text)
            if let equals = pair.firstIndex(of: "=") {
                // The first of two equal names counts, as it does for getenv.
                let name = String(pair[..<equals])
                if result[name] == nil { result[name] = String(pair[pair.index(after: equals)...]) }
            }
            unsafe entry += 1
        }
        return result
    }

    /// The working directory; `/` when it was removed.
    package static var currentDirectory: String {
        guard let path = unsafe realpath(".", nil) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }
}
