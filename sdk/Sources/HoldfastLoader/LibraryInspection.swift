/// Everything that can be found out about a driver without running any of its code.
public struct LibraryInspection: Sendable {
    /// The driver's folder; resolved, when that worked.
    public internal(set) var folder: String
    /// The manifest, when it could be read.
    public internal(set) var manifest: DriverManifest?
    /// The library's path, when the manifest names one.
    public internal(set) var libraryPath: String?
    /// Which file the library is.
    public internal(set) var identity: FileIdentity?
    /// The library's length in bytes.
    public internal(set) var byteCount: UInt64?
    /// The library's headers, when they could be read.
    public internal(set) var image: ELFImage?
    /// Everything that speaks against loading it, most basic first.
    public internal(set) var problems: [LoaderError] = []

    /// Whether nothing speaks against loading it.
    public var isLoadable: Bool { problems.isEmpty }

    /// Inspects the driver in a folder that holds `driver.toml` and the library it names.
    ///
    /// - Parameter folder: The folder's path.
    /// - Returns: What was found; a folder that does not exist is a problem, not an error.
    public static func inspect(folder: String) -> LibraryInspection {
        CandidateLibrary(folder: folder).inspection
    }
}

/// An inspected library that is still open, so that what is loaded is what was inspected.
struct CandidateLibrary: ~Copyable {
    private(set) var inspection: LibraryInspection
    private var file: CheckedFile?

    /// Sanitized debug builds of large drivers stay well below this.
    private static let mostBytes: UInt64 = 1 << 30

    init(folder given: String) {
        inspection = LibraryInspection(folder: given)
        file = nil
        do throws(LoaderError) {
            try examine(given)
        } catch {
            inspection.problems.append(error)
        }
    }

    /// Hands over the open library, when it was found.
    mutating func takeFile() -> CheckedFile? { file.take() }

    private mutating func examine(_ given: String) throws(LoaderError) {
        let folder = try DriverFolder(given)
        inspection.folder = folder.path
        let manifestFile = try folder.open("driver.toml", most: UInt64(ManifestText.mostBytes))
        let manifest = try DriverManifest(text: try manifestFile.read(), path: manifestFile.path)
        inspection.manifest = manifest
        inspection.libraryPath = "\(folder.path)/\(manifest.library)"
        let library = try folder.open(manifest.library, most: Self.mostBytes)
        inspection.identity = library.status.identity
        inspection.byteCount = library.status.byteCount
        let bytes = FileBytes(
            descriptor: library.descriptor.number, count: library.status.byteCount)
        let image = try ELFImage(bytes, path: library.path)
        inspection.image = image
        // A pinned hash of the file is compared here, over `bytes`: after the checks that are free
        // and before any code of the library can run.
        inspection.problems = LibraryChecks(image, manifest, library.path).problems
        file = consume library
    }
}
