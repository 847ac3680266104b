internal import HoldfastDriver

/// What the driver keeps beside an object's bytes, in one extended attribute of its file.
///
/// Format 1, integers little-endian: the format's number (1 byte), the version's random bits (16),
/// then of the file as it was written: size, time of modification, inode number, time of birth (8
/// each); then each attribute: length of the name (1), length of the value (2), name, value.
/// Without attributes it fits into an ext4 inode, so that it costs no further block.
struct Stamp {
    /// The name of the extended attribute.
    static let name = "user.holdfast"
    private static let format: UInt8 = 1
    private static let headBytes = 49

    var random: (UInt64, UInt64)
    var byteCount: UInt64
    var modified: Int64
    var inode: UInt64
    var born: Int64
    var attributes: [Attribute]

    /// Why a stamp cannot be read.
    enum Failure: Error {
        case newer(UInt8)
        case damaged
    }

    /// Makes the stamp of a file that was just written, with a version of its own.
    init(of facts: Facts, attributes: [Attribute]) {
        var generator = SystemRandomNumberGenerator()
        random = (generator.next(), generator.next())
        byteCount = facts.byteCount
        modified = facts.modified
        inode = facts.inode
        born = facts.born
        self.attributes = attributes
    }

    /// The version, valid as long as the stamp ``isWhole(of:)`` its file.
    var version: Version { Version(hex(random.0) + hex(random.1)) }

    /// Whether the file still holds the bytes that were written with this stamp.
    func describes(_ facts: Facts) -> Bool {
        byteCount == facts.byteCount && modified == facts.modified
    }

    /// Whether this is the file that was written, and not a copy that took the stamp along: a copy
    /// that is put back later must not bring back a version that was there before.
    func isWhole(of facts: Facts) -> Bool {
        describes(facts) && inode == facts.inode && born == facts.born
    }

    // MARK: - Bytes

    var encoded: [UInt8] {
        var bytes = [Self.format]
        for word in [
            random.0, random.1, byteCount, UInt64(bitPattern: modified), inode,
            UInt64(bitPattern: born),
        ] {
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        for attribute in attributes {
            bytes.append(UInt8(truncatingIfNeeded: attribute.name.utf8.count))
            let count = attribute.value.utf8.count
            bytes += [UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8)]
            bytes += attribute.name.utf8
            bytes += attribute.value.utf8
        }
        return bytes
    }

    init(decoding bytes: [UInt8]) throws(Failure) {
        guard let format = bytes.first else { throw .damaged }
        if format > Self.format { throw .newer(format) }
        guard format == Self.format, bytes.count >= Self.headBytes else { throw .damaged }
        func word(_ index: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(bytes[1 + index * 8 + $1]) << UInt64($1 * 8) }
        }
        random = (word(0), word(1))
        byteCount = word(2)
        modified = Int64(bitPattern: word(3))
        inode = word(4)
        born = Int64(bitPattern: word(5))
        attributes = try Self.attributes(bytes[Self.headBytes...])
    }

    private static func attributes(_ bytes: ArraySlice<UInt8>) throws(Failure) -> [Attribute] {
        var attributes: [Attribute] = []
        var rest = bytes
        while !rest.isEmpty {
            guard rest.count >= 3 else { throw .damaged }
            let at = rest.startIndex
            let nameCount = Int(rest[at])
            let valueCount = Int(rest[at + 1]) | Int(rest[at + 2]) << 8
            rest = rest.dropFirst(3)
            guard rest.count >= nameCount + valueCount,
                let name = String(validating: rest.prefix(nameCount), as: UTF8.self),
                let value = String(
                    validating: rest.dropFirst(nameCount).prefix(valueCount), as: UTF8.self)
            else { throw .damaged }
            attributes.append(Attribute(name: name, value: value))
            rest = rest.dropFirst(nameCount + valueCount)
        }
        return attributes
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

private func hex(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
