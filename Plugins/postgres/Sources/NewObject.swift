internal import HoldfastDriver
internal import SharedDatabase

/// An object that is about to be written.
struct NewObject {
    /// Where the bytes are.
    enum Content {
        case inline([UInt8])
        case upload(Int64)
    }

    let key: ObjectKey
    let version = newVersion()
    private let attributes: [Attribute]
    let content: Content
    private let size: UInt64

    /// Takes over what a put asks for.
    init(_ request: PutRequest, _ content: Content, size: UInt64) {
        key = request.key
        attributes = request.attributes
        self.content = content
        self.size = size
    }

    /// Whether the bytes lie in chunks.
    var isUpload: Bool { if case .upload = content { true } else { false } }

    /// What is known of the object once it is written.
    func info(modified: Int64) -> ObjectInfo {
        ObjectInfo(
            version: version, byteCount: size, modifiedNanoseconds: modified, attributes: attributes
        )
    }

    /// The parameters of ``WriteSQL/putTypes``.
    ///
    /// - Parameters:
    ///   - condition: What must hold.
    ///   - isLegible: Whether a receipt's bytes are shown as JSON beside them.
    /// - Returns: $1 to $13.
    func parameters(_ condition: Condition, isLegible: Bool) -> [Parameter] {
        var all = key.parameters
        all.append(.text(String(decoding: version.token, as: UTF8.self)))
        all.append(.number(Int64(size)))
        all.append(attributes.isEmpty ? .text("{}") : .bytes(attributes.json))
        switch content {
        case .inline(let bytes):
            let isText = (key.table == .objects || isLegible && mayBeJSON) && isText(bytes)
            all.append(isText ? .bytes(bytes) : .null)
            // Receipts keep their exact bytes beside the JSON; other objects are kept once.
            all.append(isText && key.table == .objects ? .null : .bytes(bytes))
            all.append(.null)
        case .upload(let upload): all += [.null, .null, .number(upload)]
        }
        if case .version(let wanted) = condition {
            all.append(wanted.parameter)
        } else {
            all.append(.null)
        }
        if key.table == .receipts, let name = ReceiptName(path: key.path) {
            all += [.text(name.service), .text(name.stage), .text(name.provider)]
        } else {
            all += [.null, .null, .null]
        }
        return all
    }

    /// Whether PostgreSQL refused the bytes as JSON: it is not valid, too deep, or holds what JSONB cannot.
    func isRefusedAsJSON(by failure: PostgresFailure) -> Bool {
        guard key.table == .receipts, !isUpload, mayBeJSON else { return false }
        return ["22", "54"].contains(failure.sqlState.prefix(2)) && !failure.isCondition
    }

    private var mayBeJSON: Bool {
        guard case .inline(let bytes) = content else { return false }
        return bytes.first { $0 > 0x20 } == UInt8(ascii: "{")
    }
}

extension PostgresFailure {
    /// Whether a strict statement refused its condition.
    var isCondition: Bool { message.contains(WriteSQL.refusal) }
}
