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
///
/// Its bytes can be read, and compared with what the operator trusts, before it is loaded.
public struct CandidateLibrary: ~Copyable {
    /// What was found out without running any of its code.
    public private(set) var inspection: LibraryInspection
    /// The bytes of `driver.toml`; `nil` when they could not be read.
    public private(set) var manifestBytes: [UInt8]?
    private var file: CheckedFile?
    /// The bytes of `file`, while it is open.
    private var library: FileBytes?

    /// Sanitized debug builds of large drivers stay well below this.
    private static let mostBytes: UInt64 = 1 << 30

    /// Opens and inspects the driver in a folder.
    ///
    /// - Parameter given: The path of the folder that holds `driver.toml` and the library.
    public init(folder given: String) {
        inspection = LibraryInspection(folder: given)
        file = nil
        do throws(LoaderError) {
            try examine(given)
        } catch {
            inspection.problems.append(error)
        }
    }

    /// Takes a library that another process inspected and opened.
    ///
    /// - Parameters:
    ///   - descriptor: The library, open for reading; it becomes this value's own.
    ///   - folder: The driver's folder, for messages.
    ///   - path: The library's path, for messages.
    ///   - manifest: The bytes of `driver.toml`.
    package init(inherited descriptor: Int32, folder: String, path: String, manifest: [UInt8]) {
        inspection = LibraryInspection(folder: folder)
        file = nil
        manifestBytes = manifest
        do throws(LoaderError) {
            try examine(Descriptor(descriptor), path, manifest)
        } catch {
            inspection.problems.append(error)
        }
    }

    /// Whether the library could be opened, whatever speaks against loading it.
    public var isOpen: Bool { library != nil }

    /// Reads the library from its start, from the very file that would be loaded.
    ///
    /// - Parameter body: Takes the bytes in order, in pieces; none when ``isOpen`` is not true.
    /// - Throws: ``LoaderError`` when the file cannot be read to its end, and what `body` throws.
    public func readLibrary(
        _ body: ([UInt8]) throws(LoaderError) -> Void
    ) throws(LoaderError) {
        guard let library else { return }
        var offset: UInt64 = 0
        while offset < library.count {
            let length = min(64 * 1024, library.count - offset)
            guard let piece = library.read(at: offset, Int(length)) else {
                throw LoaderError(
                    .unreadable, inspection.libraryPath ?? "", "cannot be read to its end",
                    do: "install the driver again")
            }
            try body(piece)
            offset += length
        }
    }

    /// Hands over the open library, when it was found.
    mutating func takeFile() -> CheckedFile? {
        library = nil
        return file.take()
    }

    private mutating func examine(_ given: String) throws(LoaderError) {
        let folder = try DriverFolder(given)
        inspection.folder = folder.path
        let manifestFile = try folder.open("driver.toml", most: UInt64(ManifestText.mostBytes))
        let text = try manifestFile.read()
        manifestBytes = text
        let manifest = try DriverManifest(text: text, path: manifestFile.path)
        inspection.manifest = manifest
        inspection.libraryPath = "\(folder.path)/\(manifest.library)"
        try examine(try folder.open(manifest.library, most: Self.mostBytes), manifest)
    }

    private mutating func examine(
        _ descriptor: consuming Descriptor, _ path: String, _ text: [UInt8]
    ) throws(LoaderError) {
        let manifest = try DriverManifest(text: text, path: "\(inspection.folder)/driver.toml")
        inspection.manifest = manifest
        inspection.libraryPath = path
        let status = try FileStatus(descriptor.number, path)
        try status.checkRegular(path)
        try examine(CheckedFile(descriptor: descriptor, path: path, status: status), manifest)
    }

    private mutating func examine(
        _ library: consuming CheckedFile, _ manifest: DriverManifest
    ) throws(LoaderError) {
        inspection.identity = library.status.identity
        inspection.byteCount = library.status.byteCount
        let bytes = FileBytes(
            descriptor: library.descriptor.number, count: library.status.byteCount)
        // Kept before its headers are read: a file that is spoilt can still be told from a pinned one.
        file = consume library
        self.library = bytes
        let image = try ELFImage(bytes, path: inspection.libraryPath ?? "")
        inspection.image = image
        inspection.problems = LibraryChecks(image, manifest, inspection.libraryPath ?? "").problems
    }
}
