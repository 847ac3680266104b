internal import Glibc
public import HoldfastDriver

extension HTTPSettings {
    /// The options that every driver over HTTP has.
    public static let descriptions = [
        OptionDescription(
            "ca_file", .path,
            "A PEM file with the authorities to trust instead of the system's.",
            environment: ["AWS_CA_BUNDLE"]),
        OptionDescription(
            "proxy", .secret, "A proxy's URL; nothing is taken from http_proxy and its like."),
        OptionDescription(
            "connect_timeout", .duration, "How long a connection may take.", default: "10s"),
    ]

    /// Reads the options.
    ///
    /// - Parameter options: The store's options.
    /// - Throws: ``DriverError`` that names the option.
    public init(_ options: Options) throws(DriverError) {
        self.init()
        if let file = options.text("ca_file") {
            authorityFile = try readablePath(file, "ca_file")
        }
        if let proxy = options.text("proxy") {
            guard proxy.utf8.count <= 2048, proxy.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
                !proxy.isEmpty
            else { throw DriverError(.invalid, "the option proxy is no URL") }
            self.proxy = proxy
        }
        let nanoseconds = options.number("connect_timeout") ?? 10_000_000_000
        guard nanoseconds > 0 else {
            throw DriverError(.invalid, "the option connect_timeout is not above zero")
        }
        connectMilliseconds = Int(min(max(nanoseconds / 1_000_000, 1), 3_600_000))
    }
}

/// Checks that an option's path names something that can be read.
///
/// - Parameters:
///   - path: The option's value.
///   - option: The option's name.
/// - Returns: The path.
/// - Throws: ``DriverError`` of the class invalid.
public func readablePath(_ path: String, _ option: String) throws(DriverError) -> String {
    guard path.hasPrefix("/"), !path.utf8.contains(0) else {
        throw DriverError(.invalid, "the option \(option) is no absolute path")
    }
    var status = stat()
    guard unsafe stat(path, &status) == 0, unsafe access(path, R_OK) == 0 else {
        let reason = unsafe String(cString: strerror(errno))
        throw DriverError(
            .invalid, "the option \(option): \(path.prefix(200)) cannot be read: \(reason)")
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
        throw DriverError(.invalid, "the option \(option): \(path.prefix(200)) is a folder")
    }
    return path
}
