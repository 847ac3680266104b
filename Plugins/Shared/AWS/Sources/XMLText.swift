/// A look into the short XML documents of older AWS protocols, which name each thing once.
public enum XMLText {
    /// The text of the first element with a name.
    ///
    /// - Parameters:
    ///   - name: The element's name, without a prefix.
    ///   - document: The document.
    /// - Returns: The text with its references replaced; `nil` where there is no such element, or it has
    ///   elements inside.
    public static func first(_ name: String, in document: [UInt8]) -> String? {
        let start = Array("<\(name)>".utf8)
        guard let from = index(of: start, in: document[...]) else { return nil }
        let rest = document[(from + start.count)...]
        let text = rest.prefix { $0 != UInt8(ascii: "<") }
        guard rest.dropFirst(text.count).starts(with: Array("</\(name)>".utf8)) else { return nil }
        return unescaped(String(decoding: text, as: UTF8.self))
    }

    private static func index(of pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (bytes.startIndex...(bytes.endIndex - pattern.count)).first {
            bytes[$0] == pattern[0] && bytes[$0...].starts(with: pattern)
        }
    }

    private static func unescaped(_ text: String) -> String {
        guard text.contains("&") else { return text }
        let references = [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"),
            ("&amp;", "&"),
        ]
        var text = text
        for (reference, character) in references { text = replacing(text, reference, character) }
        return text
    }

    private static func replacing(_ text: String, _ old: String, _ new: String) -> String {
        let old = Array(old.utf8)
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let next = rest.first {
            if rest.starts(with: old) {
                result += Array(new.utf8)
                rest = rest.dropFirst(old.count)
            } else {
                result.append(next)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
