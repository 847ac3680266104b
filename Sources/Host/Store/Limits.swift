/// The limits of the design, for every store.
///
/// `docs/format.md` lists them.
package enum Limits {
    /// Bytes of an object's path: a state's path and what the host puts behind it.
    package static let objectPathBytes = 640
    /// Bytes of a state's path.
    package static let pathBytes = 512
    /// Bytes of one part of a path.
    package static let partBytes = 200
    /// Bytes of a collection's name.
    package static let collectionBytes = 32
    /// Bytes of a workspace.
    package static let workspaceBytes = 512
    /// Bytes of all attribute names and values of one object, the host's own included.
    package static let attributesBytes = 1536
    /// Bytes of an attribute's name.
    package static let attributeNameBytes = 64
    /// Bytes of a version token.
    package static let versionBytes = 256
    /// Entries of one page of a listing.
    package static let listingEntries = 100_000
}
