internal import CHoldfast
internal import Glibc
internal import Synchronization

extension LoadedDriver {
    /// Loads the driver in a folder, after checking it.
    ///
    /// The library is opened once; all checks and the loading use that one open file. A file that is
    /// loaded already gives the same driver, and one that was refused after its code had run is
    /// refused again without running it.
    ///
    /// - Parameters:
    ///   - folder: The folder that holds `driver.toml` and the library.
    ///   - host: Who loads it.
    /// - Returns: The driver, not started.
    /// - Throws: ``LoaderError``, the first of ``LibraryInspection/problems`` where there are any.
    public static func load(folder: String, host: HostIdentity) throws(LoaderError) -> LoadedDriver
    {
        try load(CandidateLibrary(folder: folder), host: host)
    }

    /// Loads a driver that was inspected, from the file that is still open.
    ///
    /// - Parameters:
    ///   - candidate: The driver.
    ///   - host: Who loads it.
    /// - Returns: The driver, not started.
    /// - Throws: ``LoaderError``, the first of ``LibraryInspection/problems`` where there are any.
    public static func load(
        _ candidate: consuming CandidateLibrary, host: HostIdentity
    ) throws(LoaderError) -> LoadedDriver {
        let inspection = candidate.inspection
        if let problem = inspection.problems.first { throw problem }
        guard let manifest = inspection.manifest, let image = inspection.image,
            let file = candidate.takeFile()
        else {
            throw LoaderError(
                .unreadable, inspection.folder, "was not inspected", do: "report it")
        }
        let loading = Loading(inspection: inspection, manifest: manifest, image: image, host: host)
        let result = try loaded.withLock { loaded throws(LoaderError) in
            if let earlier = loaded[file.status.identity] { return earlier }
            let mapped = try MappedLibrary(file)
            let result = Result { () throws(LoaderError) in try loading.finish(mapped) }
            loaded[file.status.identity] = result
            return result
        }
        let driver = try result.get()
        guard driver.id == manifest.id else {
            throw LoaderError.table(
                loading.path, Defect("calls itself \(driver.id), its manifest \(manifest.id)"))
        }
        return driver
    }
}

/// What became of each library that was loaded.
///
/// The lock also keeps `dlopen` and `dlerror` together.
private let loaded = Mutex<[FileIdentity: Result<LoadedDriver, LoaderError>]>([:])

/// A library in memory, where it stays.
@safe private struct MappedLibrary {
    let entry: UnsafeMutableRawPointer

    /// Maps the library and keeps its descriptor open for ever: glibc knows libraries by name, and
    /// would give back this one for another that later has the same descriptor.
    init(_ file: borrowing CheckedFile) throws(LoaderError) {
        let path = file.path
        // The lowest free number: a high one makes the kernel enlarge the process's table of files, for
        // which it waits, some 10 ms in a process with threads, until no processor looks at the old one.
        let number = fcntl(file.descriptor.number, F_DUPFD_CLOEXEC, 3)
        let descriptor = Descriptor(number)
        guard number >= 0 else { throw LoaderError.system(path, "keep the file open", errno) }
        let flags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE
        guard let library = unsafe dlopen("/proc/self/fd/\(number)", flags) else {
            // Nothing was mapped, so the number can be used again.
            throw LoaderError(
                .open, path, "cannot be loaded: \(Self.reason(number))",
                do: "install what the driver needs")
        }
        descriptor.keep()
        guard let entry = unsafe dlsym(library, LibraryChecks.entry) else {
            throw LoaderError(
                .exports, path, "has no \(LibraryChecks.entry): \(Self.reason(number))",
                do: "export it")
        }
        unsafe self.entry = entry
    }

    /// What `dlerror` says, without the name that only means something to this process.
    private static func reason(_ number: Int32) -> String {
        guard let message = unsafe dlerror() else { return "no reason given" }
        let text = unsafe String(cString: message)
        let name = "/proc/self/fd/\(number): "
        return text.hasPrefix(name) ? String(text.dropFirst(name.count)) : text
    }
}

/// The steps after a library was mapped.
private struct Loading {
    let inspection: LibraryInspection
    let manifest: DriverManifest
    let image: ELFImage
    let host: HostIdentity

    var path: String { inspection.libraryPath ?? inspection.folder }

    func finish(_ library: MappedLibrary) throws(LoaderError) -> LoadedDriver {
        do throws(Defect) {
            let code = try unsafe ownCode(library.entry)
            let table = try unsafe DriverTable(callEntry(library.entry), code: code)
            guard table.id == manifest.id else {
                throw Defect("calls itself \(table.id), its manifest \(manifest.id)")
            }
            guard table.threadModel == manifest.threads else {
                throw Defect(
                    "has the thread model \(table.threadModel.name), its manifest says "
                        + manifest.threads.name)
            }
            return LoadedDriver(inspection: inspection, manifest: manifest, table: table)
        } catch {
            throw LoaderError.table(path, error)
        }
    }

    /// Where the library's code lies in memory, from where its entry does.
    private func ownCode(_ entry: UnsafeMutableRawPointer) throws(Defect) -> [Range<UInt>] {
        guard let export = image.exports.first(where: { $0.name == LibraryChecks.entry }) else {
            throw Defect("exports no entry")
        }
        let base = UInt(bitPattern: entry) &- UInt(export.address)
        return image.segments.filter(\.isExecutable).map { segment in
            let (start, end) = (segment.addresses.lowerBound, segment.addresses.upperBound)
            return (base &+ UInt(start))..<max(base &+ UInt(start), base &+ UInt(end))
        }
    }

    private func callEntry(_ entry: UnsafeMutableRawPointer) throws(Defect) -> UnsafeRawPointer? {
        let main = unsafe unsafeBitCast(entry, to: holdfast_driver_main_v1_fn.self)
        var table: UnsafePointer<holdfast_driver>?
        let status = unsafe host.name.withText { name in
            unsafe host.version.withText { version in
                var offer = unsafe holdfast_offer(
                    size: UInt32(MemoryLayout<holdfast_offer>.size), flags: 0,
                    abi_minor: HOLDFAST_ABI_MINOR, draft: HOLDFAST_DRAFT,
                    behaviour_max: HOLDFAST_BEHAVIOUR, reserved: 0, host_name: name,
                    host_version: version)
                return unsafe main(&offer, &table)
            }
        }
        guard status == HOLDFAST_OK else {
            throw Defect("answered \(status) to this host's offer of draft \(HOLDFAST_DRAFT)")
        }
        return unsafe UnsafeRawPointer(table)
    }
}

extension LoaderError {
    /// A refusal of what a driver said at run time.
    static func table(_ path: String, _ defect: Defect) -> LoaderError {
        LoaderError(
            .table, path, "the driver \(defect.text)",
            do: "install another version of the driver, and report it to its author")
    }
}
