internal import Host

/// What a version's object carries as attributes, in at most 1,400 bytes.
///
/// Long texts are cut and marked; the record keeps the exact ones while the version is current.
struct VersionAttributes: Sendable, Hashable {
    var version: StateVersion
    /// The record's sweep when the object was written.
    var sweep: UInt64
    /// Whether the facts that show only at the end of a large body are in an object of their own.
    var isSeparate: Bool

    var encoded: [String: String] {
        var attributes = [
            "format": "1", "version": version.id, "fence": "\(version.fence)",
            "sweep": "\(sweep)", "created": "\(version.createdNanoseconds)",
            "writer": AttributeText.encode(version.writer, bytesMax: 200),
            "lock": AttributeText.encode(version.lockID, bytesMax: 160),
            "previous": version.previousID, "previous-sha256": version.previousSHA256,
        ]
        if isSeparate {
            attributes["meta"] = "separate"
            return attributes
        }
        attributes["sha256"] = version.sha256
        attributes["json"] = version.isJSON ? "1" : "0"
        attributes["encrypted"] = version.isEncrypted ? "1" : "0"
        attributes["events"] = version.events.joined(separator: " ")
        if let serial = version.serial { attributes["serial"] = "\(serial)" }
        if let lineage = version.lineage {
            attributes["lineage"] = AttributeText.encode(lineage, bytesMax: 160)
        }
        if let tool = version.tool {
            attributes["tool"] = AttributeText.encode(tool, bytesMax: 100)
        }
        return attributes
    }

    /// Reads the attributes of a version's object; `nil` when they are not ours.
    init?(_ info: ObjectInfo) {
        let attributes = info.attributes
        guard let id = attributes["version"].flatMap(VersionID.init),
            let fence = attributes["fence"].flatMap({ UInt64($0) }),
            let sweep = attributes["sweep"].flatMap({ UInt64($0) }),
            max(fence, sweep) < StateRecord.counterMax
        else { return nil }
        func text(_ name: String) -> String? { attributes[name].map(AttributeText.decode) }
        self.sweep = sweep
        isSeparate = attributes["meta"] == "separate"
        version = StateVersion(
            id: id.text, sequence: id.sequence, byteCount: info.byteCount,
            sha256: attributes["sha256"] ?? "", serial: attributes["serial"].flatMap { Int64($0) },
            lineage: text("lineage"), tool: text("tool"), isJSON: attributes["json"] == "1",
            isEncrypted: attributes["encrypted"] == "1",
            createdNanoseconds: attributes["created"].flatMap { Int64($0) } ?? 0,
            writer: text("writer") ?? "", lockID: text("lock") ?? "", fence: fence,
            previousID: attributes["previous"] ?? "",
            previousSHA256: attributes["previous-sha256"] ?? "",
            events: (attributes["events"] ?? "").split(separator: " ").map { String($0) })
    }

    init(version: StateVersion, sweep: UInt64, isSeparate: Bool) {
        self.version = version
        self.sweep = sweep
        self.isSeparate = isSeparate
    }
}

/// Text in an attribute: printable ASCII, everything else percent-encoded, because some stores keep
/// attributes in HTTP headers.
enum AttributeText {
    /// What ends a text that was cut; no encoded text has it.
    private static let cut = "%+"

    static func encode(_ text: String, bytesMax: Int) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let piece = encoded(scalar)
            guard result.utf8.count + piece.utf8.count <= bytesMax - cut.utf8.count else {
                return result + cut
            }
            result += piece
        }
        return result
    }

    static func decode(_ text: String) -> String {
        let isCut = text.hasSuffix(cut)
        let bytes = percentDecoded(Array((isCut ? text.dropLast(cut.count) : text[...]).utf8))
        return String(decoding: bytes, as: UTF8.self) + (isCut ? "…" : "")
    }

    private static func encoded(_ scalar: Unicode.Scalar) -> String {
        let isPlain = (0x21...0x7E).contains(scalar.value) && scalar != "%"
        if isPlain { return String(scalar) }
        return String(scalar).utf8.map { "%" + hexadecimal([$0]) }.joined()
    }
}
