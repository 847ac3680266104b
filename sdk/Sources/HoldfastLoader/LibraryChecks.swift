internal import CHoldfast

/// What a driver's headers must and must not say.
struct LibraryChecks {
    private(set) var problems: [LoaderError] = []
    private let image: ELFImage
    private let path: String

    /// The one symbol that a driver exports.
    static let entry = "holdfast_driver_main_v1"

    init(_ image: ELFImage, _ manifest: DriverManifest, _ path: String) {
        self.image = image
        self.path = path
        checkNote(manifest)
        checkExports()
        checkNeeded(manifest)
        checkGlibc()
        checkLinking()
        checkSearchPaths()
    }

    private mutating func refuse(_ code: LoaderError.Code, _ message: String, _ remedy: String) {
        problems.append(LoaderError(code, path, message, do: remedy))
    }

    private mutating func checkNote(_ manifest: DriverManifest) {
        guard let note = image.notes.first, image.notes.count == 1 else {
            return refuse(
                .note, "carries \(image.notes.isEmpty ? "no" : "more than one") Holdfast note",
                "put HOLDFAST_DRIVER_NOTE into exactly one file of the driver")
        }
        let update = "install the driver and the host from the same release"
        if note.abiMajor != HOLDFAST_ABI_MAJOR {
            refuse(
                .interface,
                "speaks interface version \(note.abiMajor), this host \(HOLDFAST_ABI_MAJOR)", update
            )
        }
        if note.draft != HOLDFAST_DRAFT {
            refuse(
                .interface,
                "was built for draft \(note.draft) of the interface, this host for \(HOLDFAST_DRAFT)",
                update)
        }
        if note.behaviour > HOLDFAST_BEHAVIOUR {
            refuse(
                .interface,
                "behaves by level \(note.behaviour), this host knows up to \(HOLDFAST_BEHAVIOUR)",
                update)
        }
        let said = ELFImage.Note(
            abiMajor: manifest.abiMajor, abiMinor: manifest.abiMinor, draft: manifest.draft,
            behaviour: manifest.behaviour)
        if said != note {
            refuse(
                .manifest, "says \(words(note)) in its note, but \(words(said)) in driver.toml",
                "install the library and the manifest from the same release")
        }
    }

    private func words(_ note: ELFImage.Note) -> String {
        "interface \(note.abiMajor).\(note.abiMinor), draft \(note.draft), behaviour \(note.behaviour)"
    }

    private mutating func checkExports() {
        let entries = image.exports.filter { $0.name == Self.entry }
        if entries.count != 1 || !entries.allSatisfy(\.isFunction) {
            refuse(.exports, "does not export the function \(Self.entry)", "export it")
        }
        let others = image.exports.filter { $0.name != Self.entry }.map(\.name).sorted()
        guard !others.isEmpty else { return }
        let shown = others.prefix(3).joined(separator: ", ")
        refuse(
            .exports, "exports \(others.count) more symbols than it may: \(shown)",
            "link with a version script that leaves only \(Self.entry) global")
    }

    /// The parts of the C and C++ runtimes, which every process may share.
    private static let runtime: Set<String> = [
        "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1",
        "libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
    ]

    private mutating func checkNeeded(_ manifest: DriverManifest) {
        let allowed = Self.runtime.union(manifest.needed)
        for name in image.needed where !allowed.contains(name) || name.contains("/") {
            refuse(
                .needed, "needs \(name), which its manifest does not declare",
                "link it statically, or add it to library.needed in driver.toml")
        }
    }

    /// The system's loader would refuse it as well, but only after it was opened.
    private mutating func checkGlibc() {
        let prefix = "GLIBC_"
        let versions = image.neededVersions.filter { $0.hasPrefix(prefix) }.compactMap { name in
            GlibcVersion(name.dropFirst(prefix.count)).map { ($0, name) }
        }
        guard let newest = versions.max(by: { $0.0 < $1.0 }),
            let system = GlibcVersion.ofSystem, system < newest.0
        else { return }
        refuse(
            .needed, "needs \(newest.1), this system has glibc \(system)",
            "build it on a system no newer than those that it is for")
    }

    private mutating func checkLinking() {
        if image.isProgram { refuse(.linking, "is a program", "link it with -shared") }
        if image.isFilter {
            refuse(.linking, "is a filter for another library", "link without -f and -F")
        }
        if image.hasTextRelocations {
            refuse(.linking, "changes its own code while it is loaded", "compile it with -fPIC")
        }
        if image.hasExecutableStack {
            refuse(
                .linking, "would make every stack of the process executable",
                "link with -z noexecstack")
        }
        if image.hasStaticThreadLocals {
            refuse(
                .linking, "needs static thread-local memory, which runs out in a running process",
                "compile it without -ftls-model=initial-exec")
        }
        // Its table of other libraries' functions would stay open to whatever writes astray.
        if !image.hasReadOnlyRelocations || !image.isBoundAtLoad {
            refuse(
                .linking,
                image.hasReadOnlyRelocations
                    ? "looks functions up at their first calls" : "has no read-only relocations",
                "link with -z relro -z now")
        }
        // The system's loader would hand this library to whoever asks for the other by that name.
        if let soname = image.soname, soname.contains("/") || Self.runtime.contains(soname) {
            refuse(.linking, "calls itself \(soname)", "give it a file name of its own as soname")
        }
    }

    private mutating func checkSearchPaths() {
        if !image.rpath.isEmpty {
            refuse(
                .linking, "has an RPATH: \(image.rpath.joined(separator: ":"))",
                "link without -rpath")
        }
        let folders = image.runpath.flatMap {
            $0.split(separator: ":", omittingEmptySubsequences: false)
        }
        for folder in folders where !isBesideLibrary(folder) {
            refuse(
                .linking, "searches for libraries in \"\(folder)\"",
                "link without -rpath, or with $ORIGIN")
        }
    }

    /// Whether a search folder is the library's own or below it.
    ///
    /// One above would, for a library that is opened by descriptor, be a folder of `/proc/self`,
    /// such as the current directory.
    private func isBesideLibrary(_ folder: Substring) -> Bool {
        var parts = folder.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, first == "$ORIGIN" || first == "${ORIGIN}" else {
            return false
        }
        parts.removeFirst()
        return !parts.contains("..")
    }
}
