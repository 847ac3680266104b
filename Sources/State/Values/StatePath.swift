internal import Host

/// The path of a state: parts of 1 to 200 bytes joined by single slashes, 512 bytes in all.
///
/// No part is `.` or `..`, none holds a control character, and none does so after one more
/// percent-decoding, because a proxy or a careless client may have encoded twice.
package struct StatePath: Sendable, CustomStringConvertible {
    /// The path as text.
    package let description: String

    /// Makes a path.
    ///
    /// - Throws: ``StateError`` with code `invalid`, which says what is wrong with it.
    package init(_ text: String) throws(StateError) {
        func refuse(_ reason: String) -> StateError {
            StateError(
                .invalid, "'\(printable(text))' is not a path for a state: \(reason)",
                advice: "use parts of letters, digits, '-', '_' and '.', joined by single '/'")
        }
        guard !text.isEmpty else { throw refuse("it is empty") }
        guard text.utf8.count <= Limits.pathBytes else {
            throw refuse("it has \(text.utf8.count) bytes; at most \(Limits.pathBytes) are allowed")
        }
        for part in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        {
            if let problem = problem(ofPart: Array(part)) { throw refuse(problem) }
        }
        description = text
    }

    /// The path of a receipt.
    ///
    /// - Throws: ``StateError`` with code `invalid` when a part is empty or has a slash.
    package static func receipt(
        service: String, stage: String, provider: String
    ) throws(StateError) -> StatePath {
        for (name, part) in [("service", service), ("stage", stage), ("provider", provider)] {
            // The suffix would make a file name of a provider `..`, so parts are checked without it.
            guard !part.utf8.contains(UInt8(ascii: "/")), problem(ofPart: Array(part.utf8)) == nil
            else {
                throw StateError(
                    .invalid, "the \(name) '\(printable(part))' must be one part of a path",
                    advice: "give it a name without '/' that is not '.' or '..'")
            }
        }
        return try StatePath("\(service)/\(stage)/\(provider)\(receiptSuffix)")
    }

    /// What a receipt's path ends with.
    package static let receiptSuffix = ".state.json"

    /// The parts between the slashes.
    package var parts: [String] {
        description.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    }
}

// Paths are bytes: text that only looks the same is another path, unlike for String.
extension StatePath: Hashable, Comparable {
    package static func == (left: StatePath, right: StatePath) -> Bool {
        left.description.utf8.elementsEqual(right.description.utf8)
    }

    package static func < (left: StatePath, right: StatePath) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for byte in description.utf8 { hasher.combine(byte) }
    }
}

private func problem(ofPart part: [UInt8]) -> String? {
    guard !part.isEmpty else { return "it has an empty part" }
    guard part.count <= Limits.partBytes else {
        return "a part has \(part.count) bytes; at most \(Limits.partBytes) are allowed"
    }
    guard let text = String(validating: part, as: UTF8.self) else { return "it is not UTF-8" }
    if isDots(part) { return "it has a part '\(text)'" }
    if hasControls(text) { return "it has a control character" }
    let decoded = percentDecoded(part)
    guard decoded != part else { return nil }
    if isDots(decoded) { return "it has a percent-encoded '.' or '..'" }
    if decoded.contains(UInt8(ascii: "/")) { return "it has a percent-encoded '/'" }
    if hasControls(String(decoding: decoded, as: UTF8.self)) {
        return "it has a percent-encoded control character"
    }
    return nil
}

private func isDots(_ part: [UInt8]) -> Bool {
    part == [UInt8(ascii: ".")] || part == [UInt8(ascii: "."), UInt8(ascii: ".")]
}

private func hasControls(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.properties.generalCategory == .control }
}

/// One decoding of `%XX`; a '%' before anything else stays.
func percentDecoded(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
            let high = hexadecimalValue(bytes[index + 1]),
            let low = hexadecimalValue(bytes[index + 2])
        {
            result.append(high << 4 | low)
            index += 3
        } else {
            result.append(bytes[index])
            index += 1
        }
    }
    return result
}

/// As many whole characters of a text as fit into some bytes.
func firstBytes(of text: String, atMost bytesMax: Int) -> String {
    guard text.utf8.count > bytesMax else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        guard result.utf8.count + UTF8.width(scalar) <= bytesMax else { break }
        result.unicodeScalars.append(scalar)
    }
    return result
}

/// A text from outside, fit for one line of a message.
func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(120) {
        let isControl = scalar.properties.generalCategory == .control
        result.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
    }
    return result.unicodeScalars.count < text.unicodeScalars.count ? result + "…" : result
}
