internal import HoldfastDriver
internal import SharedAWS
internal import SharedDatabase
internal import SharedJSON

/// What the item of an object says.
struct Record {
    /// The newest layout of items that this driver knows.
    static let format: Int64 = 1

    /// The item's address.
    let key: ItemKey
    /// The object's path.
    let path: String
    /// What is known of the object.
    let info: ObjectInfo
    /// Where the bytes lie when they are not in the item.
    let upload: Upload?
    /// The bytes, where the item has them and they were asked for.
    let data: [UInt8]?
    /// What another tool wrote into an item that has no version; `nil` for items of this driver.
    let original: Original?

    /// Bytes in chunks.
    struct Upload: Equatable {
        let id: String
        let chunkCount: Int64
    }

    /// What another tool wrote into the item of a stage: a receipt, as it should be, or anything.
    struct Original: Equatable {
        let data: JSONValue?
        let updatedAt: String?
    }

    /// Whether the item is another tool's and names no receipt: then it is no object, and stays.
    var isForeign: Bool { path.isEmpty }

    /// The attributes that a read without the bytes asks for.
    static let summary = [
        "pk", "sk", "path", "version", "size", "updatedAt", "upload", "chunks", "format",
    ]

    /// Reads an item; `nil` for what has no keys, and is none.
    ///
    /// - Parameters:
    ///   - item: The item, or the part of it that was asked for.
    ///   - isComplete: Whether all of it was asked for.
    /// - Throws: ``DriverError`` for a damaged item or one of a newer layout.
    init?(_ item: JSONValue, isComplete: Bool) throws(DriverError) {
        guard let partition = item["pk"]?["S"]?.text, let sort = item["sk"]?["S"]?.text else {
            return nil
        }
        key = ItemKey(partition, sort)
        guard let version = item["version"]?["S"]?.text else {
            guard sort.hasPrefix(stagePrefix) else { throw damaged(sort, "it has no version") }
            let adopted = AdoptedReceipt(item, sort)
            original = Original(data: item["data"], updatedAt: item["updatedAt"]?["S"]?.text)
            path = adopted?.path ?? ""
            info =
                adopted?.info
                ?? ObjectInfo(version: Version("foreign"), byteCount: 0, modifiedNanoseconds: 0)
            data = adopted?.data
            upload = nil
            return
        }
        original = nil
        if let format = item["format"]?["N"]?.text.flatMap({ Int64($0) }), format > Self.format {
            throw DriverError(
                .newerFormat,
                "the item \(sort) has the layout \(format), and this driver knows \(Self.format):"
                    + " install a newer driver")
        }
        guard let path = item["path"]?["S"]?.text,
            let size = item["size"]?["N"]?.text.flatMap({ UInt64($0) })
        else { throw damaged(sort, "it has no path or size") }
        self.path = path
        upload = try Self.upload(item, sort)
        data = try Self.data(item, sort)
        if isComplete, upload == nil, data.map({ UInt64($0.count) }) != size {
            throw damaged(sort, "its data does not have its size")
        }
        info = ObjectInfo(
            version: Version(version), byteCount: size,
            modifiedNanoseconds: modified(item["updatedAt"]?["S"]?.text),
            attributes: attributes(item["attributes"]))
    }

    private static func upload(
        _ item: JSONValue, _ sort: String
    ) throws(DriverError) -> Upload? {
        guard let id = item["upload"]?["S"]?.text else { return nil }
        guard let count = item["chunks"]?["N"]?.text.flatMap({ Int64($0) }), count >= 0 else {
            throw damaged(sort, "it does not say how many chunks it has")
        }
        return Upload(id: id, chunkCount: count)
    }

    private static func data(_ item: JSONValue, _ sort: String) throws(DriverError) -> [UInt8]? {
        guard let data = item["data"] else { return nil }
        if let text = data["S"]?.text { return Array(text.utf8) }
        guard let bytes = data["B"]?.text.flatMap({ Base64.decode($0) }) else {
            throw damaged(sort, "its data is neither text nor bytes")
        }
        return bytes
    }

    /// The condition that the item is still this one.
    var isUnchanged: Expression {
        guard let original else { return .isVersion(info.version) }
        var expression = Expression.isMissing("version")
        let data = original.data.map { Expression.equals("data", $0) }
        expression = expression.and(data ?? .isMissing("data"))
        if let updated = original.updatedAt {
            expression = expression.and(.equals("updatedAt", text(updated)))
        }
        return expression
    }
}

private func damaged(_ sort: String, _ reason: String) -> DriverError {
    DriverError(.corrupt, "the item \(sort) is damaged: \(reason); restore a backup")
}

/// The time of a write in nanoseconds; 0 when it is not known.
private func modified(_ text: String?) -> Int64 {
    guard let text, let seconds = Timestamp.seconds(text) else { return 0 }
    let fraction = text.utf8.drop { $0 != UInt8(ascii: ".") }.dropFirst().prefix {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
    }
    let digits = String(decoding: fraction.prefix(9), as: UTF8.self)
    let padded = digits + String(repeating: "0", count: 9 - digits.utf8.count)
    return seconds * 1_000_000_000 + (Int64(padded) ?? 0)
}

private func attributes(_ value: JSONValue?) -> [Attribute] {
    let members = value?["M"]?.members ?? [:]
    return members.keys.sorted().compactMap { name in
        members[name]?["S"]?.text.map { Attribute(name: name, value: $0) }
    }
}

/// A receipt that another tool wrote, as an object.
private struct AdoptedReceipt {
    let path: String
    let info: ObjectInfo
    let data: [UInt8]

    /// Reads an item without a version; `nil` when it is not the receipt of its stage.
    init?(_ item: JSONValue, _ sort: String) {
        guard let text = item["data"]?["S"]?.text else { return nil }
        data = Array(text.utf8)
        guard let document = try? JSONValue(data),
            let service = document["service"]?.text, let provider = document["provider"]?.text,
            let name = ReceiptName(
                service: service, stage: String(sort.dropFirst(stagePrefix.count)),
                provider: provider)
        else { return nil }
        let updated = item["updatedAt"]?["S"]?.text
        path = name.path
        // The other tool keeps no versions; the time of its write makes A, B, A differ.
        let mark = Digest.sha256(Array("\(updated ?? "")\n".utf8) + data)
        info = ObjectInfo(
            version: Version("original-" + Digest.hexadecimal(mark)),
            byteCount: UInt64(data.count), modifiedNanoseconds: modified(updated))
    }
}
