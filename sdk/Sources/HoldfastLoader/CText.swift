package import CHoldfast

// Conversions between Swift values and the C structs of the interface. Pointers that these lend are
// valid only inside the closure. What a driver hands out is checked before it is copied.

extension String {
    /// Lends this string as text of the interface.
    @inline(__always)
    package func withText<Result>(_ body: (holdfast_text) -> Result) -> Result {
        let bytes = utf8.span
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe body(holdfast_text(lending: buffer))
        }
    }

    /// Copies a driver's text; `nil` when it is too long, not UTF-8, or a size without bytes.
    init?(checking text: holdfast_text, most: UInt64) {
        guard let buffer = unsafe text.checked(most: most) else { return nil }
        guard let span = unsafe try? UTF8Span(validating: buffer.span) else { return nil }
        self = String(copying: span)
    }

    /// Copies a driver's message: the first bytes of it, on one line.
    init(message text: holdfast_text) {
        guard unsafe text.data != nil else {
            self = ""
            return
        }
        let shown = unsafe holdfast_text(data: text.data, size: Swift.min(text.size, 4096)).buffer
        let copy = unsafe String(decoding: shown, as: UTF8.self)
        self =
            copy.contains(where: \.isControl) ? String(copy.map { $0.isControl ? " " : $0 }) : copy
    }
}

extension Character {
    fileprivate var isControl: Bool {
        unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}

extension holdfast_text {
    /// The bytes, borrowed for as long as the text is.
    package var buffer: UnsafeBufferPointer<UInt8> {
        let start = unsafe UnsafeRawPointer(data)?.assumingMemoryBound(to: UInt8.self)
        return unsafe UnsafeBufferPointer(start: start, count: start == nil ? 0 : Int(size))
    }

    /// The bytes, or `nil` when a driver gave more than `most` or a size without bytes.
    func checked(most: UInt64) -> UnsafeBufferPointer<UInt8>? {
        guard unsafe size <= most, unsafe size == 0 || data != nil else { return nil }
        return unsafe buffer
    }

    /// Text over borrowed bytes.
    init(lending buffer: UnsafeBufferPointer<UInt8>) {
        let start = unsafe UnsafeRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
        unsafe self.init(data: start, size: UInt64(buffer.count))
    }
}

extension [UInt8] {
    /// Lends these bytes as text of the interface.
    package func withText<Result>(_ body: (holdfast_text) -> Result) -> Result {
        unsafe withUnsafeBufferPointer { buffer in unsafe body(holdfast_text(lending: buffer)) }
    }
}

extension ObjectKey {
    /// Lends this key as a C struct.
    @inline(__always)
    func withC(_ body: (UnsafePointer<holdfast_key>) -> holdfast_status) -> holdfast_status {
        unsafe collection.withText { collection in
            unsafe workspace.withText { workspace in
                unsafe path.withText { path in
                    var key = unsafe holdfast_key(
                        size: UInt32(MemoryLayout<holdfast_key>.size), flags: 0,
                        collection: collection, workspace: workspace, path: path)
                    return unsafe body(&key)
                }
            }
        }
    }
}

extension Condition {
    /// Lends this condition as a C struct.
    func withC<Result>(_ body: (UnsafePointer<holdfast_condition>) -> Result) -> Result {
        func lend(_ kind: holdfast_condition_kind, _ version: holdfast_text) -> Result {
            var condition = unsafe holdfast_condition(
                size: UInt32(MemoryLayout<holdfast_condition>.size), kind: kind, version: version)
            return unsafe body(&condition)
        }
        switch self {
        case .none: return unsafe lend(HOLDFAST_CONDITION_NONE, holdfast_text())
        case .absent: return unsafe lend(HOLDFAST_CONDITION_ABSENT, holdfast_text())
        case .version(let version):
            return unsafe version.token.withText { unsafe lend(HOLDFAST_CONDITION_VERSION, $0) }
        }
    }
}

/// One block of bytes that many texts point into, so that a whole array costs two allocations.
package struct TextBlock {
    private var bytes: [UInt8] = []

    /// Makes an empty block.
    package init() {}

    /// Appends text and returns where it lies.
    package mutating func append(_ text: String) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return start..<bytes.count
    }

    /// Appends bytes and returns where they lie.
    package mutating func append(_ bytes: [UInt8]) -> Range<Int> {
        let start = self.bytes.count
        self.bytes += bytes
        return start..<self.bytes.count
    }

    /// Lends the block; the closure's argument turns a range into text.
    package func withTexts<Result>(_ body: ((Range<Int>) -> holdfast_text) -> Result) -> Result {
        unsafe bytes.withUnsafeBufferPointer { block in
            unsafe body { range in unsafe holdfast_text(lending: .init(rebasing: block[range])) }
        }
    }
}

extension [Attribute] {
    /// Lends these attributes as C structs.
    @inline(__always)
    package func withC<Result>(_ body: (UnsafePointer<holdfast_attribute>?, UInt32) -> Result)
        -> Result
    {
        isEmpty ? body(nil, 0) : unsafe withCopies(body)
    }

    private func withCopies<Result>(
        _ body: (UnsafePointer<holdfast_attribute>?, UInt32) -> Result
    ) -> Result {
        var block = TextBlock()
        let places = map { (block.append($0.name), block.append($0.value)) }
        return unsafe block.withTexts { text in
            let items = unsafe places.map { name, value in
                unsafe holdfast_attribute(
                    size: UInt32(MemoryLayout<holdfast_attribute>.size), flags: 0,
                    name: text(name), value: text(value))
            }
            return unsafe items.withUnsafeBufferPointer { items in
                unsafe body(items.baseAddress, UInt32(items.count))
            }
        }
    }
}

extension [OptionValue] {
    /// Lends these options as a C struct.
    func withC<Result>(
        flags: UInt32, _ body: (UnsafePointer<holdfast_options>) -> Result
    ) -> Result {
        var block = TextBlock()
        let places = map { option -> (Range<Int>, Range<Int>) in
            guard case .text(let text) = option.value else {
                return (block.append(option.name), 0..<0)
            }
            return (block.append(option.name), block.append(text))
        }
        return unsafe block.withTexts { text in
            let items = unsafe zip(self, places).map { option, place in
                var number: Int64 = 0
                if case .number(let value) = option.value { number = value }
                return unsafe holdfast_option(
                    size: UInt32(MemoryLayout<holdfast_option>.size), type: option.type.rawValue,
                    name: text(place.0), text: text(place.1), number: number)
            }
            return unsafe items.withUnsafeBufferPointer { items in
                var options = unsafe holdfast_options(
                    size: UInt32(MemoryLayout<holdfast_options>.size), flags: flags,
                    items: items.baseAddress, count: UInt32(items.count),
                    stride: UInt32(MemoryLayout<holdfast_option>.stride))
                return unsafe body(&options)
            }
        }
    }
}
