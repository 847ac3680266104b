internal import CHoldfast
internal import HoldfastLoader

// C structs over values of messages. The pointers are valid only inside the closure.

extension WireInfo {
    func withC<Value>(_ body: (UnsafePointer<holdfast_info>) -> Value) -> Value {
        let named = attributes.map { Attribute(name: $0.name, value: $0.value) }
        return unsafe version.withText { version in
            unsafe named.withC { items, count in
                var info = unsafe holdfast_info(
                    size: UInt32(MemoryLayout<holdfast_info>.size), flags: 0, version: version,
                    bytes: bytes, modified_ns: modified, attributes: items, attribute_count: count,
                    attribute_stride: UInt32(MemoryLayout<holdfast_attribute>.stride))
                return unsafe body(&info)
            }
        }
    }
}

extension WireCapability {
    func withC<Value>(_ body: (UnsafePointer<holdfast_capability>) -> Value) -> Value {
        unsafe id.withText { id in
            unsafe note.withText { note in
                var value = unsafe holdfast_capability(
                    size: UInt32(MemoryLayout<holdfast_capability>.size), flags: 0, id: id,
                    level: level, reserved: 0, limit: limit, note: note)
                return unsafe body(&value)
            }
        }
    }
}

extension WireClock {
    func withC<Value>(_ body: (UnsafePointer<holdfast_clock>) -> Value) -> Value {
        unsafe domain.withText { domain in
            var value = unsafe holdfast_clock(
                size: UInt32(MemoryLayout<holdfast_clock>.size), flags: 0, domain: domain,
                now_ns: now, uncertainty_ns: uncertainty)
            return unsafe body(&value)
        }
    }
}

extension WireFailure {
    /// Tells the host why a call fails.
    func report(_ call: UnsafePointer<holdfast_call>?) {
        let host = HostTable.shared
        unsafe message.withText { message in
            unsafe vendorName.withText { vendor in
                unsafe currentVersion.withText { version in
                    var error = unsafe holdfast_error(
                        size: UInt32(MemoryLayout<holdfast_error>.size), flags: 0, status: status,
                        applied: applied, retry: retry, change: change, retry_after_ns: retryAfter,
                        vendor_code: vendorCode, vendor_name: vendor, message: message,
                        current_version: version)
                    unsafe host.pointer.pointee.fail(call, &error)
                }
            }
        }
    }
}

extension holdfast_text {
    /// A copy of the text.
    var string: String { unsafe String(decoding: buffer, as: UTF8.self) }
}

extension WireCall {
    init(_ call: UnsafePointer<holdfast_call>?) {
        self.init()
        deadline = .max
        attempt = 1
        guard let call = unsafe call else { return }
        unsafe id = call.pointee.id
        unsafe deadline = call.pointee.deadline_ns
        unsafe attempt = call.pointee.attempt
        unsafe traceParent = call.pointee.trace_parent.string
        unsafe idempotencyKey = call.pointee.idempotency_key.string
    }
}

extension WireKey {
    init(_ key: UnsafePointer<holdfast_key>) {
        self.init()
        unsafe collection = key.pointee.collection.string
        unsafe workspace = key.pointee.workspace.string
        unsafe path = key.pointee.path.string
    }
}

extension WireCondition {
    /// The condition, or `nil` when its kind is not known.
    init?(_ condition: UnsafePointer<holdfast_condition>) {
        self.init()
        switch unsafe condition.pointee.kind {
        case HOLDFAST_CONDITION_NONE: kind = .none
        case HOLDFAST_CONDITION_ABSENT: kind = .absent
        case HOLDFAST_CONDITION_VERSION:
            kind = .version
            version = unsafe Array(condition.pointee.version.buffer)
        default: return nil
        }
    }
}

extension WireAttribute {
    /// The attributes of a put.
    static func all(_ put: UnsafePointer<holdfast_put>) -> [WireAttribute] {
        unsafe all(
            put.pointee.attributes, put.pointee.attribute_count, put.pointee.attribute_stride)
    }

    /// The attributes of an array.
    static func all(
        _ items: UnsafePointer<holdfast_attribute>?, _ count: UInt32, _ stride: UInt32
    ) -> [WireAttribute] {
        guard let first = unsafe UnsafeRawPointer(items) else { return [] }
        return (0..<Int(count)).map { index in
            let item = unsafe (first + index * Int(stride))
                .assumingMemoryBound(to: holdfast_attribute.self)
            var wire = WireAttribute()
            unsafe wire.name = item.pointee.name.string
            unsafe wire.value = item.pointee.value.string
            return wire
        }
    }
}

extension WireOption {
    /// The options of an opening.
    static func all(_ options: UnsafePointer<holdfast_options>) -> [WireOption] {
        guard let first = unsafe UnsafeRawPointer(options.pointee.items) else { return [] }
        let (count, stride) = unsafe (options.pointee.count, options.pointee.stride)
        return (0..<Int(count)).map { index in
            let item = unsafe (first + index * Int(stride))
                .assumingMemoryBound(to: holdfast_option.self)
            var wire = WireOption()
            unsafe wire.type = item.pointee.type
            unsafe wire.name = item.pointee.name.string
            unsafe wire.text = item.pointee.text.string
            unsafe wire.number = item.pointee.number
            return wire
        }
    }
}
