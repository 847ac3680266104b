internal import SharedJSON

/// Times as HTTP's headers have them, such as `Fri, 02 Jan 2026 03:04:05 GMT`.
package enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The time `seconds` after 1970.
    ///
    /// - Parameter seconds: At least 0.
    /// - Returns: The time in GMT.
    package static func text(_ seconds: Int64) -> String {
        let text = Array(Timestamp.extended(seconds).utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        let day = days[Int(seconds / 86_400 % 7)]
        let month = months[(Int(part(5..<7)) ?? 1) - 1]
        return "\(day), \(part(8..<10)) \(month) \(part(0..<4)) \(part(11..<19)) GMT"
    }

    /// Seconds since 1970 of such a time; `nil` for any other text.
    package static func seconds(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", words[1].utf8.count == 2,
            let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp.seconds("\(words[3])-\(number)-\(words[1])T\(words[4])Z")
    }
}
