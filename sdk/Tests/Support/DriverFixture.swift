internal import Glibc
package import HoldfastLoader

/// A folder with a driver that is built for one test from `Tests/Fixtures/memory.c`.
package final class DriverFixture: Sendable {
    /// The temporary folder that holds `drivers/`.
    package let root: String
    /// The driver's folder.
    package let folder: String

    /// The library's path.
    package var library: String { "\(folder)/driver.so" }
    /// The manifest's path.
    package var manifest: String { "\(folder)/driver.toml" }

    /// Builds the driver.
    ///
    /// - Parameters:
    ///   - defines: Macros that spoil it, such as `NO_NOTE` or `TABLE_SIZE=8`.
    ///   - flags: More arguments of the compiler.
    ///   - manifest: Its `driver.toml`.
    /// - Throws: ``TestFailure``.
    package convenience init(
        _ defines: [String] = [], flags: [String] = [],
        manifest: String = DriverFixture.goodManifest
    ) throws {
        try self.init(manifest: manifest)
        if defines.isEmpty && flags.isEmpty {
            try write(try Self.plainLibrary.get(), to: library)
        } else {
            try Self.compile(library, defines, flags)
        }
    }

    /// The driver without anything special, built once.
    private static let plainLibrary = Result {
        let fixture = try DriverFixture(manifest: goodManifest)
        try compile(fixture.library, [], [])
        return try contents(fixture.library)
    }

    private static func compile(_ library: String, _ defines: [String], _ flags: [String]) throws {
        try run(
            [
                "cc", "-std=gnu11", "-Wall", "-Werror", "-Wno-unused", "-O1", "-shared", "-fPIC",
                "-fvisibility=hidden", "-Wl,-z,now,-z,relro", "-I", "\(sdk)/include",
            ] + defines.map { "-D\($0)" } + ["\(sdk)/Tests/Fixtures/memory.c", "-o", library]
                + flags)
    }

    /// Makes the folder with a manifest and no library.
    package init(manifest: String) throws {
        var template = Array("/tmp/holdfast-loader-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("mkdtemp: \(errno)") }
        root = String(cString: made)
        folder = root + "/drivers/memory"
        guard mkdir(root + "/drivers", 0o755) == 0, mkdir(folder, 0o755) == 0 else {
            throw TestFailure("mkdir: \(errno)")
        }
        try write(Array(manifest.utf8), to: self.manifest)
    }

    deinit { try? run(["rm", "-rf", root]) }

    /// The path of the SDK's package.
    package static let sdk = #filePath.split(separator: "/").dropLast(3).reduce(into: "") {
        $0 += "/" + $1
    }

    /// The manifest of a driver that is correct.
    package static let goodManifest = """
        # A driver for tests.
        manifest_version = 1

        [driver]
        id = "memory"
        name = "Memory"
        version = "1.2.3"
        publisher = "The tests"
        license = "Apache-2.0"
        summary = "Keeps objects in memory"

        [abi]
        major = 1
        minor = 0
        draft = 5
        behaviour = 1

        [library]
        path = "driver.so"
        needed = ["libexample.so.1"]

        [runtime]
        language = "c"
        threads = "parallel"
        singletons = []

        [isolation]
        default = "in-process"

        """

    /// The driver, loaded but not started.
    package func load() throws(LoaderError) -> LoadedDriver {
        try LoadedDriver.load(folder: folder, host: HostIdentity(name: "tests", version: "1"))
    }

    /// The error of loading, or `nil` when it works.
    package func refusal() -> LoaderError? {
        do throws(LoaderError) {
            _ = try load()
            return nil
        } catch {
            return error
        }
    }

    /// Opens a store of the driver.
    package func store(_ options: [OptionValue] = []) throws -> OpenStore {
        let driver = try load()
        try driver.start(CallContext())
        return try driver.open(options, CallContext())
    }
}

/// A reason why a test cannot go on.
package struct TestFailure: Error, CustomStringConvertible {
    /// The reason.
    package var description: String

    /// Makes a failure.
    package init(_ description: String) { self.description = description }
}

/// Runs a program and waits for it.
package func run(_ arguments: [String]) throws {
    var pid: pid_t = 0
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    guard posix_spawnp(&pid, arguments[0], nil, nil, &pointers, environ) == 0 else {
        throw TestFailure("cannot run \(arguments[0])")
    }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    guard status == 0 else { throw TestFailure("\(arguments) ended with \(status)") }
}

/// Writes a file.
package func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    defer { close(descriptor) }
    guard descriptor >= 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
        throw TestFailure("cannot write \(path): \(errno)")
    }
}

/// Reads a file.
package func contents(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    var bytes = [UInt8](repeating: 0, count: max(0, size))
    guard size >= 0, pread(descriptor, &bytes, size, 0) == size else {
        throw TestFailure("cannot read \(path): \(errno)")
    }
    return bytes
}

/// A generator whose numbers a printed seed brings back.
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Starts the numbers of a seed.
    package init(seed: UInt64) { state = seed }

    /// The next number.
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
