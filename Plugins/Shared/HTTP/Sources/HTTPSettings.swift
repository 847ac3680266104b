/// How a client reaches servers.
///
/// Nothing is read from the environment: a driver in a process of its own has none.
public struct HTTPSettings: Sendable {
    /// A file with the certificates of the authorities to trust, instead of the system's.
    public var authorityFile: String?
    /// A proxy's URL; `nil` for a direct connection.
    public var proxy: String?
    /// How long a connection may take, names and TLS included, in milliseconds.
    public var connectMilliseconds: Int
    /// What the client calls itself.
    public var userAgent: String

    /// Makes settings.
    public init(
        authorityFile: String? = nil, proxy: String? = nil, connectMilliseconds: Int = 10_000,
        userAgent: String = "holdfast"
    ) {
        self.authorityFile = authorityFile
        self.proxy = proxy
        self.connectMilliseconds = connectMilliseconds
        self.userAgent = userAgent
    }
}
