/// Times as services write them, without a calendar library.
public enum Timestamp {
    /// The time `seconds` after 1970 in UTC, such as `20260102T030405Z`.
    public static func basic(_ seconds: Int64) -> String { text(seconds, dash: [], colon: []) }

    /// The time `seconds` after 1970 in UTC, such as `2026-01-02T03:04:05Z`.
    public static func extended(_ seconds: Int64) -> String {
        text(seconds, dash: [UInt8(ascii: "-")], colon: [UInt8(ascii: ":")])
    }

    /// Seconds since 1970 of a time such as `2026-01-02T03:04:05Z`, with or without a fraction.
    ///
    /// - Parameter text: A time in UTC.
    /// - Returns: `nil` for any other form.
    public static func seconds(_ text: String) -> Int64? { seconds(Array(text.utf8)) }

    /// Seconds since 1970 of such a time in ASCII.
    ///
    /// - Parameter bytes: A time in UTC.
    /// - Returns: `nil` for any other form.
    public static func seconds(_ bytes: [UInt8]) -> Int64? {
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), bytes[10] == UInt8(ascii: "T"),
            bytes.count == 20 || bytes[19] == UInt8(ascii: "."),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
            let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]),
            let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        return daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    private static func text(_ seconds: Int64, dash: [UInt8], colon: [UInt8]) -> String {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - days * 86_400
        let (year, month, day) = date(days)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20)
        appendTwo(year / 100, to: &bytes)
        appendTwo(year % 100, to: &bytes)
        bytes += dash
        appendTwo(month, to: &bytes)
        bytes += dash
        appendTwo(day, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        appendTwo(rest / 3600, to: &bytes)
        bytes += colon
        appendTwo(rest / 60 % 60, to: &bytes)
        bytes += colon
        appendTwo(rest % 60, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends two digits; years end with 9999.
    private static func appendTwo(_ number: Int64, to bytes: inout [UInt8]) {
        let number = min(max(number, 0), 99)
        bytes.append(UInt8(ascii: "0") + UInt8(number / 10))
        bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
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
}
