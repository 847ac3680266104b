internal import HoldfastIsolation
internal import HoldfastLoader

/// A driver that was checked by every rule and is still open, so that what is loaded is what was
/// checked.
struct ExaminedDriver: ~Copyable {
    /// What pins do to an examination.
    enum Pins {
        /// The driver must be what is pinned.
        case count
        /// They are left aside, because the driver is about to be pinned.
        case areIgnored
    }

    private let findings: DriverFindings
    let candidate: CandidateLibrary

    var id: String { findings.id }
    /// The pin that counts, also when the files differ from it.
    var pin: DriverPin? { findings.pin }
    /// Where its manifest asks to be run.
    var isolation: Isolation {
        candidate.inspection.manifest?.isolation == .inProcess ? .inProcess : .process
    }
    /// What a process can have only one of, and the driver brings.
    var singletons: [String] { candidate.inspection.manifest?.singletons ?? [] }
    /// The hashes of its files; empty where nobody needs them.
    var digests: DriverDigests { findings.digests }
    /// Everything that speaks against loading it.
    var problems: [DriverInspection.Problem] { findings.problems }

    /// Examines the driver in a folder, and runs none of its code.
    ///
    /// - Parameters:
    ///   - expected: The id that it must have; `nil` for the one that its folder or manifest names.
    ///   - folder: Its folder.
    ///   - trust: What the lock files say.
    ///   - pins: Whether pins count.
    ///   - wantsDigests: Whether to hash the files although nothing pins them.
    init(
        id expected: String?, folder: String, trust: DriverTrust, pins: Pins = .count,
        wantsDigests: Bool = false
    ) {
        let candidate = CandidateLibrary(folder: folder)
        // Made apart: Swift 6.3.1 releases too much in an optimized initializer of a type that cannot
        // be copied when it reads what it has set so far.
        findings = DriverFindings(
            candidate, folder: folder, expected: expected, trust: trust, pins: pins,
            wantsDigests: wantsDigests)
        self.candidate = candidate
    }

    /// Why it is refused; `nil` when nothing speaks against it.
    var refusal: HostError? { problems.first.map { HostError($0, driver: id) } }

    /// Loads it, if nothing speaks against it.
    ///
    /// - Parameters:
    ///   - settings: How its processes are run; `nil` to load it into this one.
    ///   - hostVersion: What it is told.
    /// - Returns: The driver, not started.
    /// - Throws: ``HostError``.
    consuming func load(
        in settings: IsolationSettings?, hostVersion: String
    ) throws(HostError) -> LoadedDriver {
        if let refusal { throw refusal }
        let id = id
        let host = HostIdentity(name: "holdfast", version: hostVersion)
        do throws(LoaderError) {
            if let settings {
                return try LoadedDriver.isolated(candidate, host: host, settings: settings)
            }
            return try LoadedDriver.load(candidate, host: host)
        } catch {
            throw HostError(error, driver: id)
        }
    }
}

/// What an examination showed.
private struct DriverFindings {
    let id: String
    let pin: DriverPin?
    let digests: DriverDigests
    let problems: [DriverInspection.Problem]

    init(
        _ candidate: borrowing CandidateLibrary, folder: String, expected: String?,
        trust: DriverTrust, pins: ExaminedDriver.Pins, wantsDigests: Bool
    ) {
        let inspection = candidate.inspection
        let folders = [folder, inspection.folder]
        let manifestID = inspection.manifest?.id
        let ids =
            expected.map { [$0] } ?? [lastPart(inspection.folder), manifestID].compactMap(\.self)
        let pinned = ids.first { trust.pin(of: $0, in: folders) != nil }
        id = expected ?? (pins == .areIgnored ? manifestID : pinned ?? manifestID) ?? ids[0]
        pin = trust.pin(of: id, in: folders)
        let counts = pins == .count ? pin : nil
        digests =
            counts != nil || wantsDigests
            ? DriverDigests(candidate) : DriverDigests(library: "", manifest: "")

        var problems: [DriverInspection.Problem] = []
        if let failure = trust.failure { problems.append(.init(failure)) }
        problems += counts?.problems(digests, id, inspection) ?? []
        if let manifest = inspection.manifest {
            if let expected, manifest.id != expected {
                problems.append(.misnamed(inspection.folder, manifest.id))
            }
            if let refusal = trust.refusal(
                of: id, vendor: manifest.publisher, isPinned: pin != nil || pins == .areIgnored)
            {
                problems.append(refusal)
            }
        }
        problems += inspection.problems.map { .init($0) }
        if problems.isEmpty, counts != nil, digests.library.isEmpty || digests.manifest.isEmpty {
            problems.append(.unreadable(inspection.folder))
        }
        self.problems = problems
    }
}

extension DriverPin {
    /// How the files of a driver differ from the pin.
    fileprivate func problems(
        _ found: DriverDigests, _ id: String, _ inspection: LibraryInspection
    ) -> [DriverInspection.Problem] {
        let files = [
            ("\(inspection.folder)/driver.toml", found.manifest, digests.manifest),
            (inspection.libraryPath ?? inspection.folder, found.library, digests.library),
        ]
        // What could not be read is a problem of its own.
        return files.filter { !$0.1.isEmpty && $0.1 != $0.2 }.map { path, found, pinned in
            DriverInspection.Problem(
                code: "pin", path: path,
                message: "it is not the file that was pinned: its sha256 is \(found), but "
                    + "\(file):\(line) (\(origin)) pins \(pinned)",
                remedy: "install the driver again, or, after looking into it, run: "
                    + "holdfast driver pin \(id)")
        }
    }
}

extension DriverInspection.Problem {
    /// What the loader's checks found.
    init(_ error: LoaderError) {
        self.init(
            code: error.code.name, path: error.path, message: error.message, remedy: error.remedy)
    }

    /// A lock file that cannot be used.
    fileprivate init(_ error: HostError) {
        self.init(code: "lock-file", path: "", message: error.message, remedy: error.advice)
    }

    /// A pinned driver that could not be compared.
    fileprivate static func unreadable(_ folder: String) -> Self {
        Self(
            code: "unreadable", path: folder, message: "its files cannot be read to their end",
            remedy: "install the driver again")
    }

    fileprivate static func misnamed(_ folder: String, _ named: String) -> Self {
        Self(
            code: "name", path: folder, message: "the manifest is of the driver \(shown(named))",
            remedy: "name the folder after the driver's id")
    }
}

extension HostError {
    /// Why a driver is refused.
    init(_ problem: DriverInspection.Problem, driver: String) {
        let code: Code =
            switch problem.code {
            case "pin": .driverMismatch
            case "lock-file": .driversLock
            default: .driverRefused
            }
        let place = problem.path.isEmpty ? "" : "\(problem.path): "
        self.init(
            code, "\(place)\(problem.message)", advice: problem.remedy, driver: driver,
            vendorName: problem.code)
    }
}

/// The last part of a path.
func lastPart(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "/" }
