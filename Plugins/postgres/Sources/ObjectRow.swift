internal import HoldfastDriver
internal import SharedDatabase

/// An object's row, without its data.
struct ObjectRow {
    /// What is known of the object.
    let info: ObjectInfo
    /// The upload that holds the bytes; `nil` when the row itself does.
    let upload: Int64?

    /// Reads the columns that every query of objects starts with; `nil` when they are damaged.
    init?(_ rows: Rows, _ row: Int) {
        let text = rows.bytes(row, 3)
        guard let attributes = text.isEmpty ? [] : [Attribute](json: text) else { return nil }
        info = ObjectInfo(
            version: Version(token: rows.bytes(row, 0)),
            byteCount: UInt64(clamping: rows.number(row, 1)),
            modifiedNanoseconds: rows.time(row, 2), attributes: attributes)
        upload = rows.isNull(row, 4) ? nil : rows.number(row, 4)
    }
}

extension Version {
    /// Whether this driver could have made the token; any other is no object's version.
    var isOurs: Bool {
        token.count == 32
            && token.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"):
                    true
                default: false
                }
            }
    }

    /// The token for a condition; a text that no object has when the token cannot be one of ours.
    var parameter: Parameter {
        .text(isOurs ? String(decoding: token, as: UTF8.self) : "none")
    }
}
