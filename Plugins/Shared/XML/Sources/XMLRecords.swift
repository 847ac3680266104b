internal import CExpat

/// A document of many like elements below its root, such as a page of a listing, read without a tree.
public struct XMLRecords: Sendable {
    /// The root's name.
    public let name: String
    private let texts: [(name: String, text: [UInt8])]

    /// Reads a whole document; see ``XMLElement/init(_:limits:)``.
    ///
    /// - Parameters:
    ///   - document: The document's bytes.
    ///   - record: The name of the like elements.
    ///   - fields: The names of the elements in them that are wanted.
    ///   - limits: What the document may have at most.
    ///   - take: Takes the text of each field of one of them, empty where it is not there.
    /// - Throws: ``XMLError`` for anything that is no well-formed document within the limits.
    public init(
        _ document: [UInt8], of record: String, fields: [String], limits: XMLLimits = XMLLimits(),
        _ take: @escaping ([[UInt8]]) -> Void
    ) throws(XMLError) {
        let reader = RecordReader(limits, record, fields, take)
        try reader.read(document)
        name = reader.name
        texts = reader.texts
    }

    /// The text of the root's first other element with a name.
    ///
    /// - Parameter name: The name.
    /// - Returns: `nil` when there is none.
    public func text(_ name: String) -> String? {
        texts.first { $0.name == name }.map { String(decoding: $0.text, as: UTF8.self) }
    }
}

private final class RecordReader: XMLHandler {
    private(set) var name = ""
    /// What stands directly below the root and is no record.
    private(set) var texts: [(name: String, text: [UInt8])] = []
    private let record: ContiguousArray<CChar>
    private let names: [ContiguousArray<CChar>]
    private let deliver: ([[UInt8]]) -> Void
    /// The texts of the record that is being read; their memory serves for the next one.
    private var fields: [[UInt8]]
    private var depth = 0
    private var isInRecord = false
    /// The field whose text comes; `nil` elsewhere.
    private var field: Int?

    init(
        _ limits: XMLLimits, _ record: String, _ fields: [String],
        _ deliver: @escaping ([[UInt8]]) -> Void
    ) {
        self.record = record.utf8CString
        names = fields.map(\.utf8CString)
        self.fields = fields.map { _ in [] }
        self.deliver = deliver
        super.init(limits)
    }

    override func start(_ name: UnsafePointer<XML_Char>) {
        depth += 1
        switch depth {
        case 1: self.name = unsafe String(cString: name)
        case 2:
            isInRecord = unsafe isSame(name, record)
            if isInRecord {
                for index in fields.indices { fields[index].removeAll(keepingCapacity: true) }
            } else {
                unsafe texts.append((String(cString: name), []))
            }
        case 3 where isInRecord: field = names.firstIndex { unsafe isSame(name, $0) }
        default: field = nil
        }
    }

    override func end() {
        depth -= 1
        field = nil
        if depth == 1, isInRecord {
            deliver(fields)
            isInRecord = false
        }
    }

    override func take(_ text: UnsafeRawBufferPointer) {
        if let field {
            unsafe fields[field].append(contentsOf: text)
        } else if depth == 2, !isInRecord {
            unsafe texts[texts.count - 1].text.append(contentsOf: text)
        }
    }
}

private func isSame(_ name: UnsafePointer<CChar>, _ wanted: ContiguousArray<CChar>) -> Bool {
    for index in wanted.indices where unsafe name[index] != wanted[index] { return false }
    return true
}
