internal import HoldfastLoader

/// The crashes of one driver's library, and whether it is in quarantine for them.
///
/// It counts by the library's hash: another build of the driver starts anew.
package struct QuarantineRecord: Sendable, Hashable {
    /// One unexpected end of a driver's process.
    package struct Crash: Sendable, Hashable {
        /// When, in seconds since 1970.
        package var time: Int64
        /// How it ended, such as `by signal 11 (SIGSEGV)`.
        package var cause: String
    }

    /// The driver's id.
    package var driver: String
    /// The SHA-256 of its library.
    package var library: String
    /// How many crashes there were since the record was cleared.
    package var crashCount: Int64 = 0
    /// The last of them, oldest first.
    package var lastCrashes: [Crash] = []
    /// Since when it is in quarantine, in seconds since 1970; `nil` when it is not.
    package var since: Int64?

    /// The only version of the format there is.
    private static let formatVersion: Int64 = 1
    /// As many crashes as a file names.
    private static let mostCrashes = 64

    init(driver: String, library: String) {
        self.driver = driver
        self.library = library
    }

    /// Adds a crash, with which quarantine may begin.
    mutating func add(_ crash: Crash, _ policy: QuarantinePolicy) {
        crashCount += 1
        lastCrashes.append(crash)
        let most = max(Self.mostCrashes, policy.crashes)
        if lastCrashes.count > most { lastCrashes.removeFirst(lastCrashes.count - most) }
        if since == nil, policy.isBroken(by: lastCrashes.map(\.time)) { since = crash.time }
    }

    // MARK: - The file

    /// The bytes of its file.
    var bytes: [UInt8] {
        var lines = [
            "# Crashes of a storage driver; holdfast driver quarantine shows and clears them.",
            "record_version = \(Self.formatVersion)", "driver = \"\(driver)\"",
            "crash_count = \(crashCount)",
        ]
        if let since { lines.append("quarantined_at = \(since)") }
        let crashes = lastCrashes.suffix(Self.mostCrashes).map { "\"\($0.time) \($0.cause)\"" }
        lines.append("last_crashes = [\(crashes.joined(separator: ", "))]")
        return Array(lines.joined(separator: "\n").utf8) + [UInt8(ascii: "\n")]
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - bytes: The file's bytes.
    ///   - library: The hash that the file's name gives.
    ///   - path: The file's path, for messages.
    /// - Throws: ``HostError`` with code `corrupt`.
    init(_ bytes: [UInt8], library: String, path: String) throws(HostError) {
        let text: ManifestText
        do throws(LoaderError) {
            text = try ManifestText(bytes, path: path)
        } catch {
            throw Self.unreadable(error.path, error.message)
        }
        guard text.items["record_version"]?.value == .integer(Self.formatVersion) else {
            throw Self.unreadable(path, "its record_version is not \(Self.formatVersion)")
        }
        guard case .string(let driver) = text.items["driver"]?.value, isDriverID(driver),
            case .integer(let count) = text.items["crash_count"]?.value,
            case .list(let crashes) = text.items["last_crashes"]?.value
        else { throw Self.unreadable(path, "it lacks a driver, crash_count or last_crashes") }
        self.init(driver: driver, library: library)
        crashCount = count
        lastCrashes = crashes.compactMap(Crash.init(text:))
        if case .integer(let time) = text.items["quarantined_at"]?.value { since = time }
    }

    private static func unreadable(_ path: String, _ message: String) -> HostError {
        HostError(
            .corrupt, "\(path) is no record of crashes: \(message)",
            advice: "remove the file; the crashes that it counted are then forgotten")
    }
}

extension QuarantineRecord.Crash {
    fileprivate init?(text: String) {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let time = Int64(parts[0]) else { return nil }
        self.init(time: time, cause: String(parts[1]))
    }
}
