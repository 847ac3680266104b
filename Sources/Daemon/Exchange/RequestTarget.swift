/// The path and query of a request, read from the raw request line.
///
/// The router of a framework decodes, joins and trims before a handler sees a path, so that two
/// spellings reach one state. Here every spelling but the plain one is refused.
struct RequestTarget {
    /// The decoded parts of the path; empty for `/`.
    let parts: [String]
    private let query: [(name: String, value: String)]

    /// Reads the target of a request line.
    ///
    /// - Throws: ``APIError`` with status 400 for every form that could be read in two ways.
    init(_ raw: String) throws(APIError) {
        let bytes = Array(raw.utf8)
        guard bytes.first == UInt8(ascii: "/") else {
            throw .badRequest("the request target must be a path that starts with /")
        }
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !Self.forbidden.contains($0) }) else {
            throw .badRequest("the request target holds a byte that must be percent-encoded")
        }
        let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        parts = try Self.parts(of: bytes[1..<mark])
        query = try Self.items(of: bytes[mark...].dropFirst())
    }

    /// The value of a query item; `nil` when it is absent.
    ///
    /// - Throws: ``APIError`` with status 400 when the item is given twice.
    func queryValue(_ name: String) throws(APIError) -> String? {
        var found: String?
        for item in query where item.name == name {
            guard found == nil else {
                throw .badRequest("the query item \(name) is given more than once")
            }
            found = item.value
        }
        return found
    }

    private static let forbidden: [UInt8] = [
        UInt8(ascii: "#"), UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "<"),
        UInt8(ascii: ">"),
    ]

    private static func parts(of path: ArraySlice<UInt8>) throws(APIError) -> [String] {
        guard !path.isEmpty else { return [] }
        var parts: [String] = []
        for part in path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let text = try decode(part, plusIsSpace: false)
            guard isSafe(text) else {
                throw .badRequest(
                    "the path has a part that is empty, . or .., or holds / or a control character",
                    hint: "write each part once, without doubled or trailing slashes")
            }
            parts.append(text)
        }
        return parts
    }

    private static func isSafe(_ part: String) -> Bool {
        !part.isEmpty && part != "." && part != ".."
            && part.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
    }

    private static func items(
        of query: ArraySlice<UInt8>
    ) throws(APIError) -> [(name: String, value: String)] {
        var items: [(name: String, value: String)] = []
        for item in query.split(separator: UInt8(ascii: "&")) {
            let equals = item.firstIndex(of: UInt8(ascii: "=")) ?? item.endIndex
            let name = try decode(item[..<equals], plusIsSpace: true)
            let value = try decode(item[equals...].dropFirst(), plusIsSpace: true)
            items.append((name, value))
        }
        return items
    }

    private static func decode(
        _ text: ArraySlice<UInt8>, plusIsSpace: Bool
    ) throws(APIError) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(hexValue),
                    let low = rest.popFirst().flatMap(hexValue)
                else {
                    throw .badRequest("a % in the request target is not followed by two digits")
                }
                decoded.append(high << 4 | low)
            } else {
                decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        guard let string = String(validating: decoded, as: UTF8.self) else {
            throw .badRequest("the request target is not UTF-8 after decoding")
        }
        return string
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
