internal import HoldfastDriver
internal import SharedDatabase
internal import SharedJSON

/// The address of an item: its partition key and its sort key.
struct ItemKey: Hashable {
    let partition: String
    let sort: String

    init(_ partition: String, _ sort: String) {
        self.partition = partition
        self.sort = sort
    }

    /// The item's key as the service writes it.
    var json: [String: JSONValue] { ["pk": text(partition), "sk": text(sort)] }

    // Texts are equal when their bytes are; to Swift they are when they look alike.
    static func == (left: Self, right: Self) -> Bool {
        left.partition.utf8.elementsEqual(right.partition.utf8)
            && left.sort.utf8.elementsEqual(right.sort.utf8)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(Array(partition.utf8))
        hasher.combine(Array(sort.utf8))
    }
}

/// A string as the service writes it.
func text(_ text: String) -> JSONValue { .object(["S": .string(text)]) }

/// A number as the service writes it.
func number(_ number: some BinaryInteger) -> JSONValue { .object(["N": .string(String(number))]) }

/// Whether texts have the same bytes.
func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

/// Whether one text sorts before another, by bytes.
func isBefore(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}

/// The partition of a workspace.
///
/// A key cannot be empty; a workspace has no control characters, so that no other can be called so.
func partition(workspace: String) -> String { workspace.isEmpty ? "\t" : workspace }

/// What the sort keys of a collection begin with.
func sortPrefix(collection: String) -> String { "OBJECT#\(collection)#" }

/// What the sort keys of the first receipts of a stage begin with.
let stagePrefix = "STAGE#"

extension ObjectKey {
    /// The item of every object, except of receipts that have their stage's.
    var ordinary: ItemKey {
        ItemKey(
            partitionKey,
            sortPrefix(collection: collection) + path)
    }

    /// The item of the stage that a receipt belongs to, which the first receipt of the stage gets;
    /// `nil` for any other object.
    var stage: ItemKey? {
        guard collection == "state", let name = ReceiptName(path: path) else { return nil }
        return ItemKey(
            partitionKey, stagePrefix + name.stage)
    }

    private var partitionKey: String { partition(workspace: workspace) }

    /// The key in messages.
    var shown: String { "\(collection)/\(path)" }
}
