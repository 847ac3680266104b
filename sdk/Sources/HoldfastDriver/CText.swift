internal import CHoldfast

// Conversions between Swift values and the C structs of the interface. Pointers that these helpers
// lend are valid only inside the closure.

extension String {
    /// Copies text of the interface; what is not UTF-8 in it is replaced.
    ///
    /// Filling the string's own memory is faster than decoding: most texts are short enough for none.
    @inline(__always)
    init(text: holdfast_text) {
        let source = unsafe text.buffer
        self = unsafe String(unsafeUninitializedCapacity: source.count) { space in
            unsafe space.initialize(fromContentsOf: source)
        }
    }

    /// Lends this string as text of the interface.
    func withText<Result>(_ body: (holdfast_text) -> Result) -> Result {
        let bytes = utf8.span
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe body(holdfast_text(lending: buffer))
        }
    }
}

extension holdfast_text {
    /// The bytes, borrowed for as long as the text is.
    var buffer: UnsafeBufferPointer<UInt8> {
        let start = unsafe UnsafeRawPointer(data)?.assumingMemoryBound(to: UInt8.self)
        return unsafe UnsafeBufferPointer(start: start, count: start == nil ? 0 : Int(size))
    }

    /// Text over borrowed bytes.
    init(lending buffer: UnsafeBufferPointer<UInt8>) {
        let start = unsafe UnsafeRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
        unsafe self.init(data: start, size: UInt64(buffer.count))
    }
}

extension [UInt8] {
    /// Copies bytes of the interface.
    init(text: holdfast_text) { self = unsafe Array(text.buffer) }

    /// Lends these bytes as text of the interface.
    func withText<Result>(_ body: (holdfast_text) -> Result) -> Result {
        unsafe withUnsafeBufferPointer { buffer in unsafe body(holdfast_text(lending: buffer)) }
    }
}

extension ObjectKey {
    init(_ key: holdfast_key) {
        unsafe self.init(
            collection: String(text: key.collection), workspace: String(text: key.workspace),
            path: String(text: key.path))
    }
}

extension Condition {
    /// The condition, or `nil` when its kind is newer than this SDK.
    init?(_ condition: holdfast_condition) {
        switch unsafe condition.kind {
        case HOLDFAST_CONDITION_NONE: self = .none
        case HOLDFAST_CONDITION_ABSENT: self = .absent
        case HOLDFAST_CONDITION_VERSION:
            self = unsafe .version(Version(token: Array(text: condition.version)))
        default: return nil
        }
    }
}

extension [Attribute] {
    /// Copies attributes; the stride tells where each element starts.
    init(_ items: UnsafePointer<holdfast_attribute>?, count: UInt32, stride: UInt32) {
        guard count > 0, let items = unsafe items else {
            self = []
            return
        }
        let base = unsafe UnsafeRawPointer(items)
        self = (0..<Int(count)).map { index in
            let item = unsafe base.advanced(by: index * Int(stride))
                .assumingMemoryBound(to: holdfast_attribute.self)
            return unsafe Attribute(
                name: String(text: item.pointee.name), value: String(text: item.pointee.value))
        }
    }
}

extension ObjectInfo {
    /// Lends this information as a C struct.
    func withC(_ body: (UnsafePointer<holdfast_info>) -> holdfast_status) -> holdfast_status {
        if attributes.isEmpty {
            return unsafe withC(UnsafeBufferPointer(start: nil, count: 0), body)
        }
        return unsafe attributes.withC { items in unsafe withC(items, body) }
    }

    @inline(__always)
    private func withC(
        _ items: UnsafeBufferPointer<holdfast_attribute>,
        _ body: (UnsafePointer<holdfast_info>) -> holdfast_status
    ) -> holdfast_status {
        unsafe version.token.withText { token in
            var value = unsafe holdfast_info()
            unsafe value.size = UInt32(MemoryLayout<holdfast_info>.size)
            unsafe value.version = token
            unsafe value.bytes = byteCount
            unsafe value.modified_ns = modifiedNanoseconds
            unsafe value.attributes = items.baseAddress
            unsafe value.attribute_count = UInt32(items.count)
            unsafe value.attribute_stride = UInt32(MemoryLayout<holdfast_attribute>.stride)
            return unsafe withUnsafePointer(to: &value) { unsafe body($0) }
        }
    }
}

extension [Attribute] {
    /// Lends these attributes as C structs over one block of bytes that holds all their text.
    func withC<Result>(_ body: (UnsafeBufferPointer<holdfast_attribute>) -> Result) -> Result {
        guard !isEmpty else { return unsafe body(UnsafeBufferPointer(start: nil, count: 0)) }
        var block: [UInt8] = []
        for attribute in self {
            block.append(contentsOf: attribute.name.utf8)
            block.append(contentsOf: attribute.value.utf8)
        }
        return unsafe block.withUnsafeBufferPointer { bytes in
            var offset = 0
            func take(_ count: Int) -> holdfast_text {
                defer { offset += count }
                return unsafe holdfast_text(
                    lending: .init(rebasing: bytes[offset..<offset + count]))
            }
            let items = unsafe map { attribute in
                unsafe holdfast_attribute(
                    size: UInt32(MemoryLayout<holdfast_attribute>.size), flags: 0,
                    name: take(attribute.name.utf8.count), value: take(attribute.value.utf8.count))
            }
            return unsafe items.withUnsafeBufferPointer { unsafe body($0) }
        }
    }
}

extension Entry {
    /// Lends this entry as a C struct.
    func withC(_ body: (UnsafePointer<holdfast_entry>) -> holdfast_status) -> holdfast_status {
        unsafe info.withC { value in
            unsafe path.withText { path in
                var entry = unsafe holdfast_entry(
                    size: UInt32(MemoryLayout<holdfast_entry>.size), flags: 0, path: path,
                    info: value)
                return unsafe withUnsafePointer(to: &entry) { unsafe body($0) }
            }
        }
    }
}
