internal import HoldfastLoader

/// One lock file: the drivers that it pins, and its policy.
struct DriversLock: Sendable {
    /// The only version of the format there is.
    static let formatVersion: Int64 = 1

    /// The pins by driver id.
    private(set) var pins: [String: DriverPin] = [:]
    /// Which drivers may be used.
    private(set) var policy = DriverPolicy()
    /// Where it is, and whose.
    let place: DriverLockPlaces.Place

    /// Reads a lock file strictly: a misspelt key could be a rule that then protects nothing.
    ///
    /// - Parameters:
    ///   - bytes: The file's bytes.
    ///   - place: Where they come from.
    /// - Throws: ``HostError`` with code `driversLock` and the line.
    init(_ bytes: [UInt8], at place: DriverLockPlaces.Place) throws(HostError) {
        self.place = place
        let text: ManifestText
        do throws(LoaderError) {
            text = try ManifestText(bytes, path: place.path)
        } catch {
            throw .driversLock("\(error.path): \(error.message)")
        }
        try checkVersion(text)
        for (table, line) in text.tables where table != "policy" {
            try addPin(table, line, text)
        }
        try readPolicy(text)
        try checkKeys(text)
    }

    private func failure(_ line: Int?, _ message: String, advice: String? = nil) -> HostError {
        .driversLock("\(place.path)\(line.map { ":\($0)" } ?? ""): \(message)", advice: advice)
    }

    private func checkVersion(_ text: ManifestText) throws(HostError) {
        guard let item = text.items["lock_version"] else {
            throw failure(nil, "lock_version is missing")
        }
        guard case .integer(let version) = item.value, version > 0 else {
            throw failure(item.line, "lock_version is no version")
        }
        guard version == Self.formatVersion else {
            throw failure(
                item.line,
                "it has lock version \(version); this program knows \(Self.formatVersion)",
                advice: "update Holdfast, or write the file anew for this version")
        }
    }

    private mutating func addPin(
        _ table: String, _ line: Int, _ text: ManifestText
    ) throws(HostError) {
        guard table.hasPrefix("driver.") else {
            throw failure(line, "[\(table)] is neither [policy] nor [driver.<id>]")
        }
        let id = String(table.dropFirst("driver.".count))
        guard isDriverID(id) else { throw failure(line, "\(shown(id)) is no driver's id") }
        var found: [String] = []
        for key in Self.digestKeys {
            guard let item = text.items["\(table).\(key)"] else {
                throw failure(line, "[\(table)] has no \(key)")
            }
            guard case .string(let digest) = item.value, DriverDigests.isDigest(digest) else {
                throw failure(item.line, "\(key) is not 64 hexadecimal digits in lower case")
            }
            found.append(digest)
        }
        pins[id] = DriverPin(
            digests: DriverDigests(library: found[0], manifest: found[1]), file: place.path,
            line: line, origin: place.origin)
    }

    private static let digestKeys = ["library_sha256", "manifest_sha256"]

    private mutating func readPolicy(_ text: ManifestText) throws(HostError) {
        for key in DriverPolicy.keys {
            guard let item = text.items["policy.\(key)"] else { continue }
            guard case .list(let patterns) = item.value else {
                throw failure(item.line, "\(key) is not a list of texts on one line")
            }
            policy.rules[key] = DriverPolicy.Rule(
                key: key, patterns: patterns, place: "\(place.path):\(item.line)")
        }
        guard let item = text.items["policy.unpinned"] else { return }
        switch item.value {
        case .string("allow"): break
        case .string("refuse"): policy.refusesUnpinned = "\(place.path):\(item.line)"
        default: throw failure(item.line, "unpinned is neither \"allow\" nor \"refuse\"")
        }
    }

    private func checkKeys(_ text: ManifestText) throws(HostError) {
        let policyKeys = DriverPolicy.keys + ["unpinned"]
        let known = Set(
            ["lock_version"] + policyKeys.map { "policy.\($0)" }
                + pins.keys.flatMap { id in Self.digestKeys.map { "driver.\(id).\($0)" } })
        let unknown = text.items.filter { !known.contains($0.key) }
        guard let first = unknown.min(by: { $0.value.line < $1.value.line }) else { return }
        let name = first.key.split(separator: ".").last.map(String.init) ?? first.key
        throw failure(
            first.value.line,
            "\(first.key) is not a key of lock version \(Self.formatVersion)"
                + DidYouMean.hint(for: name, among: policyKeys + Self.digestKeys))
    }
}

extension HostError {
    /// Why a lock file cannot be used.
    static func driversLock(_ message: String, advice: String? = nil) -> HostError {
        HostError(
            .driversLock, "the lock file \(message)",
            advice: advice ?? "correct it: no driver is loaded while it cannot be read",
            vendorName: "lock-file")
    }
}
