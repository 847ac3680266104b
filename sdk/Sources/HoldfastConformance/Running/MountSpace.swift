internal import Glibc

/// A small disk of the check's own, in a name space that ends with its process.
enum MountSpace {
    /// What to say where there can be none.
    static let note = "only root may mount a disk, so none was made for this check"

    private typealias Unshare = @convention(c) (Int32) -> Int32
    private typealias Mount =
        @convention(c) (
            UnsafePointer<CChar>?, UnsafePointer<CChar>, UnsafePointer<CChar>?, UInt,
            UnsafePointer<CChar>?
        ) -> Int32

    private static let newMounts: Int32 = 0x0002_0000
    private static let (readOnly, remount): (UInt, UInt) = (1, 32)
    private static let (recursive, isPrivate): (UInt, UInt) = (16384, 1 << 18)

    /// Gives this process its own name space of mounts, which takes a privilege.
    ///
    /// A name space of users would give it to everybody, but in there the files of root belong to
    /// nobody, and a driver that nobody owns is not loaded.
    ///
    /// - Returns: Whether the system allows it.
    static func make() -> Bool {
        guard let symbol = unsafe dlsym(nil, "unshare") else { return false }
        let unshare = unsafe unsafeBitCast(symbol, to: Unshare.self)
        return unshare(newMounts) == 0 && call(nil, "/", nil, recursive | isPrivate, nil) == 0
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
