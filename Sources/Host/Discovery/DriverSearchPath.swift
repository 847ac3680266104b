internal import Glibc

/// Where drivers are looked for, first to last.
package struct DriverSearchPath: Sendable, Hashable {
    /// One directory and where it comes from.
    package struct Directory: Sendable, Hashable {
        /// Its path, absolute.
        package var path: String
        /// Why it is searched, such as `--driver-path`.
        package var origin: String
    }

    /// The environment variable with more directories, separated by colons.
    package static let variable = "HOLDFAST_DRIVER_PATH"
    private static let system = "/usr/lib/holdfast/drivers"

    /// The directories, first to last.
    package var directories: [Directory]
    /// The directory that drivers are installed into: the user's, or the system's for root.
    package var managed: String

    /// Makes a search path.
    ///
    /// - Parameters:
    ///   - explicit: The values of `--driver-path`, in order.
    ///   - environment: The process's environment; ``variable`` counts, unless the process runs
    ///     with raised privileges.
    ///   - executablePath: The path of the running executable.
    package init(explicit: [String], environment: [String: String], executablePath: String) {
        self.init(
            explicit: explicit, environment: environment, executablePath: executablePath,
            isPrivileged: runsWithRaisedPrivileges, user: geteuid())
    }

    init(
        explicit: [String], environment: [String: String], executablePath: String,
        isPrivileged: Bool, user: UInt32
    ) {
        var directories = explicit.map { Directory(path: absolute($0), origin: "--driver-path") }
        // Whoever starts a privileged program must not choose what code it loads.
        if !isPrivileged, let list = environment[Self.variable] {
            // An empty element means the working directory to some programs; here it means nothing.
            directories += list.split(separator: ":").map {
                Directory(path: absolute(String($0)), origin: Self.variable)
            }
        }
        managed = Self.system
        if user != 0, !isPrivileged, let folder = UserFolders.drivers(environment) {
            managed = folder
            directories.append(Directory(path: folder, origin: "the user's directory"))
        }
        let programs = parent(of: resolved(executablePath))
        directories.append(
            Directory(
                path: "\(parent(of: programs))/lib/holdfast/drivers", origin: "beside the program"))
        directories.append(
            Directory(path: Self.system, origin: "the system's directory"))
        var seen: Set<String> = []
        self.directories = directories.filter { seen.insert($0.path).inserted }
    }
}

/// The path with links followed, where it exists.
func resolved(_ path: String) -> String {
    guard let real = unsafe realpath(path, nil) else { return absolute(path) }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
}

/// The path seen from the current directory.
func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let current = unsafe getcwd(nil, 0) else { return path }
    defer { unsafe free(current) }
    return unsafe "\(String(cString: current))/\(path)"
}

/// The path without its last part; empty for one directly under the root.
func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "" : String(path[..<slash])
}

/// Whether the kernel asks for caution (`AT_SECURE`).
///
/// That is so where the file is set to run as another user or has capabilities. The user ids alone
/// do not show the latter.
var runsWithRaisedPrivileges: Bool {
    let secure: UInt = 23
    guard let words = auxiliaryVector() else {
        return getuid() != geteuid() || getgid() != getegid()
    }
    for index in stride(from: 0, to: words.count - 1, by: 2) where words[index] == secure {
        return words[index + 1] != 0
    }
    return true
}

private func auxiliaryVector() -> [UInt]? {
    let file = unsafe open("/proc/self/auxv", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var words = [UInt](repeating: 0, count: 256)
    let count = unsafe words.withUnsafeMutableBytes { buffer in
        unsafe read(file, buffer.baseAddress, buffer.count)
    }
    guard count > 0 else { return nil }
    return Array(words[..<(count / MemoryLayout<UInt>.size)])
}
