/// Text for the documents that are sent.
public enum XMLEscaping {
    /// Text as character data, also between double quotes.
    ///
    /// Line breaks become references, because a reader would take a carriage return for a line feed.
    ///
    /// - Parameter text: Any text.
    /// - Returns: `nil` when it has a character that no document can hold.
    public static func escaped(_ text: String) -> String? {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += "&#\(scalar.value);"
            case "\u{0}"..<"\u{20}", "\u{fffe}", "\u{ffff}": return nil
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
