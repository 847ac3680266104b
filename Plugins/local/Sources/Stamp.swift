internal import Glibc
internal import HoldfastDriver

/// What the driver keeps beside an object's bytes, in one extended attribute of its file.
///
/// Format 1, integers little-endian: the format's number (1 byte); random bits (16); when the file
/// was modified, as it was written (8), and its origin (8), see ``origin(of:)``; its size (a number
/// of 7-bit groups, lowest first, the high bit set in all but the last). Then each attribute: the
/// length of the name (1 byte, high bit set for a packed value), the length of the value (a number
/// as above), the name, the value. A value that is lower-case hexadecimal is packed into half.
///
/// The room in an ext4 inode is 64 bytes. A stamp with one short attribute fits into it, so that it
/// costs no further block.
struct Stamp {
    /// The name of the extended attribute.
    static let name = "user.holdfast"
    static let format: UInt8 = 1

    var random: (UInt64, UInt64)
    var modified: UInt64
    var origin: UInt64
    var byteCount: UInt64
    var attributes: [Attribute]

    /// Makes the stamp of a file that was just written, with a version of its own.
    init(of facts: Facts, attributes: [Attribute]) {
        // One call of the kernel; the standard library's generator makes two.
        var bits: (UInt64, UInt64) = (0, 0)
        let status = unsafe withUnsafeMutableBytes(of: &bits) { bytes in
            unsafe getentropy(bytes.baseAddress, bytes.count)
        }
        precondition(status == 0, "the kernel gave no random bytes")
        random = bits
        modified = UInt64(bitPattern: facts.modified)
        origin = Self.origin(of: facts)
        byteCount = facts.byteCount
        self.attributes = attributes
    }

    /// The version, valid as long as the stamp ``isWhole(of:)`` its file.
    var version: Version { Version(token: hexDigits(random.0) + hexDigits(random.1)) }

    /// Whether the file still holds the bytes that were written with this stamp.
    func describes(_ facts: Facts) -> Bool {
        byteCount == facts.byteCount && modified == UInt64(bitPattern: facts.modified)
    }

    /// Whether this is the file that was written, and not a copy that took the stamp along: a copy
    /// that is put back later must not bring back a version that was there before.
    func isWhole(of facts: Facts) -> Bool { describes(facts) && origin == Self.origin(of: facts) }

    /// A number that a copy of the file does not share: the file's inode number and time of birth,
    /// the latter multiplied by a large odd constant so that the two do not cancel out.
    private static func origin(of facts: Facts) -> UInt64 {
        facts.inode ^ UInt64(bitPattern: facts.born) &* 0x9E37_79B9_7F4A_7C15
    }
}

extension Version {
    /// The version of a file that was put or changed by other hands.
    init(foreign facts: Facts) {
        let words = [
            facts.inode, UInt64(bitPattern: facts.modified),
            UInt64(bitPattern: facts.changed), facts.byteCount,
        ]
        self.init("foreign-" + words.map { String($0, radix: 16) }.joined(separator: "-"))
    }
}
