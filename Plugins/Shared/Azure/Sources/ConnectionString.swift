internal import HoldfastDriver
internal import SharedHTTP

/// The fields of a storage account's connection string.
struct ConnectionString {
    /// What every emulator of the service has; both are public.
    private static let emulatorAccount = "devstoreaccount1"
    private static let emulatorKey =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

    let account: String?
    let key: String?
    let signature: String?
    let endpoint: String?

    /// Reads `Name=value;Name=value`.
    ///
    /// - Parameter text: The string.
    /// - Throws: ``DriverError`` that names the field and never a value.
    init(_ text: String) throws(DriverError) {
        var fields: [String: String] = [:]
        for item in text.split(separator: ";") {
            let name = item.prefix { $0 != "=" }
            guard name.utf8.count < item.utf8.count else {
                throw Self.flaw("has a field without a value")
            }
            let value = String(item.dropFirst(name.count + 1))
            fields[name.lowercased().filter { $0 != " " }] = value
        }
        if fields["usedevelopmentstorage"]?.lowercased() == "true" {
            let proxy = fields["developmentstorageproxyuri"] ?? "http://127.0.0.1"
            account = Self.emulatorAccount
            key = Self.emulatorKey
            signature = nil
            endpoint = "\(proxy):10000/\(Self.emulatorAccount)"
            return
        }
        account = fields["accountname"]
        key = fields["accountkey"]
        signature = fields["sharedaccesssignature"]
        if let given = fields["blobendpoint"] {
            endpoint = given
        } else if let account {
            let scheme = fields["defaultendpointsprotocol"]?.lowercased() ?? "https"
            let suffix = fields["endpointsuffix"] ?? "core.windows.net"
            endpoint = "\(scheme)://\(account).blob.\(suffix)"
        } else {
            throw Self.flaw("names neither AccountName nor BlobEndpoint")
        }
        guard key != nil || signature != nil else {
            throw Self.flaw("has neither AccountKey nor SharedAccessSignature")
        }
        if key != nil, account == nil { throw Self.flaw("has an AccountKey but no AccountName") }
    }

    private static func flaw(_ text: String) -> DriverError {
        DriverError(
            .invalid,
            "the option connection_string (AZURE_STORAGE_CONNECTION_STRING) \(text): copy it from the"
                + " account's access keys")
    }
}
