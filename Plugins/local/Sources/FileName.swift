/// How the parts of a path become names of files and directories, and back.
///
/// Names stay legible: nearly all are the part itself. Three rules keep them apart:
/// - A file's name ends in one of the suffixes below, and a directory's never does, so that `a` and
///   `a/b` may both exist: a file gets `.object` where it has none of the others, and a directory's
///   suffix has its dot escaped.
/// - A leading dot is escaped, so that no part is hidden or is one of the driver's own names.
/// - A percent sign is escaped where it would read as an escape.
///
/// Only names that these rules make are the driver's; all others are left alone.
enum FileName {
    /// What a file's name ends in.
    static let fileSuffixes = [".json", ".tfstate", ".log", ".bin", objectSuffix].map {
        Array($0.utf8)
    }
    private static let objectSuffix = ".object"

    /// The most bytes of a name on Linux.
    static let bytesMax = 255

    /// The name of the file for a last part.
    static func file(_ part: some Collection<UInt8>) -> [UInt8] {
        let name = escaped(Array(part))
        // A part that ends in `.object` itself gets a second one, because the first is stripped.
        let isComplete = fileSuffixes.dropLast().contains { name.hasSuffix($0) }
        return isComplete ? name : name + Array(objectSuffix.utf8)
    }

    /// The name of the directory for any other part.
    static func directory(_ part: some Collection<UInt8>) -> [UInt8] {
        var name = escaped(Array(part))
        guard let suffix = fileSuffixes.first(where: { name.hasSuffix($0) }) else { return name }
        let dot = name.count - suffix.count
        name.replaceSubrange(dot...dot, with: escapedDot)
        return name
    }

    /// The last part that a file's name stands for; `nil` when the name is not the driver's.
    static func part(ofFile name: [UInt8]) -> [UInt8]? {
        let suffix = Array(objectSuffix.utf8)
        let stem = name.hasSuffix(suffix) ? Array(name.dropLast(suffix.count)) : name
        let part = unescaped(stem)
        return isPart(part) && file(part) == name ? part : nil
    }

    /// The part that a directory's name stands for; `nil` when the name is not the driver's.
    static func part(ofDirectory name: [UInt8]) -> [UInt8]? {
        let part = unescaped(name)
        return isPart(part) && directory(part) == name ? part : nil
    }

    /// Whether bytes may be a part of a path, as section 7 of `holdfast/driver.h` has it.
    static func isPart(_ bytes: some Collection<UInt8>) -> Bool {
        let dots = bytes.count <= 2 && bytes.allSatisfy { $0 == dot }
        return (1...200).contains(bytes.count) && !dots
            && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != slash }
            && String(validating: bytes, as: UTF8.self) != nil
    }

    // MARK: - Escapes

    private static let dot = UInt8(ascii: ".")
    private static let slash = UInt8(ascii: "/")
    private static let percent = UInt8(ascii: "%")
    private static let escapedDot = Array("%2E".utf8)
    private static let escapedPercent = Array("%25".utf8)

    private static func escaped(_ part: [UInt8]) -> [UInt8] {
        if part.first != dot, !part.contains(percent) { return part }
        var name: [UInt8] = []
        name.reserveCapacity(part.count + 8)
        for (index, byte) in part.enumerated() {
            if byte == dot, index == 0 {
                name += escapedDot
            } else if byte == percent, isEscape(part[index...]) {
                name += escapedPercent
            } else {
                name.append(byte)
            }
        }
        return name
    }

    private static func unescaped(_ name: [UInt8]) -> [UInt8] {
        if !name.contains(percent) { return name }
        var part: [UInt8] = []
        part.reserveCapacity(name.count)
        var rest = name[...]
        while let byte = rest.first {
            let isEscape = isEscape(rest)
            part.append(isEscape ? (rest.starts(with: escapedDot) ? dot : percent) : byte)
            rest = rest.dropFirst(isEscape ? escapedDot.count : 1)
        }
        return part
    }

    private static func isEscape(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.starts(with: escapedDot) || bytes.starts(with: escapedPercent)
    }
}

extension [UInt8] {
    func hasSuffix(_ suffix: [UInt8]) -> Bool {
        count >= suffix.count && self[(count - suffix.count)...].elementsEqual(suffix)
    }
}
