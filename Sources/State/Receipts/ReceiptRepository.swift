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

    /// Makes a repository over `store`.
    package init(store: Store, workspace: String, environment: StateEnvironment = .system) {
        states = StateRepository(
            store: store, kind: .receipt, workspace: workspace, environment: environment)
    }

    /// Reads a receipt; `nil` when there is none.
    package func read(
        _ address: Address, _ call: Call
    ) throws(StateError) -> (receipt: Receipt, version: StateVersion)? {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// Writes a receipt, redacted.
    package func write(
        _ receipt: Receipt, at address: Address, _ request: WriteRequest, _ call: Call
    ) throws(StateError) -> StateVersion {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// The receipts of a service, stage and provider, each optional, in byte order of their paths.
    package func list(
        service: String? = nil, stage: String? = nil, provider: String? = nil, _ call: Call
    ) throws(StateError) -> [(address: Address, summary: StateSummary)] {
        throw StateError(.host(.unsupported), "not built yet")
    }
}
