internal import CLocal
internal import Glibc

/// What the driver needs to know of a file.
struct Facts {
    var mode: UInt32
    var links: UInt32
    var device: UInt64
    var inode: UInt64
    var byteCount: UInt64
    /// When the bytes changed last, in nanoseconds since 1970 UTC.
    var modified: Int64
    /// When anything of the file changed last.
    var changed: Int64
    /// When the file was made; 0 where the file system does not keep it.
    var born: Int64

    init(_ facts: local_facts) {
        mode = facts.mode
        links = facts.links
        device = facts.device
        inode = facts.inode
        byteCount = facts.bytes
        modified = facts.modified_ns
        changed = facts.changed_ns
        born = facts.born_ns
    }

    /// Finds the facts of a path of the machine; symbolic links are followed.
    init(path: String) throws(Errno) {
        var facts = local_facts()
        try unsafe checked(local_facts_of(path, &facts))
        self.init(facts)
    }

    var isRegular: Bool { mode & S_IFMT == S_IFREG }
    var isDirectory: Bool { mode & S_IFMT == S_IFDIR }

    /// Whether both are of the very same file.
    func isSameFile(as other: Facts) -> Bool { device == other.device && inode == other.inode }
}
