internal import CHoldfast

// Copies of what a driver hands out through a sink. A value that breaks the interface is never used:
// each of these throws the defect in words, and the call fails with it.

/// What a driver did against the interface, in words that follow "the driver".
struct Defect: Error {
    var text: String

    init(_ text: String) { self.text = text }
}

/// The bytes that each struct of a driver has at least.
///
/// They stay as they are when a minor version of the interface appends a field: a driver that was built
/// before is not refused for lacking it. Who reads such a field looks at the struct's size first.
enum LeastSize {
    static let attribute = 40
    static let capability = 56
    static let clock = 40
    static let driver = 176
    static let entry = 32
    static let error = 88
    static let info = 56
}

/// Whether a struct of a driver reaches as far as the host needs it to.
private func checkSize(_ size: UInt32, _ least: Int, _ name: String) throws(Defect) {
    guard Int(size) >= least else {
        throw Defect("gave a \(name) of only \(size) bytes")
    }
}

extension ObjectInfo {
    /// Copies a driver's information of an object.
    ///
    /// - Parameters:
    ///   - pointer: What the driver gave.
    ///   - mayLackVersion: Whether it is one that may leave out its version.
    /// - Throws: ``Defect`` when it breaks the interface.
    init(
        _ pointer: UnsafePointer<holdfast_info>?, mayLackVersion: Bool = false
    ) throws(Defect) {
        guard let info = unsafe pointer else { throw Defect("gave no object information") }
        try unsafe checkSize(info.pointee.size, LeastSize.info, "holdfast_info")
        let token = unsafe info.pointee.version.checked(most: 256)
        guard let token = unsafe token, mayLackVersion || !token.isEmpty else {
            throw Defect("gave a version that is not 1 to 256 bytes long")
        }
        let (items, count) = unsafe (info.pointee.attributes, info.pointee.attribute_count)
        let attributes =
            count == 0
            ? [] : try unsafe copyAttributes(items, count, info.pointee.attribute_stride)
        unsafe self.init(
            version: Version(token: Array(token)), byteCount: info.pointee.bytes,
            modifiedNanoseconds: info.pointee.modified_ns, attributes: attributes)
    }
}

private func copyAttributes(
    _ items: UnsafePointer<holdfast_attribute>?, _ count: UInt32, _ stride: UInt32
) throws(Defect) -> [Attribute] {
    let most: UInt64 = 1536
    guard let items = unsafe items, UInt64(count) <= most,
        Int(stride) >= LeastSize.attribute, stride % 8 == 0
    else { throw Defect("gave an array of attributes that cannot be read") }
    let base = unsafe UnsafeRawPointer(items)
    var result: [Attribute] = []
    result.reserveCapacity(Int(count))
    for index in 0..<Int(count) {
        let item = unsafe base.advanced(by: index * Int(stride))
            .assumingMemoryBound(to: holdfast_attribute.self)
        guard let name = unsafe String(checking: item.pointee.name, most: 64), !name.isEmpty,
            let value = unsafe String(checking: item.pointee.value, most: most)
        else { throw Defect("gave an attribute that is too long or not UTF-8") }
        result.append(Attribute(name: name, value: value))
    }
    return result
}

extension Entry {
    /// Copies one entry of a driver's listing; it may lack a version where no attributes were wanted.
    init(_ pointer: UnsafePointer<holdfast_entry>, of request: ListRequest) throws(Defect) {
        try unsafe checkSize(pointer.pointee.size, LeastSize.entry, "holdfast_entry")
        guard let path = unsafe String(checking: pointer.pointee.path, most: 640), !path.isEmpty
        else {
            throw Defect("listed a path that is empty, too long or not UTF-8")
        }
        let info = try unsafe ObjectInfo(
            pointer.pointee.info, mayLackVersion: !request.wantsAttributes)
        self.init(path: path, info: info)
    }
}

extension CapabilityReport {
    /// Copies a driver's capability.
    init(_ pointer: UnsafePointer<holdfast_capability>?) throws(Defect) {
        guard let value = unsafe pointer else { throw Defect("gave no capability") }
        try unsafe checkSize(value.pointee.size, LeastSize.capability, "holdfast_capability")
        guard let id = unsafe String(checking: value.pointee.id, most: 64), !id.isEmpty,
            let note = unsafe String(checking: value.pointee.note, most: 4096)
        else { throw Defect("gave a capability whose id or note is too long or not UTF-8") }
        unsafe self.init(
            id: id, level: CapabilityLevel(rawValue: value.pointee.level),
            limit: value.pointee.limit, note: note)
    }
}

extension StoreClock {
    /// Copies a driver's clock; `nil` when the store has none.
    static func copy(_ pointer: UnsafePointer<holdfast_clock>?) throws(Defect) -> StoreClock? {
        guard let clock = unsafe pointer else { throw Defect("gave no clock") }
        try unsafe checkSize(clock.pointee.size, LeastSize.clock, "holdfast_clock")
        guard let domain = unsafe String(checking: clock.pointee.domain, most: 256) else {
            throw Defect("gave a clock whose domain is too long or not UTF-8")
        }
        let (now, uncertainty) = unsafe (clock.pointee.now_ns, clock.pointee.uncertainty_ns)
        guard uncertainty >= 0 else { throw Defect("gave a clock with a negative uncertainty") }
        return domain.isEmpty
            ? nil
            : StoreClock(domain: domain, nowNanoseconds: now, uncertaintyNanoseconds: uncertainty)
    }
}

extension DriverFailure {
    /// Copies a driver's report.
    ///
    /// What is out of range is taken in the most careful way.
    init(_ error: UnsafePointer<holdfast_error>) {
        let version = unsafe error.pointee.current_version.checked(most: 256)
        let retry: Retry
        switch unsafe error.pointee.retry {
        case HOLDFAST_RETRY_SAME:
            retry = unsafe .same(afterNanoseconds: error.pointee.retry_after_ns)
        case HOLDFAST_RETRY_REOPEN: retry = .reopen
        default: retry = .never
        }
        unsafe self.init(
            Code(status: error.pointee.status), String(message: error.pointee.message),
            applied: Applied(rawValue: error.pointee.applied) ?? .unknown, retry: retry,
            vendorCode: error.pointee.vendor_code,
            vendorName: String(message: error.pointee.vendor_name),
            currentVersion: version.flatMap { unsafe $0.isEmpty ? nil : Version(token: Array($0)) },
            change: error.pointee.change == 0 ? nil : Int(error.pointee.change))
    }
}
