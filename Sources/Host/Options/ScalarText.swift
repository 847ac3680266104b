/// Reads the scalars of a configuration file: `true`, `250ms`, `64MiB`.
package enum ScalarText {
    /// `true`, `false`, `yes`, `no`, `on` or `off`, in any case; `nil` for anything else.
    package static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }

    /// A whole number, such as `-12`.
    package static func integer(_ text: String) -> Int64? {
        // The initializer also takes a plus sign, which nobody writes on purpose.
        text.utf8.first == UInt8(ascii: "+") ? nil : Int64(text)
    }

    /// A whole number and one of `ms`, `s`, `m`, `h`, in nanoseconds.
    ///
    /// Zero needs no unit.
    package static func duration(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        let units: [Substring: Int64] = [
            "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000,
        ]
        return scaled(text) { units[$0] }
    }

    /// A whole number and, unless it is in bytes, one of `B`, `kB`, `MB`, `GB`, `TB`, `KiB`, `MiB`,
    /// `GiB`, `TiB`.
    package static func size(_ text: String) -> Int64? {
        let units: [Substring: Int64] = [
            "": 1, "B": 1, "kB": 1000, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000,
            "TB": 1_000_000_000_000, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
            "TiB": 1 << 40,
        ]
        return scaled(text) { units[$0] }
    }

    private static func scaled(_ text: String, _ unit: (Substring) -> Int64?) -> Int64? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard !digits.isEmpty, let number = Int64(digits),
            let factor = unit(text.dropFirst(digits.count))
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }
}
