/// An answer.
public struct HTTPResponse: Sendable {
    /// The status, such as 200.
    public internal(set) var status = 0
    /// The headers in the order of their arrival, names in small letters.
    public internal(set) var headers: [(name: String, value: String)] = []
    /// The body, unless a receiver took it.
    public internal(set) var body: [UInt8] = []

    /// Whether the status says success.
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// A header's first value.
    ///
    /// - Parameter name: The name in small letters.
    public subscript(name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The least time to wait that the server asks for in seconds, in nanoseconds; 0 for none.
    ///
    /// A date is not used: the server's clock is not ours.
    public var retryAfterNanoseconds: UInt64 {
        guard let seconds = self["retry-after"].flatMap({ UInt64($0) }) else { return 0 }
        return min(seconds, 3600) * 1_000_000_000
    }

    /// Takes one line of the head; a new status line starts a new head.
    mutating func take(line: String) {
        if line.hasPrefix("HTTP/") {
            // The end of a line is one character to Swift, so it is cut off by bytes.
            let words = line.utf8.split { $0 == 0x20 || $0 == 0x0d || $0 == 0x0a }
            status = words.count > 1 ? Int(String(words[1]) ?? "") ?? 0 : 0
            headers = []
            return
        }
        guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { return }
        let value = line.utf8[line.utf8.index(after: colon)...]
        headers.append((line[..<colon].lowercased(), trimmed(value)))
    }
}

private func trimmed(_ bytes: Substring.UTF8View) -> String {
    func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0d, 0x0a].contains(byte) }
    let start = bytes.drop(while: isBlank)
    let blanks = start.reversed().prefix(while: isBlank).count
    return String(Substring(start.dropLast(blanks)))
}
