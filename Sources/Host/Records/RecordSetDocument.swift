internal import FoundationEssentials

/// A name that is equal to another by its bytes.
struct RecordName: Hashable, Comparable {
    private let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    static func < (left: RecordName, right: RecordName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// The head of a record set: its records, or what they are.
struct RecordSetDocument {
    /// Where the records are.
    enum Form: String, Codable {
        /// In the head.
        case document
        /// Each in an object of its own.
        case objects
    }

    /// A record as the head has it.
    struct Entry {
        var name: String
        /// The id of the commit that put it.
        var version: String
        var byteCount: Int
        /// Its bytes, where they are in the head.
        var content: [UInt8]?
    }

    /// The format that this code writes; a newer one is never written to.
    static let format = 1
    /// How many commits a head remembers, so that a lost answer can be resolved after others.
    static let recentMax = 16

    var form: Form
    /// Rises with every commit.
    var sequence: UInt64 = 0
    /// The ids of the last commits, newest last.
    var recent: [String] = []
    /// Ascending by name.
    var entries: [Entry] = []

    init(form: Form) { self.form = form }

    /// The entry of a record.
    func entry(_ name: String) -> Entry? {
        let name = RecordName(name)
        return entries.first { RecordName($0.name) == name }
    }

    /// The document after a commit.
    ///
    /// - Throws: ``HostError`` with code `tooLarge` when the set would be over its limits.
    func applying(
        _ changes: [RecordSet.RecordChange], _ writeID: String
    ) throws(HostError) -> RecordSetDocument {
        var next = self
        next.sequence += 1
        next.recent = recent.suffix(Self.recentMax - 1) + [writeID]
        for change in changes {
            let name = RecordName(change.name)
            if change.action != .check { next.entries.removeAll { RecordName($0.name) == name } }
            guard case .put(let bytes) = change.action else { continue }
            next.entries.append(
                Entry(
                    name: change.name, version: writeID, byteCount: bytes.count,
                    content: form == .document ? bytes : nil))
        }
        next.entries.sort { RecordName($0.name) < RecordName($1.name) }
        let byteCount = next.entries.reduce(0) { $0 + $1.name.utf8.count + $1.byteCount }
        guard next.entries.count <= RecordSet.recordsMax, byteCount <= RecordSet.bytesMax else {
            throw HostError(
                .tooLarge,
                "the record set would have \(next.entries.count) records of \(byteCount) bytes "
                    + "together; at most \(RecordSet.recordsMax) of \(RecordSet.bytesMax) bytes are "
                    + "kept",
                advice: "remove records that are not needed any more, or use another set")
        }
        return next
    }
}

// MARK: - As JSON

extension RecordSetDocument {
    private struct Stored: Codable {
        var format: Int
        var form: Form
        var sequence: UInt64
        var recent: [String]
        var records: [StoredEntry]
    }

    private struct Formatted: Decodable {
        var format: Int
    }

    private struct StoredEntry: Codable {
        var name: String
        var version: String
        var bytes: Int
        var text: String?
        var base64: Data?
    }

    /// The document as it is stored.
    func json() throws(HostError) -> [UInt8] {
        let stored = Stored(
            format: Self.format, form: form, sequence: sequence, recent: recent,
            records: entries.map { entry in
                let text = entry.content.flatMap(Self.text)
                return StoredEntry(
                    name: entry.name, version: entry.version, bytes: entry.byteCount, text: text,
                    base64: text == nil ? entry.content.map { Data($0) } : nil)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(stored)) } catch {
            throw HostError(.internalError, "the record set cannot be written as JSON")
        }
    }

    /// The bytes as text where that gives the very bytes back and is not longer than base64.
    private static func text(_ bytes: [UInt8]) -> String? {
        let escaped = bytes.reduce(0) { count, byte in
            switch byte {
            case 0..<0x20: count + 6
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): count + 2
            default: count + 1
            }
        }
        guard escaped <= (bytes.count + 2) / 3 * 4 || bytes.count < 64 else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Reads a stored document.
    ///
    /// - Throws: ``HostError``, with code `newerFormat` or `corrupt`.
    init(json: [UInt8]) throws(HostError) {
        let data = Data(json)
        let stored: Stored
        do {
            let format = try JSONDecoder().decode(Formatted.self, from: data).format
            guard format <= Self.format else {
                throw HostError(
                    .newerFormat,
                    "the record set has format \(format); this Holdfast knows \(Self.format)",
                    advice: "use a newer Holdfast; nothing was changed")
            }
            stored = try JSONDecoder().decode(Stored.self, from: data)
        } catch let error as HostError {
            throw error
        } catch {
            throw Self.damaged
        }
        form = stored.form
        sequence = stored.sequence
        recent = stored.recent
        for record in stored.records {
            let content = record.text.map { Array($0.utf8) } ?? record.base64.map { Array($0) }
            guard (content?.count ?? record.bytes) == record.bytes,
                (content != nil) == (form == .document), !record.version.isEmpty
            else { throw Self.damaged }
            entries.append(
                Entry(
                    name: record.name, version: record.version, byteCount: record.bytes,
                    content: content))
        }
    }

    private static var damaged: HostError {
        HostError(
            .corrupt, "the record set is not one that Holdfast wrote, or it is damaged",
            advice: "restore it from a backup")
    }
}
