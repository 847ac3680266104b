/// The names of blobs for keys, without what the service would change or refuse.
///
/// The service takes a backslash for a slash, drops dots at the end of a part and refuses more than 254
/// parts; two characters have no place in its listings; and whether it sorts by UTF-8 or UTF-16 is not
/// documented. So some characters are written otherwise, depending only on what stands before them. Names
/// sort as their keys do, by UTF-8 and by UTF-16, and what a key begins with its name begins with too:
///
/// | in the key | in the name |
/// |---|---|
/// | `[` and `\` | `[0` and `[1` |
/// | behind a dot: the end, a character up to the dot, a slash | `!`, `#` and the character, `-/` |
/// | a slash behind 200 others | a dot, U+D7A3 and U+9FFF |
/// | a character from U+D7A3 on | U+D7A3 and two characters from U+4E00 on with 15 bits each |
package enum BlobName {
    /// The most characters of a blob's name.
    package static let maximumCount = 1024

    private static let lead = Unicode.Scalar(0xd7a3).unsafelyPresent
    private static let deepEnd = Unicode.Scalar(0x9fff).unsafelyPresent
    private static let digitBase: UInt32 = 0x4e00
    private static let maximumSlashCount = 200

    /// The name of the blob with a key.
    package static func name(ofKey key: String) -> String {
        let (name, isBehindDot) = encode(key)
        return isBehindDot ? name + "!" : name
    }

    /// What the names of all keys begin with that begin with `prefix`.
    package static func prefix(ofPrefix prefix: String) -> String { encode(prefix).name }

    /// Whether a name is short enough for the service.
    package static func fits(_ name: String) -> Bool { name.utf16.count <= maximumCount }

    /// The key of a blob; `nil` for a name that no key has.
    package static func key(ofName name: String) -> String? {
        var key = String.UnicodeScalarView()
        var rest = name.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "[":
                guard let digit = rest.popFirst(), digit == "0" || digit == "1" else { return nil }
                key.append(digit == "0" ? "[" : "\\")
            case lead:
                guard let high = rest.popFirst(), let low = rest.popFirst(),
                    let found = joined(high, low)
                else { return nil }
                key.append(found)
            case ".":
                if !takeDot(&rest, &key) { return nil }
            default: key.append(scalar)
            }
        }
        let text = String(key)
        // A name that another tool made may look like an escape without being one.
        return self.name(ofKey: text).utf8.elementsEqual(name.utf8) ? text : nil
    }

    private static func encode(_ key: String) -> (name: String, isBehindDot: Bool) {
        var name = String.UnicodeScalarView()
        var slashCount = 0
        var isBehindDot = false
        for scalar in key.unicodeScalars {
            if scalar == "/" { slashCount += 1 }
            let isDeep = scalar == "/" && slashCount > maximumSlashCount
            if isBehindDot {
                if scalar == "/", !isDeep { name.append("-") }
                if scalar <= "." || isDeep { name.append("#") }
            }
            isBehindDot = scalar == "."
            switch scalar {
            case "[": name.append(contentsOf: "[0".unicodeScalars)
            case "\\": name.append(contentsOf: "[1".unicodeScalars)
            case "/" where isDeep: name.append(contentsOf: [".", lead, deepEnd])
            case lead...: name.append(contentsOf: [lead] + digits(of: scalar))
            default: name.append(scalar)
            }
        }
        return (String(name), isBehindDot)
    }

    /// Reads what stands behind a dot; `false` for what no key makes.
    private static func takeDot(
        _ rest: inout Substring.UnicodeScalarView, _ key: inout String.UnicodeScalarView
    ) -> Bool {
        if rest.starts(with: [lead, deepEnd]) {
            rest = rest.dropFirst(2)
            key.append("/")
            return true
        }
        key.append(".")
        guard let next = rest.first else { return false }
        switch next {
        case "!":
            rest = rest.dropFirst()
            return rest.isEmpty
        case "-", "#": rest = rest.dropFirst()
        default: break
        }
        return true
    }

    private static func digits(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        [scalar.value >> 15, scalar.value & 0x7fff].compactMap { Unicode.Scalar(digitBase + $0) }
    }

    private static func joined(_ high: Unicode.Scalar, _ low: Unicode.Scalar) -> Unicode.Scalar? {
        let limit = digitBase + 0x8000
        guard (digitBase..<limit).contains(high.value), (digitBase..<limit).contains(low.value)
        else { return nil }
        return Unicode.Scalar((high.value - digitBase) << 15 | (low.value - digitBase))
    }
}

extension Optional {
    /// The value of a constant that is there.
    fileprivate var unsafelyPresent: Wrapped {
        guard let self else { preconditionFailure("a constant is no character") }
        return self
    }
}
