/// What a client says of its lock: Terraform's LockInfo, with every field kept.
package struct LockInfo: Sendable, Hashable {
    /// The most bytes of a LockInfo document.
    package static let documentBytesMax = 64 << 10
    /// The most bytes of a lock's id.
    package static let idBytesMax = 512

    /// The lock's id, 1 to 512 bytes.
    package let id: String
    /// What the holder is doing, such as `OperationTypeApply`.
    package let operation: String
    /// The holder's remark.
    package let info: String
    /// The holder, such as `user@host`.
    package let who: String
    /// The holder's version.
    package let version: String
    /// When the holder made the lock, as it wrote it.
    package let created: String
    /// The path that the holder gave.
    package let path: String
    /// The whole document with all its fields, without white space.
    package var raw: [UInt8] { JSONValue.object(document).bytes }

    let document: JSONObject

    /// Reads a LockInfo document.
    ///
    /// - Throws: ``StateError`` with code `invalid`, or `tooLarge` over 64 KiB.
    package init(json: [UInt8]) throws(StateError) {
        guard json.count <= Self.documentBytesMax else {
            throw StateError(
                .tooLarge, "the lock's information has \(json.count) bytes; at most 65536 are kept")
        }
        let value: JSONValue
        do throws(JSONSyntaxError) { value = try JSONValue(parsing: json) } catch {
            throw StateError(
                .invalid,
                "the lock's information is not JSON: \(error.reason) at byte \(error.offset)",
                advice: Self.advice)
        }
        guard case .object(let document) = value else {
            throw StateError(
                .invalid, "the lock's information is not a JSON object", advice: Self.advice)
        }
        try self.init(document: document)
    }

    /// Makes the information of a lock that this program takes itself.
    ///
    /// - Throws: ``StateError`` with code `invalid` when the id is empty or too long.
    package init(
        id: String, operation: String, who: String, info: String = "", version: String = "",
        created: String = "", path: String = ""
    ) throws(StateError) {
        try self.init(
            document: JSONObject([
                ("ID", .string(id)), ("Operation", .string(operation)), ("Info", .string(info)),
                ("Who", .string(who)), ("Version", .string(version)),
                ("Created", .string(created)), ("Path", .string(path)),
            ]))
    }

    init(document: JSONObject) throws(StateError) {
        id = Self.field("ID", of: document)
        guard !id.isEmpty, id.utf8.count <= Self.idBytesMax else {
            throw StateError(
                .invalid, "the lock's ID has \(id.utf8.count) bytes; it needs 1 to 512",
                advice: Self.advice)
        }
        // An id stands in queries, logs and commands, where a line break or a NUL would do harm.
        guard !id.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw StateError(
                .invalid, "the lock's ID has a control character", advice: Self.advice)
        }
        operation = Self.field("Operation", of: document)
        info = Self.field("Info", of: document)
        who = Self.field("Who", of: document)
        version = Self.field("Version", of: document)
        created = Self.field("Created", of: document)
        path = Self.field("Path", of: document)
        self.document = document
    }

    private static let advice =
        "send a JSON object with ID, Operation, Info, Who, Version, Created and Path"

    /// Go matches names without regard to case, so clients may rely on it.
    private static func field(_ name: String, of document: JSONObject) -> String {
        if let text = document[name]?.text { return text }
        let lowercased = name.lowercased()
        return document.all.last { $0.name.lowercased() == lowercased }?.value.text ?? ""
    }
}
