package import Host

/// The receipts of one workspace: typed, and redacted before they are written.
package struct ReceiptRepository: Sendable {
    /// Where a receipt is.
    package struct Address: Sendable, Hashable {
        /// The service.
        package let service: String
        /// The stage.
        package let stage: String
        /// The provider.
        package let provider: String
        /// The state's path.
        package let path: StatePath

        /// Makes an address.
        ///
        /// - Throws: ``StateError`` with code `invalid` when a part cannot be in a path.
        package init(service: String, stage: String, provider: String) throws(StateError) {
            path = try StatePath.receipt(service: service, stage: stage, provider: provider)
            self.service = service
            self.stage = stage
            self.provider = provider
        }

        /// The address of a receipt's path; `nil` for any other path.
        package init?(path: StatePath) {
            let parts = path.parts
            guard parts.count == 3, parts[2].hasSuffix(StatePath.receiptSuffix) else { return nil }
            service = parts[0]
            stage = parts[1]
            provider = String(parts[2].dropLast(StatePath.receiptSuffix.count))
            guard !provider.isEmpty else { return nil }
            self.path = path
        }
    }

    /// The states that hold the receipts.
    package let states: StateRepository

    /// Makes a repository over a place that others may share.
    package init(_ place: StatePlace) { states = StateRepository(place, kind: .receipt) }

    /// Makes a repository over `store`, which keeps its own records.
    package init(store: Store, workspace: String, environment: StateEnvironment = .system) {
        states = StateRepository(
            store: store, kind: .receipt, workspace: workspace, environment: environment)
    }

    /// Reads a receipt; `nil` when there is none.
    ///
    /// A file that the original system or one of its tools put in the legible place is read as it
    /// is.
    package func read(
        _ address: Address, _ call: Call
    ) throws(StateError) -> (receipt: Receipt, version: StateVersion)? {
        var bytes: [UInt8] = []
        let version = unsafe try states.read(
            address.path, call,
            begin: { (version) throws(StateError) in
                guard version.byteCount <= StateKind.receipt.bodyBytesMax else {
                    throw StateError(
                        .tooLarge,
                        "the receipt '\(address.path)' has \(version.byteCount) bytes; at "
                            + "most \(StateKind.receipt.bodyBytesMax) are read", path: address.path)
                }
            },
            body: { (piece) throws(StateError) in unsafe bytes.append(contentsOf: piece) })
        guard let version else { return nil }
        do throws(StateError) {
            return (try Receipt(json: bytes), version)
        } catch {
            var error = error
            error.path = address.path
            error.message = "'\(address.path)': \(error.message)"
            throw error
        }
    }

    /// Writes a receipt, without the secrets in it.
    package func write(
        _ receipt: Receipt, at address: Address, _ request: WriteRequest, _ call: Call
    ) throws(StateError) -> StateVersion {
        let redacted = JSONValue.object(Redaction.redacted(receipt.document))
        return try states.write(address.path, from: MemorySource(redacted.bytes), request, call)
    }

    /// The receipts of a service, stage and provider, each optional, in byte order of their paths.
    package func list(
        service: String? = nil, stage: String? = nil, provider: String? = nil, _ call: Call
    ) throws(StateError) -> [(address: Address, summary: StateSummary)] {
        var prefix = ""
        if let service { prefix = service + "/" + (stage.map { $0 + "/" } ?? "") }
        var found: [(address: Address, summary: StateSummary)] = []
        var startAfter = ""
        let pageSize = 256
        while true {
            let page = try states.list(
                prefix: prefix, startAfter: startAfter, limit: pageSize, call)
            for summary in page {
                guard let address = Address(path: summary.path),
                    isSame(address.service, service ?? address.service),
                    isSame(address.stage, stage ?? address.stage),
                    isSame(address.provider, provider ?? address.provider)
                else { continue }
                found.append((address, summary))
            }
            guard page.count == pageSize, let last = page.last else { return found }
            startAfter = last.path.description
        }
    }
}
