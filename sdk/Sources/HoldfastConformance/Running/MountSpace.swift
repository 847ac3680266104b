internal import Glibc

/// A small disk of the check's own, in a name space that ends with its process.
enum MountSpace {
    /// What to say where there can be none.
    static let note = "this system lets the kit mount nothing, so no disk was made for it"

    private typealias Unshare = @convention(c) (Int32) -> Int32
    private typealias Mount =
        @convention(c) (
            UnsafePointer<CChar>?, UnsafePointer<CChar>, UnsafePointer<CChar>?, UInt,
            UnsafePointer<CChar>?
        ) -> Int32

    private static let (newMounts, newUsers): (Int32, Int32) = (0x0002_0000, 0x1000_0000)
    private static let (readOnly, remount): (UInt, UInt) = (1, 32)
    private static let (recursive, isPrivate): (UInt, UInt) = (16384, 1 << 18)

    /// Gives this process its own name space of mounts, as root or as root of a user name space.
    ///
    /// - Returns: Whether the system allows it.
    static func make() -> Bool {
        guard let symbol = unsafe dlsym(nil, "unshare") else { return false }
        let unshare = unsafe unsafeBitCast(symbol, to: Unshare.self)
        let (user, group) = (getuid(), getgid())
        if unshare(newMounts) != 0 {
            guard unshare(newMounts | newUsers) == 0,
                write("deny", to: "/proc/self/setgroups"),
                write("0 \(user) 1", to: "/proc/self/uid_map"),
                write("0 \(group) 1", to: "/proc/self/gid_map")
            else { return false }
        }
        return call(nil, "/", nil, recursive | isPrivate, nil) == 0
    }

    private static func write(_ text: String, to path: String) -> Bool {
        let file = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { _ = close(file) }
        return writeAll(Array(text.utf8), to: file)
    }

    private static func call(
        _ source: String?, _ target: String, _ type: String?, _ flags: UInt, _ data: String?
    ) -> Int32 {
        guard let symbol = unsafe dlsym(nil, "mount") else { return -1 }
        let mount = unsafe unsafeBitCast(symbol, to: Mount.self)
        return unsafe mount(source ?? "none", target, type ?? "none", flags, data ?? "")
    }

    /// Mounts an empty disk of so many bytes, and makes it the working directory.
    static func mount(at folder: String, bytes: Int) throws(CheckFailure) {
        try require(
            call("tmpfs", folder, "tmpfs", 0, "size=\(bytes),mode=700") == 0,
            "the kit cannot mount a disk at \(folder): \(systemError())")
        try require(unsafe chdir(folder) == 0, "\(folder): \(systemError())")
    }

    /// Lets nothing on the disk be written.
    static func makeReadOnly(_ folder: String) throws(CheckFailure) {
        try require(
            call(nil, folder, nil, remount | readOnly, nil) == 0,
            "the kit cannot make \(folder) read-only, perhaps a file is still open: \(systemError())"
        )
    }

    /// Lets the disk be written again.
    static func makeWritable(_ folder: String) throws(CheckFailure) {
        try require(
            call(nil, folder, nil, remount, nil) == 0,
            "the kit cannot make \(folder) writable: \(systemError())")
    }
}
