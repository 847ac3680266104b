/// An answer.
public struct HTTPResponse: Sendable {
    /// The status, such as 200.
    public internal(set) var status = 0
    /// The lines of the head behind the first, as they came, each with its line feed.
    ///
    /// Few of them are ever looked at, so they are taken apart only then.
    private var head: [UInt8] = []
    /// The body, unless a receiver took it.
    public internal(set) var body: [UInt8] = []

    /// Whether the status says success.
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// A header's first value.
    ///
    /// - Parameter name: The name in small letters.
    public subscript(name: String) -> String? {
        let count = name.utf8.count
        var start = 0
        while let end = head[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = head[start..<end]
            if line.count > count, line[start + count] == UInt8(ascii: ":"),
                zip(line, name.utf8).allSatisfy(isSameLetter)
            {
                let rest = line[(start + count + 1)...].drop(while: isBlank)
                let blanks = rest.reversed().prefix(while: isBlank).count
                return String(decoding: rest.dropLast(blanks), as: UTF8.self)
            }
            start = end + 1
        }
        return nil
    }

    /// The least time to wait that the server asks for in seconds, in nanoseconds; 0 for none.
    ///
    /// A date is not used: the server's clock is not ours.
    public var retryAfterNanoseconds: UInt64 {
        guard let seconds = self["retry-after"].flatMap({ UInt64($0) }) else { return 0 }
        return min(seconds, 3600) * 1_000_000_000
    }

    /// Takes one line of the head; a new status line starts a new head.
    mutating func take(line: RawSpan) {
        let first = head.count
        if head.isEmpty { head.reserveCapacity(1024) }
        unsafe line.withUnsafeBytes { unsafe head.append(contentsOf: $0) }
        if head[first...].starts(with: "HTTP/".utf8) {
            let words = head[first...].split(maxSplits: 2, whereSeparator: isBlank)
            status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
            head.removeAll(keepingCapacity: true)
        } else if head.last != UInt8(ascii: "\n") {
            // What ended without a line feed would run into the next one.
            head.removeLast(head.count - first)
        }
    }
}

/// Whether both are the same letter; the second is a small one.
private func isSameLetter(_ found: UInt8, _ wanted: UInt8) -> Bool {
    found == wanted
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(found) && found | 0x20 == wanted
}

private func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a
}
