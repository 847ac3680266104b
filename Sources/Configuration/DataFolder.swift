/// The folder of a project that keeps its state when nothing else is configured.
struct DataFolder {
    /// The folder's name, relative to the project's root.
    let name: String
    /// Why it is this one.
    let origin: Origin

    /// Chooses the folder: `.runfabric` where it is alone, else `.holdfast`.
    ///
    /// - Throws: ``ConfigurationError`` with code `conflict` when both exist: state in one of them
    ///   would silently be out of sight.
    init(root: String) throws(ConfigurationError) {
        let hasOwn = FilePath.isDirectory(root + "/.holdfast")
        guard FilePath.isDirectory(root + "/.runfabric") else {
            name = ".holdfast"
            origin = .standard("default")
            return
        }
        guard !hasOwn else {
            throw ConfigurationError(
                .conflict,
                "\(root) has both .holdfast/ and .runfabric/, and state may be in either",
                advice: "move what you need into one and remove the other, "
                    + "or name the place with `localPath` or `sqlitePath` in the `backend` block")
        }
        name = ".runfabric"
        origin = .standard("found .runfabric/ in the project")
    }
}
