package import Host

/// Another store that keeps the locks of one without conditional writes, as it was configured.
package struct LockStoreChoice: Sendable {
    /// Its name in messages.
    package let name: String
    /// What configures it, with its place, such as `holdfast.yml:4:3: \`locks\``.
    package let origin: String
    /// Opens it; with `true` only where it is there already.
    let open: @Sendable (_ mustExist: Bool, Call) throws(HostError) -> Store

    /// Makes a choice; nothing is opened yet.
    package init(
        name: String, origin: String,
        open: @escaping @Sendable (_ mustExist: Bool, Call) throws(HostError) -> Store
    ) {
        self.name = name
        self.origin = origin
        self.open = open
    }
}

/// Where the records of states are.
struct RecordHome: Sendable {
    /// The store that keeps them.
    var store: Store
    /// The workspace of their keys there.
    var workspace: String
    /// The name of that store where it is not the one of the bytes; `nil` where it is.
    var lockStore: String?
    /// Whether other clients could come to keep records of the same states elsewhere.
    var isContestable = false

    /// Whether the records are in another store than the bytes, so that nothing fences the bytes.
    var isApart: Bool { lockStore != nil }
}
