/// Where drivers are looked for, first to last.
package struct DriverSearchPath: Sendable, Hashable {
    /// One directory and where it comes from.
    package struct Directory: Sendable, Hashable {
        /// Its path, absolute.
        package var path: String
        /// Why it is searched, such as `--driver-path`.
        package var origin: String
    }

    /// The directories, first to last.
    package var directories: [Directory]

    /// Makes a search path.
    ///
    /// - Parameters:
    ///   - explicit: The values of `--driver-path`, in order.
    ///   - environment: The process's environment; `HOLDFAST_DRIVER_PATH` counts, unless the
    ///     process runs with raised privileges.
    ///   - executablePath: The path of the running executable.
    package init(explicit: [String], environment: [String: String], executablePath: String) {
        directories = explicit.map { Directory(path: $0, origin: "--driver-path") }
    }
}
