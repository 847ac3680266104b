internal import HoldfastDriver

/// Where a collection's objects are.
enum Table: Int, Hashable, CaseIterable {
    /// For every collection but one.
    case objects
    /// For deploy receipts: its name and columns are what operators query.
    case receipts

    /// The collection whose objects are deploy receipts.
    static let receiptCollection = "state"

    /// The table of a collection.
    init(collection: String) { self = collection == Self.receiptCollection ? .receipts : .objects }

    /// The columns of the key after the workspace's, in the order of the primary key.
    var keyColumns: String {
        self == .objects ? "collection, workspace_id, path" : "workspace_id, path"
    }

    /// The condition on $1 to $3: collection, workspace and path.
    func isKey(_ alias: String = "") -> String {
        let scope = self == .objects ? "\(alias)collection = $1 AND " : ""
        return "\(scope)\(alias)workspace_id = $2 AND \(alias)path = $3"
    }
}

extension ObjectKey {
    /// The table of the key's collection.
    var table: Table { Table(collection: collection) }

    /// The key in messages.
    var shown: String { "\(collection)/\(path)" }

    /// $1 to $3.
    var parameters: [Parameter] { [.text(collection), .text(workspace), .text(path)] }
}

extension TableNames {
    /// A table's name as SQL has it.
    func name(of table: Table) -> String { table == .objects ? objects : receipts }
}
