// The record as it is stored; docs/format.md describes it.

extension StateRecord {
    /// Why a record cannot be used.
    enum Problem: Error, Sendable, Hashable {
        case newer(UInt64)
        case damaged(String)
    }

    private static let known: Set<String> = [
        "format", "write", "fence", "sequence", "base", "sweep", "current", "last", "lock",
        "writing",
    ]

    var json: [UInt8] {
        var document = JSONObject([
            ("format", .integer(Self.format)), ("write", .string(write)),
            ("fence", .integer(fence)), ("sequence", .integer(sequence)),
            ("base", .integer(base)), ("sweep", .integer(sweep)),
            ("current", current.map { .object($0.document) } ?? .null),
            ("last", last.map { .object($0.document) } ?? .null),
            ("lock", lock.map { .object($0.document) } ?? .null),
            ("writing", writing.map { .object($0.document) } ?? .null),
        ])
        for member in unknown.all { document.append(member.name, member.value) }
        return JSONValue.object(document).bytes
    }

    init(json: [UInt8]) throws(Problem) {
        let value: JSONValue
        do throws(JSONSyntaxError) { value = try JSONValue(parsing: json) } catch {
            throw .damaged("it is not JSON: \(error.reason) at byte \(error.offset)")
        }
        guard let document = value.members else { throw .damaged("it is not a JSON object") }
        let format: UInt64 = try document.required("format")
        guard format <= Self.format else { throw .newer(format) }
        guard format == Self.format else { throw .damaged("it has format \(format)") }
        write = try document.requiredText("write")
        fence = try document.required("fence")
        sequence = try document.required("sequence")
        base = try document.required("base")
        sweep = try document.required("sweep")
        current = try document.optional("current").map(StateVersion.init(document:))
        last = try document.optional("last").map(VersionReference.init(document:))
        lock = try document.optional("lock").map(LockRecord.init(document:))
        writing = try document.optional("writing").map(Writing.init(document:))
        guard max(sequence, base) <= VersionID.sequenceMax, max(fence, sweep) < Self.counterMax
        else { throw .damaged("a counter in it is out of range") }
        for member in document.all where !Self.known.contains(member.name) {
            unknown.append(member.name, member.value)
        }
    }
}

extension StateRecord.VersionReference {
    fileprivate var document: JSONObject {
        JSONObject([("version", .string(id)), ("sha256", .string(sha256))])
    }

    fileprivate init(document: JSONObject) throws(StateRecord.Problem) {
        id = try document.requiredText("version")
        sha256 = try document.requiredText("sha256")
    }
}

extension StateRecord.Writing {
    fileprivate var document: JSONObject {
        JSONObject([
            ("version", version.map { .string($0) } ?? .null), ("write", .string(write)),
        ])
    }

    fileprivate init(document: JSONObject) throws(StateRecord.Problem) {
        version = document["version"]?.text
        write = try document.requiredText("write")
    }
}

extension LockRecord {
    fileprivate var document: JSONObject {
        var document = JSONObject([
            ("id", .string(info.id)), ("fence", .integer(fence)), ("nonce", .string(nonce)),
            ("acquired_ns", .integer(acquiredNanoseconds)),
            ("last_seen_ns", .integer(lastSeenNanoseconds)), ("info", .object(info.document)),
        ])
        if let previousNonce { document["previous_nonce"] = .string(previousNonce) }
        if let leaseMilliseconds { document["lease_ms"] = .integer(leaseMilliseconds) }
        if let expiry {
            document["expires"] = .object(
                JSONObject([
                    ("domain", .string(expiry.domain)), ("at_ns", .integer(expiry.atNanoseconds)),
                ]))
        }
        return document
    }

    fileprivate init(document: JSONObject) throws(StateRecord.Problem) {
        guard let info = document["info"]?.members else { throw .damaged("'info' is missing") }
        do throws(StateError) { self.info = try LockInfo(document: info) } catch {
            throw .damaged(error.message)
        }
        nonce = try document.requiredText("nonce")
        previousNonce = document["previous_nonce"]?.text
        fence = try document.required("fence")
        acquiredNanoseconds = try document.required("acquired_ns")
        lastSeenNanoseconds = try document.required("last_seen_ns")
        leaseMilliseconds = document["lease_ms"]?.integer()
        guard (1...86_400_000).contains(leaseMilliseconds ?? 1) else {
            throw .damaged("'lease_ms' is out of range")
        }
        expiry = try document.optional("expires").map(Expiry.init(document:))
    }
}

extension LockRecord.Expiry {
    fileprivate init(document: JSONObject) throws(StateRecord.Problem) {
        domain = try document.requiredText("domain")
        atNanoseconds = try document.required("at_ns")
    }
}

extension StateVersion {
    /// The version with every field, as the record and a separate description keep it.
    var document: JSONObject {
        func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
        return JSONObject([
            ("version", .string(id)), ("sequence", .integer(sequence)),
            ("bytes", .integer(byteCount)), ("sha256", .string(sha256)),
            ("serial", serial.map { .integer($0) } ?? .null), ("lineage", text(lineage)),
            ("tool", text(tool)), ("json", .bool(isJSON)), ("encrypted", .bool(isEncrypted)),
            ("created_ns", .integer(createdNanoseconds)), ("writer", .string(writer)),
            ("lock", .string(lockID)), ("fence", .integer(fence)),
            ("previous", .string(previousID)), ("previous_sha256", .string(previousSHA256)),
            ("events", .array(events.map { .string($0) })),
        ])
    }

    init(document: JSONObject) throws(StateRecord.Problem) {
        self.init(
            id: try document.requiredText("version"), sequence: try document.required("sequence"),
            byteCount: try document.required("bytes"),
            sha256: try document.requiredText("sha256"), serial: document["serial"]?.integer(),
            lineage: document["lineage"]?.text, tool: document["tool"]?.text,
            isJSON: document["json"]?.isTrue ?? false,
            isEncrypted: document["encrypted"]?.isTrue ?? false,
            createdNanoseconds: try document.required("created_ns"),
            writer: document["writer"]?.text ?? "", lockID: document["lock"]?.text ?? "",
            fence: try document.required("fence"), previousID: document["previous"]?.text ?? "",
            previousSHA256: document["previous_sha256"]?.text ?? "",
            events: document["events"]?.elements?.compactMap { $0.text } ?? [])
    }
}

extension JSONObject {
    fileprivate func required<Number: FixedWidthInteger>(
        _ name: String
    ) throws(StateRecord.Problem) -> Number {
        guard let number: Number = self[name]?.integer() else {
            throw .damaged("'\(name)' is not a whole number")
        }
        return number
    }

    fileprivate func requiredText(_ name: String) throws(StateRecord.Problem) -> String {
        guard let text = self[name]?.text else { throw .damaged("'\(name)' is not a text") }
        return text
    }

    fileprivate func optional(_ name: String) throws(StateRecord.Problem) -> JSONObject? {
        switch self[name] {
        case nil, .null: return nil
        case .object(let object): return object
        default: throw .damaged("'\(name)' is not an object")
        }
    }
}
