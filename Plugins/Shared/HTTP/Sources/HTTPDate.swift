/// Times as HTTP writes them (RFC 9110, section 5.6.7), such as `Sun, 06 Nov 1994 08:49:37 GMT`.
public enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]

    /// The time `seconds` after 1970.
    ///
    /// - Parameter seconds: At least 0.
    /// - Returns: The time in GMT.
    public static func text(_ seconds: Int64) -> String {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        let (year, month, day) = date(days)
        let time = [rest / 3600, rest / 60 % 60, rest % 60].map(two).joined(separator: ":")
        let name = months[Int(month) - 1]
        return "\(weekdays[Int(days % 7)]), \(two(day)) \(name) \(year) \(time) GMT"
    }

    /// Seconds since 1970.
    ///
    /// - Parameter text: A header's value.
    /// - Returns: `nil` for any other form.
    public static func seconds(_ text: String) -> Int64? {
        // Bytes, because each answer has such a date.
        let words = text.utf8.split(separator: UInt8(ascii: " ")).map(Substring.init)
        guard words.count == 6, words[5] == "GMT", words[1].utf8.count == 2,
            let day = Int64(words[1]),
            let month = months.firstIndex(where: { words[2] == $0 }), let year = Int64(words[3])
        else { return nil }
        let time = words[4].utf8.split(separator: UInt8(ascii: ":")).compactMap {
            Int64(Substring($0))
        }
        guard time.count == 3, (1...31).contains(day), (1970...9999).contains(year),
            (0..<24).contains(time[0]), (0..<60).contains(time[1]), (0...60).contains(time[2])
        else { return nil }
        let days = days(year, Int64(month) + 1, day)
        return days * 86_400 + time[0] * 3600 + time[1] * 60 + time[2]
    }

    /// The days since 1970; years are counted from March, so that leap days come last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = (shifted / 400, shifted % 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    /// The date of a day since 1970, by the same count.
    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let (era, dayOfEra) = (shifted / 146_097, shifted % 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let count = (5 * dayOfYear + 2) / 153
        let month = count < 10 ? count + 3 : count - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * count + 2) / 5 + 1
        )
    }
}
