/// Times as services write them, without a calendar library.
public enum Timestamp {
    /// The time `seconds` after 1970 in UTC, such as `20260102T030405Z`.
    public static func basic(_ seconds: Int64) -> String {
        let (date, time) = parts(seconds)
        return date.joined() + "T" + time.joined() + "Z"
    }

    /// The time `seconds` after 1970 in UTC, such as `2026-01-02T03:04:05Z`.
    public static func extended(_ seconds: Int64) -> String {
        let (date, time) = parts(seconds)
        return date.joined(separator: "-") + "T" + time.joined(separator: ":") + "Z"
    }

    /// Seconds since 1970 of a time such as `2026-01-02T03:04:05Z`, with or without a fraction.
    ///
    /// - Parameter text: A time in UTC.
    /// - Returns: `nil` for any other form.
    public static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), bytes[10] == UInt8(ascii: "T"),
            bytes.count == 20 || bytes[19] == UInt8(ascii: ".")
        else { return nil }
        let fields = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19].compactMap { range in
            Int64(String(decoding: bytes[range], as: UTF8.self))
        }
        guard fields.count == 6, (1...12).contains(fields[1]), (1...31).contains(fields[2]) else {
            return nil
        }
        let days = daysSince1970(fields[0], fields[1], fields[2])
        return days * 86_400 + fields[3] * 3600 + fields[4] * 60 + fields[5]
    }

    private static func parts(_ seconds: Int64) -> ([String], [String]) {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - days * 86_400
        let (year, month, day) = date(days)
        return (
            [padded(year, 4), padded(month, 2), padded(day, 2)],
            [padded(rest / 3600, 2), padded(rest / 60 % 60, 2), padded(rest % 60, 2)]
        )
    }

    /// The Gregorian date of a day; years are counted from March, so that leap days come last.
    private static func date(_ days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let isAfterDecember = month >= 10
        return (
            year + era * 400 + (isAfterDecember ? 1 : 0), isAfterDecember ? month - 9 : month + 3,
            day
        )
    }

    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
