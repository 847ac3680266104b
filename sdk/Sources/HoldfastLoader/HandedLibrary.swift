package import CHoldfast

/// An inspected library that another process is to load.
package struct HandedLibrary: Sendable {
    /// What was found out before.
    package let inspection: LibraryInspection
    /// Its manifest.
    package let manifest: DriverManifest
    /// The bytes of its manifest.
    package let manifestBytes: [UInt8]
    /// The library, open for reading for the life of this process.
    package let descriptor: Int32

    /// Takes the open library of a candidate.
    ///
    /// - Parameter candidate: The driver.
    /// - Throws: ``LoaderError``, the first of ``LibraryInspection/problems`` where there are any.
    package init(_ candidate: consuming CandidateLibrary) throws(LoaderError) {
        let inspection = candidate.inspection
        let bytes = candidate.manifestBytes
        if let problem = inspection.problems.first { throw problem }
        guard let manifest = inspection.manifest, let bytes, let file = candidate.takeFile() else {
            throw LoaderError(
                .unreadable, inspection.folder, "was not inspected", do: "report it")
        }
        self.inspection = inspection
        self.manifest = manifest
        manifestBytes = bytes
        descriptor = file.keep()
    }

    /// The path of the library, for messages.
    package var path: String { inspection.libraryPath ?? inspection.folder }

    /// Makes a driver of a table that runs it in another process.
    ///
    /// - Parameters:
    ///   - table: The table, with the driver's own texts and numbers.
    ///   - seed: What its `start` finds in place of the driver that it makes.
    ///   - refusal: Why nothing is known of the operations in its table, if so.
    /// - Returns: The driver, not started.
    /// - Throws: ``LoaderError`` when the driver is not what its manifest says.
    package func driver(
        _ table: holdfast_driver, seed: UnsafeMutableRawPointer,
        refusal: @escaping @Sendable () -> DriverFailure?
    ) throws(LoaderError) -> LoadedDriver {
        do throws(Defect) {
            let table = try unsafe DriverTable(own: table, seed: seed)
            guard table.id == manifest.id else {
                throw Defect("calls itself \(table.id), its manifest \(manifest.id)")
            }
            guard table.threadModel == manifest.threads else {
                throw Defect(
                    "has the thread model \(table.threadModel.name), its manifest says "
                        + manifest.threads.name)
            }
            return LoadedDriver(
                inspection: inspection, manifest: manifest, table: table, refusal: refusal)
        } catch {
            throw LoaderError.table(path, error)
        }
    }
}
