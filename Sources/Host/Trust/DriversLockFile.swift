internal import HoldfastLoader

/// Changes the pins of a lock file and leaves everything else in it as it is.
struct DriversLockFile {
    let place: DriverLockPlaces.Place
    /// A directory that the caller holds, in which the file may lie.
    var heldDirectory: String?

    /// Sets or removes the pin of a driver.
    ///
    /// - Parameters:
    ///   - id: The driver's id.
    ///   - digests: What to pin; `nil` removes the pin.
    /// - Returns: The file's bytes before, to put them back; `nil` when there was no file.
    /// - Throws: ``HostError``; the file is unchanged then.
    @discardableResult
    func set(_ id: String, to digests: DriverDigests?) throws(HostError) -> [UInt8]? {
        let directory = try held()
        let old = try DriverTrust.bytes(place)
        let text = try DriversLockText(old ?? Array(DriversLockText.empty.utf8), place)
        let new = Array(text.setting(id, to: digests).utf8)
        // What this program could not read again must not get its name.
        _ = try DriversLock(new, at: place)
        try replace(new, in: directory)
        return old
    }

    /// Puts back what ``set(_:to:)`` returned.
    func restore(_ old: [UInt8]?) throws(HostError) {
        let directory = try held()
        if let old { return try replace(old, in: directory) }
        try directory.removeFile(lastPart(place.path))
        try directory.sync()
    }

    private func held() throws(HostError) -> ManagedDirectory {
        let folder = parent(of: place.path)
        return try ManagedDirectory.held(folder.isEmpty ? "/" : folder, besides: heldDirectory)
    }

    private func replace(
        _ bytes: [UInt8], in directory: borrowing ManagedDirectory
    ) throws(HostError) {
        let name = lastPart(place.path)
        let temporary = ".\(name).\(RandomBytes.hexadecimal(8))"
        try directory.write(temporary) { (write) throws(HostError) in try write(bytes) }
        do throws(HostError) {
            try directory.rename(temporary, to: name)
        } catch {
            try? directory.removeFile(temporary)
            throw error
        }
        try directory.sync()
    }
}

/// The lines of a lock file, with the place of each pin.
struct DriversLockText {
    /// What a new file starts with.
    static let empty = """
        # The storage drivers that Holdfast trusts, by the sha256 of their files.
        lock_version = 1

        """

    private let lines: [String]
    private let pins: [String: ClosedRange<Int>]

    init(_ bytes: [UInt8], _ place: DriverLockPlaces.Place) throws(HostError) {
        _ = try DriversLock(bytes, at: place)
        let text: ManifestText
        do throws(LoaderError) {
            text = try ManifestText(bytes, path: place.path)
        } catch {
            throw .driversLock("\(error.path): \(error.message)")
        }
        var lines = String(decoding: bytes, as: UTF8.self).unicodeScalars
            .split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        if lines.last == "" { lines.removeLast() }
        self.lines = lines
        pins = text.tables.reduce(into: [:]) { pins, table in
            let last = text.items.filter { $0.key.hasPrefix("\(table.key).") }.map(\.value.line)
            pins[table.key] = table.value - 1...(last.max() ?? table.value) - 1
        }
    }

    /// The text with another pin of `id`, or without one.
    func setting(_ id: String, to digests: DriverDigests?) -> String {
        let name = "driver.\(id)"
        var result = lines
        let added = digests.map {
            [
                "[\(name)]", "library_sha256 = \"\($0.library)\"",
                "manifest_sha256 = \"\($0.manifest)\"",
            ]
        }
        if let old = pins[name] {
            result.replaceSubrange(old, with: added ?? [])
            let start = old.lowerBound
            // An empty line before it went with the pin that was appended.
            if added == nil, start > 0, result[start - 1].isEmpty { result.remove(at: start - 1) }
        } else if let added {
            result += [""] + added
        }
        return result.joined(separator: "\n") + "\n"
    }
}
