/// A kind of state and the collections that keep it.
package struct StateKind: Sendable, Hashable {
    /// The first word of an address on the command line, such as `terraform`.
    package let name: String
    /// The collection of the legible copies.
    package let legible: String
    /// The collection of the records, which are the truth.
    package let records: String
    /// The collection of the immutable versions.
    package let versions: String
    /// The collection of what was refused or displaced.
    package let orphans: String
    /// The most bytes of one state.
    package let bodyBytesMax: UInt64

    /// Terraform and OpenTofu states: bytes, at most 4 GiB.
    package static let terraform = StateKind(
        name: "terraform", legible: "terraform", bodyBytesMax: 4 << 30)
    /// Receipts of deployments: JSON, at most 1 MiB.
    package static let receipt = StateKind(
        name: "receipts", legible: "state", bodyBytesMax: 1 << 20)

    private init(name: String, legible: String, bodyBytesMax: UInt64) {
        self.name = name
        self.legible = legible
        records = legible + "-records"
        versions = legible + "-versions"
        orphans = legible + "-orphans"
        self.bodyBytesMax = bodyBytesMax
    }
}
