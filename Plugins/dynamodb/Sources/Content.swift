internal import Glibc
internal import HoldfastDriver
internal import SharedJSON

/// What a put writes, ready to be committed.
struct Content {
    /// The bytes in the item.
    var bytes: [UInt8] = []
    /// The bytes in chunks that are already in the table; then ``bytes`` is empty.
    var staged: StagedUpload?
    let info: ObjectInfo

    /// Makes content of a new version.
    init(bytes: [UInt8], staged: StagedUpload?, byteCount: UInt64, _ attributes: [Attribute]) {
        self.bytes = bytes
        self.staged = staged
        let milliseconds = unixNanoseconds() / 1_000_000
        info = ObjectInfo(
            version: Version(newToken()), byteCount: byteCount,
            modifiedNanoseconds: milliseconds * 1_000_000, attributes: attributes)
    }

    /// The whole item of an object.
    func item(_ key: ItemKey, path: String) -> [String: JSONValue] {
        var item = key.json
        item["path"] = text(path)
        item["version"] = text(String(decoding: info.version.token, as: UTF8.self))
        item["size"] = number(info.byteCount)
        item["updatedAt"] = text(updatedAt)
        item["format"] = number(Record.format)
        if !info.attributes.isEmpty {
            let members = info.attributes.map { ($0.name, text($0.value)) }
            item["attributes"] = .object(["M": .object(Dictionary(uniqueKeysWithValues: members))])
        }
        if let staged {
            item["upload"] = text(staged.id)
            item["chunks"] = number(staged.chunkCount)
        } else if isText(bytes) {
            item["data"] = text(String(decoding: bytes, as: UTF8.self))
        } else {
            item["data"] = .object(["B": .string(Base64.encode(bytes))])
        }
        return item
    }

    private var updatedAt: String {
        let milliseconds = info.modifiedNanoseconds / 1_000_000
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        return Timestamp.extended(milliseconds / 1000).dropLast() + ".\(fraction)Z"
    }
}

/// Whether bytes can be kept as text, which people can read.
///
/// Control characters would take six bytes each on their way.
private func isText(_ bytes: [UInt8]) -> Bool {
    let isPrintable = !bytes.contains { $0 < 0x20 && $0 != 0x0a && $0 != 0x0d && $0 != 0x09 }
    return isPrintable && (try? UTF8Span(validating: bytes.span)) != nil
}
