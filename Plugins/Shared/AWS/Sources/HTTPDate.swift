/// Times in the headers of answers, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
public enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds since 1970.
    ///
    /// - Parameter text: A header's value.
    /// - Returns: `nil` for any form but the one that servers send today.
    public static func seconds(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", words[1].utf8.count == 2,
            let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        let number = month + 1
        let digits = number < 10 ? "0\(number)" : "\(number)"
        return Timestamp.seconds("\(words[3])-\(digits)-\(words[1])T\(words[4])Z")
    }
}
