/// The `daemon:` block, as one file has it.
struct DaemonBlock {
    static let keys = [
        "address", "port", "apiKey", "apiKeyFile", "insecure", "trustedProxies", "allowedHosts",
        "stores",
    ]

    let address: Sourced<String>?
    let port: Sourced<Int>?
    let apiKey: Sourced<String>?
    let apiKeyFile: Sourced<String>?
    let insecure: Sourced<Bool>?
    let trustedProxies: Sourced<[String]>?
    let allowedHosts: Sourced<[String]>?
    let stores: Sourced<[String]>?

    init(_ value: YAMLValue, _ file: FileReading) throws(ConfigurationError) {
        let block = try Block("daemon", value, file)
        try block.allow(only: Self.keys)
        address = try block.text("address")
        port = try Self.port(of: block)
        apiKey = try block.text("apiKey")
        apiKeyFile = try block.text("apiKeyFile")
        insecure = try block.flag("insecure")
        trustedProxies = try block.list("trustedProxies")
        allowedHosts = try block.list("allowedHosts")
        stores = try block.list("stores")
        if let key = block["apiKey"], block["apiKeyFile"] != nil {
            throw ConfigurationError(
                .conflict, at: key.location, "`daemon` has both `apiKey` and `apiKeyFile`",
                advice: "keep one of them")
        }
    }

    private static func port(of block: Block) throws(ConfigurationError) -> Sourced<Int>? {
        guard let entry = block["port"], let text = try block.text("port") else { return nil }
        guard let port = portNumber(text.value) else {
            throw ConfigurationError(
                .invalid, at: entry.value.location, "`daemon.port` must be a number from 0 to 65535"
            )
        }
        return Sourced(port, text.origin)
    }

    /// A port as digits; 0 stands for any free one.
    static func portNumber(_ text: String) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(text) else {
            return nil
        }
        return (0...65535).contains(port) ? port : nil
    }
}
