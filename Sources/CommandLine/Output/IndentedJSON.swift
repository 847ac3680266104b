internal import State

extension JSONValue {
    /// The value for people: each member and element on a line of its own, short lists of texts on one.
    var indented: String { text(indent: "") }

    private func text(indent: String) -> String {
        let deeper = indent + "  "
        switch self {
        case .object(let object) where !object.all.isEmpty:
            let lines = object.all.map { member in
                "\(deeper)\(Self.quoted(member.name)): \(member.value.text(indent: deeper))"
            }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
        case .array(let elements) where elements.contains(where: \.isCompound):
            let lines = elements.map { deeper + $0.text(indent: deeper) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(indent)]"
        case .array(let elements):
            return "[\(elements.map { $0.text(indent: "") }.joined(separator: ", "))]"
        default:
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private var isCompound: Bool { members != nil || elements != nil }

    private static func quoted(_ text: String) -> String {
        String(decoding: JSONValue.string(text).bytes, as: UTF8.self)
    }
}
