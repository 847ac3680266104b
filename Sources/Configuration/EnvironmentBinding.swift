/// `${env:NAME}` and `${env:NAME,default}` in the values of a file.
struct EnvironmentBinding {
    /// Why a text could not be expanded.
    enum Problem: Error, Equatable {
        /// No `}` ends it.
        case unterminated
        /// What stands where a name should.
        case badName(String)
        /// The variable is not set and there is no default.
        case unset(String)
    }

    /// A text with its bindings replaced.
    struct Expansion {
        var text: String
        /// Whether anything was replaced.
        var isBound: Bool
    }

    /// The variables.
    let environment: [String: String]

    /// Replaces every binding in a text.
    ///
    /// A value is put in as it is and is not expanded again.
    func expand(_ text: String) throws(Problem) -> Expansion {
        var rest = text[...]
        var result = ""
        var isBound = false
        while let start = rest.firstRange(ofText: "${env:") {
            result += rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            guard let end = rest.firstIndex(of: "}") else { throw .unterminated }
            result += try value(of: rest[..<end])
            rest = rest[rest.index(after: end)...]
            isBound = true
        }
        return Expansion(text: result + rest, isBound: isBound)
    }

    private func value(of binding: Substring) throws(Problem) -> String {
        let comma = binding.firstIndex(of: ",")
        let name = binding[..<(comma ?? binding.endIndex)]
        guard Self.isName(name) else { throw .badName(String(name)) }
        if let value = environment[String(name)] { return value }
        guard let comma else { throw .unset(String(name)) }
        return String(binding[binding.index(after: comma)...])
    }

    private static func isName(_ name: Substring) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte)
                || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
    }
}

extension Substring {
    /// Where `text` first stands.
    ///
    /// The library's own `firstRange(of:)` would bring in its regular expression engine.
    fileprivate func firstRange(ofText text: String) -> Range<Index>? {
        var start = startIndex
        while let index = self[start...].firstIndex(of: "$") {
            if self[index...].hasPrefix(text) {
                return index..<self.index(index, offsetBy: text.count)
            }
            start = self.index(after: index)
        }
        return nil
    }
}
