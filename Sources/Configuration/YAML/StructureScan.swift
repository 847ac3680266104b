/// Bounds the shape of a YAML text before a parser builds anything from it.
///
/// The parser recurses once for each level and compares keys by walking them, through aliases too. So
/// three things are refused here: deep nesting, many aliases, and keys that are not plain text (with
/// an alias in a key, a few lines can describe a key that takes years to compare). The scan follows
/// quotes, comments, flow and block styles closely enough to count; whether the text is YAML at all is
/// for the parser to say.
struct StructureScan {
    /// The levels of nesting that are allowed.
    static let depthMax = 64
    /// The `*aliases` that are allowed.
    static let aliasesMax = 64

    private let bytes: [UInt8]
    private let label: String
    private var position = 0
    private var line = 1
    private var lineStart = 0
    private var aliasCount = 0
    /// Columns of the block collections that are open.
    private var indents: [Int] = []
    private var flowDepth = 0

    /// Checks a text.
    ///
    /// - Throws: ``ConfigurationError`` with code `limit`.
    static func check(_ bytes: [UInt8], label: String) throws(ConfigurationError) {
        var scan = StructureScan(bytes: bytes, label: label)
        while scan.position < bytes.count { try scan.blockLine() }
    }

    private init(bytes: [UInt8], label: String) {
        self.bytes = bytes
        self.label = label
    }

    // MARK: - Lines in block style

    private mutating func blockLine() throws(ConfigurationError) {
        skipSpaces()
        guard let first = peek(), !isBreak(first) else { return nextLine() }
        if first == UInt8(ascii: "#") || first == UInt8(ascii: "%") { return nextLine() }
        if column == 0, isDocumentMarker {
            indents = []
            position += 3
            skipSpaces()
        }
        while let last = indents.last, last >= column { indents.removeLast() }
        try openDashes()
        let parent = indents.last ?? -1
        try open(column)
        let hasKey = try nodes()
        if case .some(let open) = openScalar {
            openScalar = nil
            nextLine()
            skipLines(deeperThan: hasKey ? (indents.last ?? -1) : parent, of: open)
        } else {
            nextLine()
        }
    }

    private enum OpenScalar { case block, plain }
    /// A scalar at the end of a line that the following, deeper lines belong to.
    private var openScalar: OpenScalar?

    private var isDocumentMarker: Bool {
        guard position + 3 <= bytes.count else { return false }
        let marker = bytes[position..<position + 3]
        return marker.elementsEqual("---".utf8) || marker.elementsEqual("...".utf8)
    }

    /// `- - ` opens a level for each dash.
    ///
    /// `? ` would make a key of anything.
    private mutating func openDashes() throws(ConfigurationError) {
        while let byte = peek(), isBlank(peek(1)) {
            guard byte == UInt8(ascii: "-") else {
                if byte == UInt8(ascii: "?") { throw collectionKey() }
                return
            }
            try open(column)
            position += 1
            skipSpaces()
        }
    }

    private mutating func open(_ column: Int) throws(ConfigurationError) {
        indents.append(column)
        try checkDepth()
    }

    private func checkDepth() throws(ConfigurationError) {
        guard indents.count + flowDepth > Self.depthMax else { return }
        throw limit("blocks are nested more than \(Self.depthMax) deep here")
    }

    /// Skips lines that continue a scalar, which may look like anything.
    private mutating func skipLines(deeperThan parent: Int, of kind: OpenScalar) {
        while position < bytes.count {
            let start = position
            skipSpaces()
            guard let first = peek(), !isBreak(first) else {
                nextLine()
                continue
            }
            let endsPlain = kind == .plain && first == UInt8(ascii: "#")
            guard column > parent, !endsPlain, !(column == 0 && isDocumentMarker) else {
                position = start
                return
            }
            nextLine()
        }
    }

    // MARK: - What stands on a line, and flow style, which runs over lines

    /// Scans the rest of a line; returns whether it held a `key:`.
    private mutating func nodes() throws(ConfigurationError) -> Bool {
        var hasKey = false
        openScalar = nil
        while let byte = peek() {
            if flowDepth == 0, isBreak(byte) { return hasKey }
            if isBreak(byte) {
                nextLine()
            } else if isBlank(byte) {
                position += 1
            } else if byte == UInt8(ascii: "#"), isBlank(peek(-1)) {
                skipToBreak()
            } else if isSeparator(byte) {
                hasKey = true
                openScalar = nil
                position += 1
            } else {
                try node(byte)
            }
        }
        return hasKey
    }

