internal import Glibc

// What a driver may answer. Nonsense becomes an error that names the driver before anyone acts on it.

/// Makes the error for an answer that breaks the driver contract.
func nonsense(_ what: String, applied: HostError.Applied = .no) -> HostError {
    HostError(
        .internalError, "the driver broke its contract: \(what)",
        advice: "report this to the driver's vendor", applied: applied)
}

extension ObjectInfo {
    /// Throws unless the driver may report this.
    func check(applied: HostError.Applied = .no) throws(HostError) {
        let count = version.token.count
        guard (1...Limits.versionBytes).contains(count) else {
            throw nonsense(
                "a version of \(count) bytes, it must have 1 to \(Limits.versionBytes)",
                applied: applied)
        }
    }

    /// Throws unless this is what a put of these attributes and bytes reports.
    func check(
        against request: PutRequest, _ source: TrackedSource
    ) throws(HostError) {
        // Something was written, and nobody can tell what.
        let applied = HostError.Applied.unknown
        try check(applied: applied)
        guard source.isComplete else {
            throw nonsense(
                "it reported success after \(source.byteCount) bytes, before the source's end",
                applied: applied)
        }
        guard byteCount == source.byteCount else {
            throw nonsense(
                "it reported \(byteCount) bytes and was given \(source.byteCount)",
                applied: applied)
        }
        guard haveEqualBytes(attributes, request.attributes) else {
            throw nonsense("the attributes came back changed", applied: applied)
        }
    }
}

/// Holds one get to the contract: information first and once, then exactly the bytes of the range.
struct ReadCheck: ~Copyable {
    private let range: ByteRange
    private var info: ObjectInfo?
    private var received: UInt64 = 0

    init(_ range: ByteRange) { self.range = range }

    private var expected: UInt64 {
        guard let info, range.offset < info.byteCount else { return 0 }
        return min(range.length, info.byteCount - range.offset)
    }

    mutating func begin(_ info: ObjectInfo) throws(HostError) {
        guard self.info == nil else { throw nonsense("it sent an object's information twice") }
        try info.check()
        self.info = info
    }

    mutating func receive(_ count: Int) throws(HostError) {
        guard info != nil else { throw nonsense("it sent bytes before the information") }
        received += UInt64(count)
        guard received <= expected else {
            throw nonsense("it sent more than the \(expected) bytes that were asked for")
        }
    }

    func finish(_ result: ObjectInfo?) throws(HostError) {
        guard let result else {
            guard info == nil else { throw nonsense("it sent an object and reported none") }
            return
        }
        guard let info else { throw nonsense("it reported an object and sent none") }
        guard result.version == info.version else {
            throw nonsense("it began with one version of the object and ended with another")
        }
        guard received == expected else {
            throw nonsense("it sent \(received) bytes of \(expected)")
        }
    }
}

/// Throws unless the driver may answer `listing` with this page.
func check(_ page: [Entry], of listing: Listing) throws(HostError) {
    guard page.count <= listing.limit else {
        throw nonsense("it listed \(page.count) entries, at most \(listing.limit) were asked for")
    }
    var previous = listing.startAfter
    for entry in page {
        // Listings may leave versions out; those that carry attributes may not.
        if listing.wantsAttributes || entry.info.version != .unlisted { try entry.info.check() }
        guard !entry.path.isEmpty, entry.path.utf8.starts(with: listing.prefix.utf8) else {
            throw nonsense("it listed \(shown(entry.path)), outside of the prefix")
        }
        guard previous.utf8.lexicographicallyPrecedes(entry.path.utf8) else {
            throw nonsense("it listed \(shown(entry.path)) after \(shown(previous))")
        }
        previous = entry.path
    }
}

/// Whether two texts are the same to the byte: equal letters may be different bytes.
func haveEqualBytes(_ left: String, _ right: String) -> Bool {
    guard left.utf8.count == right.utf8.count else { return false }
    guard !left.isEmpty else { return true }
    var (left, right) = (left, right)
    return left.withUTF8 { left in
        right.withUTF8 { right in
            guard let start = left.baseAddress, let other = right.baseAddress else {
                return false
            }
            return unsafe memcmp(start, other, left.count) == 0
        }
    }
}

/// Whether two sets of attributes are the same to the byte.
private func haveEqualBytes(_ left: [String: String], _ right: [String: String]) -> Bool {
    left.count == right.count
        && left.allSatisfy { name, value in
            right[name].map { haveEqualBytes($0, value) } ?? false
        }
}
