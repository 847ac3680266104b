internal import Glibc

/// Which file a path leads to.
struct FileIdentity: Hashable, Sendable {
    private let device: UInt
    private let inode: UInt

    /// Takes the identity from what stat(2) reported.
    init(_ info: stat) {
        device = info.st_dev
        inode = info.st_ino
    }

    /// Looks at a path; `nil` when there is no file.
    init?(_ path: String) {
        var info = stat()
        guard unsafe stat(path, &info) == 0 else { return nil }
        self.init(info)
    }
}
