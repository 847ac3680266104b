/// What a state says of itself at its top level.
package struct StateFacts: Sendable, Hashable {
    /// Whether the bytes are one valid JSON object, at most 1024 levels deep.
    package var isJSON = false
    /// The member `serial`, where it is a whole number that fits.
    package var serial: Int64?
    /// The member `lineage`, where it is a string of at most 256 bytes.
    package var lineage: String?
    /// The member `terraform_version`, where it is a string of at most 256 bytes.
    package var tool: String?
    /// Whether it has a member `encrypted_data`.
    package var isEncrypted = false
    /// How many elements the member `resources` has, where it is an array.
    package var resourceCount: Int?

    /// Makes the facts of something that is not JSON.
    package init() {}
}

/// Reads the facts out of a state of any size, in pieces of any size, in constant memory.
package struct StateScanner {
    private enum Mode: UInt8 {
        case value, valueOrEnd, keyOrEnd, key, colon, afterValue, end, invalid
        case string, escape, unicode
        case minus, zero, integer, point, fraction, exponent, exponentSign, exponentDigits
        case literal

        /// Whether the next byte is not inside of a string, number or word.
        var isStructural: Bool { rawValue < Mode.string.rawValue }
    }

    private enum Member {
        case serial, lineage, tool, resources, other
    }

    private static let depthMax = 1024
    private static let captureMax = 256

    private var facts = StateFacts()
    private var mode = Mode.value
    private var depth = 0
    private var isInObject = false
    /// One bit a level: whether it is an object.
    private var objects = [UInt64](repeating: 0, count: depthMax / 64)
    private var member = Member.other
    private var stringIsKey = false
    private var literal: ArraySlice<UInt8> = []
    private var unicodeDigits = 0
    private var unicodeValue: UInt32 = 0
    /// Of a character in a string: how many bytes are to come, and the range of the next one.
    private var continuations = 0
    private var continuationRange: ClosedRange<UInt8> = 0x80...0xBF
    private var isCapturing = false
    private var captured: [UInt8] = []

    /// Makes a scanner that has seen nothing.
    package init() {}

    /// Scans a whole state.
    package static func facts(of bytes: [UInt8]) -> StateFacts {
        var scanner = StateScanner()
        scanner.consume(bytes)
        return scanner.finish()
    }

    /// Scans the next piece.
    package mutating func consume(_ piece: UnsafeRawBufferPointer) {
        var index = 0
        while index < piece.count {
            if mode == .string, continuations == 0, !isCapturing {
                index = unsafe Self.endOfPlainText(piece, from: index)
                guard index < piece.count else { return }
            }
            let byte = unsafe piece[index]
            index += 1
            // States are indented, so that spaces are the most of what is left.
            if byte == 0x20, mode.isStructural { continue }
            step(byte)
        }
    }

    /// Scans the next piece.
    package mutating func consume(_ piece: some Sequence<UInt8>) {
        unsafe Array(piece).withUnsafeBytes { unsafe consume($0) }
    }

    /// Most bytes of most states are plain characters in strings, which change nothing.
    private static func endOfPlainText(_ piece: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        // Eight bytes at once, by the usual arithmetic: a high bit of `special` shows where a byte
        // is below 0x20, a quote, a backslash or not ASCII.
        let ones: UInt64 = 0x0101_0101_0101_0101
        while index + 8 <= piece.count {
            let bytes = unsafe piece.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let quotes = bytes ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslashes = bytes ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let special =
                ((bytes &- ones &* 0x20) & ~bytes) | ((quotes &- ones) & ~quotes)
                | ((backslashes &- ones) & ~backslashes) | bytes
            guard special & (ones &* 0x80) == 0 else { break }
            index += 8
        }
        while index < piece.count {
            let byte = unsafe piece[index]
            if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"")
                || byte == UInt8(ascii: "\\")
            {
                return index
            }
            index += 1
        }
        return index
    }

    /// The facts, once every piece was consumed.
    package mutating func finish() -> StateFacts {
        guard mode == .end else { return StateFacts() }
        facts.isJSON = true
        return facts
    }

    private mutating func step(_ byte: UInt8) {
        switch mode {
        case .string: stringByte(byte)
        case .escape: escapeByte(byte)
        case .unicode: unicodeByte(byte)
        case .literal: literalByte(byte)
        case .minus, .zero, .integer, .point, .fraction, .exponent, .exponentSign, .exponentDigits:
            numberByte(byte)
        case .invalid: return
        default: structuralByte(byte)
        }
    }

    // MARK: - Structure

    private mutating func structuralByte(_ byte: UInt8) {
        if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { return }
        switch (mode, byte) {
        case (.valueOrEnd, UInt8(ascii: "]")), (.keyOrEnd, UInt8(ascii: "}")): close()
        case (.value, _), (.valueOrEnd, _): beginValue(byte)
        case (.keyOrEnd, UInt8(ascii: "\"")), (.key, UInt8(ascii: "\"")): beginString(isKey: true)
        case (.colon, UInt8(ascii: ":")): mode = .value
        case (.afterValue, UInt8(ascii: ",")): mode = isInObject ? .key : .value
        case (.afterValue, UInt8(ascii: "}")) where isInObject: close()
        case (.afterValue, UInt8(ascii: "]")) where !isInObject: close()
        default: mode = .invalid
        }
    }

    private mutating func beginValue(_ byte: UInt8) {
        // Only an object is a state, so that nothing else may start the text.
        guard depth > 0 || byte == UInt8(ascii: "{") else {
            mode = .invalid
            return
        }
        if depth == 2, member == .resources { facts.resourceCount? += 1 }
        switch byte {
        case UInt8(ascii: "{"): open(isObject: true)
        case UInt8(ascii: "["):
            if depth == 1, member == .resources { facts.resourceCount = 0 }
            open(isObject: false)
        case UInt8(ascii: "\""): beginString(isKey: false)
        case UInt8(ascii: "t"): begin(literal: "rue")
        case UInt8(ascii: "f"): begin(literal: "alse")
        case UInt8(ascii: "n"): begin(literal: "ull")
        case UInt8(ascii: "-"): beginNumber(byte, .minus)
        case UInt8(ascii: "0"): beginNumber(byte, .zero)
        case UInt8(ascii: "1")...UInt8(ascii: "9"): beginNumber(byte, .integer)
        default: mode = .invalid
        }
    }

    private mutating func open(isObject: Bool) {
        guard depth < Self.depthMax else {
            mode = .invalid
            return
        }
        let bit: UInt64 = 1 << UInt64(depth % 64)
        if isObject { objects[depth / 64] |= bit } else { objects[depth / 64] &= ~bit }
        depth += 1
        isInObject = isObject
        mode = isObject ? .keyOrEnd : .valueOrEnd
    }

    private mutating func close() {
        depth -= 1
        isInObject = depth > 0 && objects[(depth - 1) / 64] & (1 << UInt64((depth - 1) % 64)) != 0
        if depth == 1 { member = .other }
        mode = depth == 0 ? .end : .afterValue
    }

    private mutating func begin(literal rest: StaticString) {
        literal = ArraySlice(rest.description.utf8)
        mode = .literal
    }

    private mutating func literalByte(_ byte: UInt8) {
        guard literal.popFirst() == byte else {
            mode = .invalid
            return
        }
        if literal.isEmpty { mode = .afterValue }
    }

    // MARK: - Strings

    private mutating func beginString(isKey: Bool) {
        stringIsKey = isKey
        isCapturing = depth == 1 && (isKey || member == .lineage || member == .tool)
        captured.removeAll(keepingCapacity: true)
        mode = .string
    }

    private mutating func capture(_ byte: UInt8) {
        guard isCapturing else { return }
        captured.append(byte)
        // What is too long is no name and no fact that is wanted.
        if captured.count > Self.captureMax {
            captured.removeAll(keepingCapacity: true)
            isCapturing = false
        }
    }

    private mutating func stringByte(_ byte: UInt8) {
        if continuations > 0 {
            guard continuationRange.contains(byte) else {
                mode = .invalid
                return
            }
            continuations -= 1
            continuationRange = 0x80...0xBF
        } else if byte == UInt8(ascii: "\"") {
            endString()
            return
        } else if byte == UInt8(ascii: "\\") {
            mode = .escape
            return
        } else if byte >= 0x80 {
            beginCharacter(byte)
        } else if byte < 0x20 {
            mode = .invalid
        }
        capture(byte)
    }

    /// The second byte's range keeps overlong forms, surrogates and what is past U+10FFFF out.
    private mutating func beginCharacter(_ byte: UInt8) {
        switch byte {
        case 0xC2...0xDF: continuations = 1
        case 0xE0: (continuations, continuationRange) = (2, 0xA0...0xBF)
        case 0xED: (continuations, continuationRange) = (2, 0x80...0x9F)
        case 0xE1...0xEF: continuations = 2
        case 0xF0: (continuations, continuationRange) = (3, 0x90...0xBF)
        case 0xF1...0xF3: continuations = 3
        case 0xF4: (continuations, continuationRange) = (3, 0x80...0x8F)
        default: mode = .invalid
        }
    }

    private mutating func escapeByte(_ byte: UInt8) {
        mode = .string
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): capture(byte)
        case UInt8(ascii: "b"): capture(0x08)
        case UInt8(ascii: "f"): capture(0x0C)
        case UInt8(ascii: "n"): capture(0x0A)
        case UInt8(ascii: "r"): capture(0x0D)
        case UInt8(ascii: "t"): capture(0x09)
        case UInt8(ascii: "u"): (mode, unicodeDigits, unicodeValue) = (.unicode, 0, 0)
        default: mode = .invalid
        }
    }

    private mutating func unicodeByte(_ byte: UInt8) {
        guard let digit = hexadecimalValue(byte) else {
            mode = .invalid
            return
        }
        unicodeValue = unicodeValue << 4 | UInt32(digit)
        unicodeDigits += 1
        guard unicodeDigits == 4 else { return }
        mode = .string
        // Halves of surrogate pairs are captured as U+FFFD: no fact that is wanted has them.
        let scalar = Unicode.Scalar(unicodeValue) ?? "\u{FFFD}"
        for unit in String(scalar).utf8 { capture(unit) }
    }

    private mutating func endString() {
        let text = isCapturing ? String(decoding: captured, as: UTF8.self) : nil
        guard stringIsKey else {
            if depth == 1, let text { note(text) }
            endValue()
            return
        }
        mode = .colon
        if depth == 1 { meet(member: text) }
    }

    private mutating func meet(member name: String?) {
        switch name {
        case "serial": (member, facts.serial) = (.serial, nil)
        case "lineage": (member, facts.lineage) = (.lineage, nil)
        case "terraform_version": (member, facts.tool) = (.tool, nil)
        case "resources": (member, facts.resourceCount) = (.resources, nil)
        case "encrypted_data": (member, facts.isEncrypted) = (.other, true)
        default: member = .other
        }
    }

    private mutating func note(_ text: String) {
        switch member {
        case .lineage: facts.lineage = text
        case .tool: facts.tool = text
        default: return
        }
    }

    private mutating func endValue() {
        if depth == 1 { member = .other }
        mode = .afterValue
    }

    // MARK: - Numbers

    private mutating func beginNumber(_ byte: UInt8, _ first: Mode) {
        isCapturing = depth == 1 && member == .serial
        captured.removeAll(keepingCapacity: true)
        capture(byte)
        mode = first
    }

    private mutating func numberByte(_ byte: UInt8) {
        guard let following = Self.numberMode(after: mode, byte) else {
            endNumber(before: byte)
            return
        }
        mode = following
        capture(byte)
    }

    private static func numberMode(after mode: Mode, _ byte: UInt8) -> Mode? {
        let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        let isE = byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
        let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
        return switch mode {
        case .minus where byte == UInt8(ascii: "0"): .zero
        case .minus where isDigit, .integer where isDigit: .integer
        case .zero where byte == UInt8(ascii: "."), .integer where byte == UInt8(ascii: "."): .point
        case .point where isDigit, .fraction where isDigit: .fraction
        case .zero where isE, .integer where isE, .fraction where isE: .exponent
        case .exponent where isSign: .exponentSign
        case .exponent where isDigit, .exponentSign where isDigit: .exponentDigits
        case .exponentDigits where isDigit: .exponentDigits
        default: nil
        }
    }

    private mutating func endNumber(before byte: UInt8) {
        switch mode {
        case .zero, .integer, .fraction, .exponentDigits:
            if isCapturing { facts.serial = Int64(String(decoding: captured, as: UTF8.self)) }
            endValue()
            structuralByte(byte)
        default: mode = .invalid
        }
    }
}
