/// Times as people and Go read them.
package enum Timestamp {
    private static let secondNanoseconds: Int64 = 1_000_000_000

    /// RFC 3339 in UTC with nanoseconds, such as `2026-11-21T07:14:03.242552313Z`.
    package static func text(nanoseconds: Int64) -> String {
        let (seconds, fraction) = nanoseconds.quotientAndRemainder(dividingBy: secondNanoseconds)
        let second = fraction < 0 ? seconds - 1 : seconds
        let rest = fraction < 0 ? fraction + secondNanoseconds : fraction
        let day = second >= 0 ? second / 86_400 : (second - 86_399) / 86_400
        let time = second - day * 86_400
        let date = civilDate(daysSince1970: day)
        let clock = [time / 3600, time / 60 % 60, time % 60].map { padded($0, 2) }
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T"
            + "\(clock.joined(separator: ":")).\(padded(rest, 9))Z"
    }

    /// Whether `text` is RFC 3339 with a zone, as strictly as Go's `time.Time` reads it.
    package static func isValid(_ text: String) -> Bool {
        var reader = Reader(bytes: Array(text.utf8))
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2),
            reader.take("-"), let day = reader.number(2), reader.take("T"),
            let hour = reader.number(2), reader.take(":"), let minute = reader.number(2),
            reader.take(":"), let second = reader.number(2)
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...12).contains(month), (1...days[month - 1]).contains(day), hour < 24,
            minute < 60, second < 60
        else { return false }
        if reader.take(".") {
            guard reader.number(1) != nil else { return false }
            while reader.number(1) != nil {}
        }
        if reader.take("Z") { return reader.isAtEnd }
        guard reader.take("+") || reader.take("-"), let zoneHour = reader.number(2),
            reader.take(":"), let zoneMinute = reader.number(2)
        else { return false }
        return zoneHour < 24 && zoneMinute < 60 && reader.isAtEnd
    }

    /// The length of a span in its two largest units: `3h12m`, `45s`, `2d4h`.
    package static func span(from start: Int64, to end: Int64) -> String {
        let seconds =
            max(0, end.subtractingReportingOverflow(start).partialValue)
            / secondNanoseconds
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3600 { return pair(seconds / 60, "m", seconds % 60, "s") }
        if seconds < 86_400 { return pair(seconds / 3600, "h", seconds / 60 % 60, "m") }
        return pair(seconds / 86_400, "d", seconds / 3600 % 24, "h")
    }

    private static func pair(_ large: Int64, _ unit: String, _ small: Int64, _ rest: String)
        -> String
    {
        small == 0 ? "\(large)\(unit)" : "\(large)\(unit)\(small)\(rest)"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// The Gregorian date of a day, by the arithmetic of eras of 400 years that start in March.
    private static func civilDate(
        daysSince1970: Int64
    ) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSince1970 + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

private struct Reader {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == character.value else {
            return false
        }
        position += 1
        return true
    }

    mutating func number(_ digits: Int) -> Int? {
        guard position + digits <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[position..<position + digits] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        position += digits
        return value
    }
}