    private mutating func node(_ byte: UInt8) throws(ConfigurationError) {
        openScalar = nil
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): quoted(byte)
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            flowDepth += 1
            position += 1
            try checkDepth()
        case UInt8(ascii: "]"), UInt8(ascii: "}"):
            flowDepth = max(0, flowDepth - 1)
            position += 1
            try refuseKey()
        case UInt8(ascii: ","): position += 1
        case UInt8(ascii: "&"), UInt8(ascii: "!"): skipName()
        case UInt8(ascii: "*"): try alias()
        case UInt8(ascii: "?") where flowDepth > 0 && isBlank(peek(1)): throw collectionKey()
        case UInt8(ascii: "|"), UInt8(ascii: ">"):
            guard flowDepth == 0 else { return plain() }
            skipToBreak()
            openScalar = .block
        default: plain()
        }
    }

    private mutating func alias() throws(ConfigurationError) {
        aliasCount += 1
        guard aliasCount <= Self.aliasesMax else {
            throw limit("the file has more than \(Self.aliasesMax) aliases (*name)")
        }
        skipName()
        try refuseKey()
    }

    /// Throws when a `:` makes a key of what was just passed.
    private mutating func refuseKey() throws(ConfigurationError) {
        let start = (position, line, lineStart)
        while let byte = peek(), isBlank(byte) {
            if isBreak(byte), flowDepth == 0 { break }
            if isBreak(byte) { nextLine() } else { position += 1 }
        }
        if let byte = peek(), isSeparator(byte) { throw collectionKey() }
        (position, line, lineStart) = start
    }

    private mutating func quoted(_ quote: UInt8) {
        position += 1
        while let byte = peek() {
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                position += 1
            } else if byte == quote {
                guard quote == UInt8(ascii: "'"), peek(1) == quote else { break }
                position += 1
            }
            if let skipped = peek(), isBreak(skipped) { nextLine() } else { position += 1 }
        }
        position = min(position + 1, bytes.count)
    }

    private mutating func plain() {
        while let byte = peek(), !isBreak(byte) {
            if isSeparator(byte) { return }
            if byte == UInt8(ascii: "#"), isBlank(peek(-1)) { return }
            if flowDepth > 0, isFlowIndicator(byte) { return }
            position += 1
        }
        openScalar = .plain
    }

    private mutating func skipName() {
        position += 1
        while let byte = peek(), !isBlank(byte) {
            if flowDepth > 0, isFlowIndicator(byte) { return }
            position += 1
        }
    }

    // MARK: - Bytes

    private var column: Int { position - lineStart }

    private func peek(_ offset: Int = 0) -> UInt8? {
        let index = position + offset
        return bytes.indices.contains(index) ? bytes[index] : nil
    }

    private func isBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    /// A space, a tab, a line break or an end of the file.
    private func isBlank(_ byte: UInt8?) -> Bool {
        guard let byte else { return true }
        return byte == 0x20 || byte == 0x09 || isBreak(byte)
    }

    private func isFlowIndicator(_ byte: UInt8) -> Bool { ",[]{}".utf8.contains(byte) }

    private func isSeparator(_ byte: UInt8) -> Bool {
        guard byte == UInt8(ascii: ":") else { return false }
        if isBlank(peek(1)) { return true }
        guard flowDepth > 0, let before = peek(-1) else { return false }
        return "\"']}".utf8.contains(before) || peek(1).map(isFlowIndicator) == true
    }

    private mutating func skipSpaces() {
        while peek() == 0x20 || peek() == 0x09 { position += 1 }
    }

    private mutating func skipToBreak() {
        while let byte = peek(), !isBreak(byte) { position += 1 }
    }

    private mutating func nextLine() {
        skipToBreak()
        if peek() == 0x0D { position += 1 }
        if peek() == 0x0A { position += 1 }
        line += 1
        lineStart = position
    }

    private func limit(_ message: String) -> ConfigurationError {
        ConfigurationError(
            .limit, at: SourceLocation(file: label, line: line, column: column + 1), message)
    }

    private func collectionKey() -> ConfigurationError {
        ConfigurationError(
            .limit, at: SourceLocation(file: label, line: line, column: column + 1),
            "a key must be plain text, not a list, a mapping or an alias")
    }
}
