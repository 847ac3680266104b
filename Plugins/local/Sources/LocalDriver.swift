internal import HoldfastDriver

/// Keeps objects as files under one directory.
struct LocalDriver: Driver {
    static let description = DriverDescription(
        id: "local", version: "0.1.0", vendor: "Holdfast",
        summary: "Files in a directory of this machine.", threadModel: .parallel,
        addressing: .place,
        options: [
            OptionDescription(
                "path", .path, "The directory; made when it is missing, but not to read it.",
                default: ".holdfast", isRequired: true, flatKeys: ["localPath"])
        ],
        capabilities: capabilities)

    /// The same for every store: a file system that lacks one of these is refused at open.
    static let capabilities = [
        Capability("condition.absent", .native),
        Capability("condition.version", .native),
        Capability("range", .native),
        Capability("list.attributes", .native),
        Capability("clock", .native),
        Capability("value", .native, note: "as long as the file system's files may be"),
        Capability("concurrency", .native, limit: 32),
    ]

    static let operations = [fsck, identity, policy]

    private let host: HostServices

    init(host: HostServices) throws(DriverError) { self.host = host }

    func open(_ options: Options, _ call: Call) throws(DriverError) -> LocalStore {
        guard let path = options.text("path"), path.utf8.first == UInt8(ascii: "/"),
            !path.utf8.contains(0)
        else {
            throw DriverError(
                .invalid, "the option 'path' of the local driver must be an absolute path")
        }
        try call.check()
        return LocalStore(
            root: try Root(
                opening: path, mustExist: options.mustExist, log: { host.log(.warning, $0) }))
    }
}
