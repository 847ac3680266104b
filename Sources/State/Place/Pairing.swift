internal import Host

/// What ties a store of bytes to the one store that keeps its records; docs/format.md describes it.
///
/// Its random id is decided in the lock store, by a put if absent, and marked in the bytes store, by an
/// object whose path is the id.
struct Pairing: Sendable, Hashable {
    static let collection = "pairings"
    static let bytesMax = 16 << 10
    private static let format: UInt64 = 1
    private static let path = "pairing"

    /// The random id.
    var id: String
    /// Whether it is known that the mark is in the bytes store, and no record is.
    ///
    /// Only then a record may be made in the lock store.
    var isConfirmed = false
    /// The place of the bytes store.
    var place: String
    /// When it was made, by the wall clock; for people.
    var createdNanoseconds: Int64

    /// Where the lock store keeps it.
    static func key(_ namespace: String) -> ObjectKey {
        ObjectKey(collection: collection, workspace: namespace, path: path)
    }

    /// Where the bytes store keeps the mark of an id.
    static func markKey(_ id: String, _ workspace: String) -> ObjectKey {
        ObjectKey(collection: collection, workspace: workspace, path: id)
    }

    var json: [UInt8] {
        JSONValue.object(
            JSONObject([
                ("format", .integer(Self.format)), ("pairing", .string(id)),
                ("confirmed", .bool(isConfirmed)), ("place", .string(place)),
                ("created_ns", .integer(createdNanoseconds)),
            ])
        ).bytes
    }

    /// The mark in the bytes store; `lockStore` is for people.
    func mark(in lockStore: Store) -> [UInt8] {
        JSONValue.object(
            JSONObject([
                ("format", .integer(Self.format)), ("pairing", .string(id)),
                ("place", .string(place)), ("lock_store", .string(lockStore.name)),
                ("driver", .string(lockStore.driverID)),
                ("created_ns", .integer(createdNanoseconds)),
            ])
        ).bytes
    }

    /// Reads what the lock store keeps; `nil` for anything else.
    init?(json: [UInt8]) {
        guard let document = (try? JSONValue(parsing: json))?.members,
            let format: UInt64 = document["format"]?.integer(), format == Self.format,
            let id = document["pairing"]?.text, Self.isID(id),
            let isConfirmed = document["confirmed"]?.isTrue, let place = document["place"]?.text
        else { return nil }
        self.init(
            id: id, isConfirmed: isConfirmed, place: place,
            createdNanoseconds: document["created_ns"]?.integer() ?? 0)
    }

    init(id: String, isConfirmed: Bool = false, place: String, createdNanoseconds: Int64) {
        self.id = id
        self.isConfirmed = isConfirmed
        self.place = place
        self.createdNanoseconds = createdNanoseconds
    }

    /// Whether a text can be the id of a pairing.
    static func isID(_ text: String) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { hexadecimalValue($0) != nil }
    }
}
