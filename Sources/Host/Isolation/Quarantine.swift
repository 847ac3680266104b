internal import Glibc
internal import HoldfastLoader
internal import Synchronization

/// Which drivers crashed too often to be run again, kept in a folder for every process of this user.
package final class Quarantine: Sendable {
    /// The environment variable with another folder.
    package static let variable = "HOLDFAST_QUARANTINE_DIR"
    private static let systemFolder = "/var/lib/holdfast/quarantine"

    /// The folder; `nil` where there is none, and crashes are forgotten at the process's end.
    package let folder: String?
    private let policy: QuarantinePolicy
    /// What could not be written to the folder.
    private let unwritten = Mutex<[String: QuarantineRecord]>([:])

    /// Finds out where the folder is; reads and makes nothing.
    ///
    /// - Parameters:
    ///   - environment: The process's environment; nothing of it counts with raised privileges.
    ///   - policy: How many crashes are too many.
    package convenience init(environment: [String: String], policy: QuarantinePolicy) {
        self.init(folder: Self.usualFolder(environment), policy: policy)
    }

    init(folder: String?, policy: QuarantinePolicy) {
        self.folder = folder
        self.policy = policy
    }

    private static func usualFolder(_ environment: [String: String]) -> String? {
        guard !runsWithRaisedPrivileges else { return systemFolder }
        if let folder = environment[variable], folder.hasPrefix("/") { return folder }
        return geteuid() == 0
            ? systemFolder : UserFolders.state(environment).map { $0 + "/quarantine" }
    }

    // MARK: - What crashed

    /// Every record, by driver.
    ///
    /// - Throws: ``HostError`` when one cannot be read.
    package func records() throws(HostError) -> [QuarantineRecord] {
        var records: [String: QuarantineRecord] = unwritten.withLock { $0 }
        for library in libraries { records[library] = try read(library) }
        return records.values.sorted { ($0.driver, $0.library) < ($1.driver, $1.library) }
    }

    private var libraries: [String] {
        guard let folder, let names = directoryNames(folder) else { return [] }
        return names.filter { $0.hasSuffix(Self.suffix) }.map {
            String($0.dropLast(Self.suffix.count))
        }
        .filter(DriverDigests.isDigest)
    }

    /// Why a library must not be run; `nil` when it may.
    ///
    /// A record that cannot be read keeps its library from running, because it may say just that.
    func refusal(library: String) -> HostError? {
        do throws(HostError) {
            let record = try read(library) ?? unwritten.withLock { $0[library] }
            guard let record, let since = record.since else { return nil }
            return HostError(record, since: since)
        } catch {
            return error
        }
    }

    private static let suffix = ".toml"

    private func read(_ library: String) throws(HostError) -> QuarantineRecord? {
        // A folder that cannot be listed speaks of no driver; a record that is there must be read.
        guard let folder, libraries.contains(library) else { return nil }
        let path = "\(folder)/\(library)\(Self.suffix)"
        let bytes: [UInt8]?
        do throws(LoaderError) {
            bytes = try TrustedFile.read(path, most: ManifestText.mostBytes)
        } catch {
            throw HostError(
                .corrupt, "\(error.path) cannot be used: \(error.message)", advice: error.remedy)
        }
        guard let bytes else { return nil }
        return try QuarantineRecord(bytes, library: library, path: path)
    }

    // MARK: - Changes

    /// What came of noting a crash.
    struct Noted {
        /// The record with the crash.
        var record: QuarantineRecord
        /// Whether quarantine begins with it.
        var isNew: Bool
        /// Why it could not be written down; it counts in this process then.
        var problem: HostError?
    }

    /// Notes a crash; blocks on the disk.
    ///
    /// - Parameters:
    ///   - crash: When and how.
    ///   - driver: The driver's id.
    ///   - library: The hash of its library.
    /// - Returns: What came of it.
    func note(_ crash: QuarantineRecord.Crash, driver: String, library: String) -> Noted {
        do throws(HostError) {
            guard let folder else {
                throw HostError(.notFound, "there is no home folder to keep records of crashes in")
            }
            let directory = try ManagedDirectory.held(folder)
            var record =
                try read(library) ?? unwritten.withLock { $0[library] }
                ?? QuarantineRecord(driver: driver, library: library)
            let noted = add(crash, to: &record)
            try replace(record, in: directory)
            unwritten.withLock { $0[library] = nil }
            return noted
        } catch {
            return unwritten.withLock { records in
                var record =
                    records[library] ?? QuarantineRecord(driver: driver, library: library)
                var noted = add(crash, to: &record)
                records[library] = record
                noted.problem = error
                return noted
            }
        }
    }

    private func add(
        _ crash: QuarantineRecord.Crash, to record: inout QuarantineRecord
    ) -> Noted {
        let wasFree = record.since == nil
        record.add(crash, policy)
        return Noted(record: record, isNew: wasFree && record.since != nil)
    }

    private func replace(
        _ record: QuarantineRecord, in directory: borrowing ManagedDirectory
    ) throws(HostError) {
        let name = record.library + Self.suffix
        let temporary = ".\(name).\(RandomBytes.hexadecimal(8))"
        try directory.write(temporary) { (write) throws(HostError) in try write(record.bytes) }
        try directory.rename(temporary, to: name)
    }

    /// Forgets the crashes of a driver.
    ///
    /// - Parameter name: The driver's id or the hash of one library of it; `nil` for all.
    /// - Returns: The records that were removed.
    /// - Throws: ``HostError`` with code `notFound` when there are none of that name.
    package func clear(_ name: String?) throws(HostError) -> [QuarantineRecord] {
        let cleared = try records().filter { record in
            name.map { $0 == record.driver || $0 == record.library } ?? true
        }
        if let name, cleared.isEmpty {
            throw HostError(
                .notFound, "no crash of the driver \(shown(name)) is recorded",
                advice: "holdfast driver quarantine list shows those that are")
        }
        guard let folder, !cleared.isEmpty else { return cleared }
        let directory = try ManagedDirectory.held(folder)
        for record in cleared { try directory.removeFile(record.library + Self.suffix) }
        try directory.sync()
        return cleared
    }
}

extension HostError {
    /// Why a driver in quarantine is not run.
    fileprivate init(_ record: QuarantineRecord, since: Int64) {
        let last = record.lastCrashes.last.map { ", the last time \($0.cause)" } ?? ""
        self.init(
            .driverRefused,
            "the driver \(record.driver) is in quarantine: its process ended unexpectedly "
                + "\(record.crashCount) times\(last)",
            advice: "install a mended one, or, after looking into it, run: "
                + "holdfast driver quarantine clear \(record.driver)",
            driver: record.driver, vendorName: "quarantine")
    }
}
