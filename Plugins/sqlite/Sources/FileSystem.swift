internal import CSQLite
internal import Glibc
internal import HoldfastDriver

/// Throws when a path is on a file system that other machines may use at the same time.
///
/// The log's index is memory that all processes share, which such a file system cannot give.
func refuseNetworkFileSystem(_ path: String) throws(DriverError) {
    var magic: UInt32 = 0
    let directory = DataFile.parent(path)
    guard unsafe holdfast_sqlite_file_system(directory, &magic) == 0 else {
        throw DataFile.failure("find the file system of", path)
    }
    let kind = magic == fuse ? fuseKind(directory) : nil
    guard let name = networkFileSystems[magic] ?? kind else { return }
    throw DriverError(
        .unsupported,
        "\(path) is on a network file system (\(name)), where SQLite loses data; choose a local "
            + "disk, or a driver for shared storage such as postgres or s3")
}

/// The magic numbers of statfs(2) that are file systems which several machines may share.
///
/// The first three lines are from the kernel's headers (linux/magic.h, linux/gfs2_ondisk.h, fs/vboxsf),
/// the others from those that GNU coreutils, src/stat.c, calls remote.
private let networkFileSystems: [UInt32: String] = [
    0x6969: "NFS", 0x517b: "SMB", 0xff53_4d42: "CIFS", 0xfe53_4d42: "SMB2", 0x5346_414f: "AFS",
    0x6b41_4653: "AFS", 0x7375_7245: "Coda", 0x564c: "NCP", 0x00c3_6400: "Ceph",
    0x0116_1970: "GFS2", 0x7461_636f: "OCFS2", 0x0102_1997: "9p", 0x786f_4256: "vboxsf",
    0x0bd0_0bd0: "Lustre", 0x4750_4653: "GPFS", 0x1983_0326: "BeeGFS", 0xaad7_aaea: "PanFS",
    0xbeef_dead: "StorNext", 0x0131_11a8: "Ibrix", 0x6163_6673: "ACFS", 0x2003_0528: "OrangeFS",
    0xbacb_acbc: "vmhgfs", 0x7c7c_6673: "Parallels", 0xa501_fcf5: "VxFS",
]

/// FUSE, which has one number for local and for network file systems.
private let fuse: UInt32 = 0x6573_5546

/// The file systems in user space that several machines may share, as /proc/self/mountinfo has them.
private let networkFuse: Set<String> = [
    "fuse.sshfs", "fuse.s3fs", "fuse.mount-s3", "fuse.gcsfuse", "fuse.blobfuse2", "fuse.blobfuse",
    "fuse.glusterfs", "fuse.rclone", "fuse.ceph-fuse", "fuse.davfs2", "fuse.davfs",
    "fuse.curlftpfs",
    "fuse.juicefs", "fuse.seaweedfs", "fuse.moosefs", "fuse.mfs", "fuse.lizardfs", "fuse.goofys",
    "fuse.vmhgfs-fuse", "fuse.grpcfuse", "fuse.s3ql", "virtiofs",
]

/// The kind of the FUSE mount that holds a directory, where it is one that machines share.
///
/// A line is `36 35 98:0 /root /place options - kind source options`, with optional fields before the dash.
private func fuseKind(_ directory: String) -> String? {
    var info = stat()
    guard unsafe stat(directory, &info) == 0, let mounts = readText("/proc/self/mountinfo") else {
        return nil
    }
    let device = UInt64(info.st_dev)
    let number = "\(holdfast_sqlite_major(device)):\(holdfast_sqlite_minor(device))"
    for line in mounts.split(separator: "\n") {
        let fields = line.split(separator: " ")
        guard fields.count > 4, fields[2] == number,
            let dash = fields.firstIndex(of: "-"), dash + 1 < fields.endIndex
        else { continue }
        let kind = String(fields[dash + 1])
        if networkFuse.contains(kind) { return kind }
    }
    return nil
}

private func readText(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        guard count > 0 else { return count == 0 ? String(decoding: text, as: UTF8.self) : nil }
        text.append(contentsOf: buffer[..<count])
    }
}
