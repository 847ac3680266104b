internal import Glibc

/// The versions of other libraries' symbols that a library needs, such as `GLIBC_2.34`.
///
/// A record for each library (`Elf64_Verneed`) leads to one for each version (`Elf64_Vernaux`), both of
/// 16 bytes and linked by offsets; see "Version Requirements" of the Linux Standard Base.
struct ELFVersions {
    private let table: [UInt8]
    private let strings: [UInt8]

    /// Takes the bytes from the first record to the end of what the file holds.
    init(_ table: [UInt8], strings: [UInt8]) {
        self.table = table
        self.strings = strings
    }

    /// The names of the versions of `count` libraries.
    func names(ofLibraries count: UInt64) throws(ELFDefect) -> [String] {
        guard count <= Self.most else { throw Self.defect }
        var names: [String] = []
        var position = 0
        for _ in 0..<count {
            guard let versions = table.number(UInt16.self, at: position + 2),
                let first = table.number(UInt32.self, at: position + 8),
                let next = table.number(UInt32.self, at: position + 12)
            else { throw Self.defect }
            names += try read(Int(versions), at: position + Int(first))
            guard names.count <= Self.most else { throw Self.defect }
            position += Int(next)
        }
        return names
    }

    private func read(_ count: Int, at start: Int) throws(ELFDefect) -> [String] {
        var names: [String] = []
        var position = start
        for _ in 0..<count {
            guard let name = table.number(UInt32.self, at: position + 8),
                let next = table.number(UInt32.self, at: position + 12),
                let text = strings.terminatedText(at: Int(name))
            else { throw Self.defect }
            names.append(text)
            position += Int(next)
        }
        return names
    }

    /// As many as no driver needs, by far.
    private static let most = 4096
    private static let defect = ELFDefect("has needed versions that cannot be read")
}

/// A version of glibc, such as 2.36.
struct GlibcVersion: Comparable, CustomStringConvertible {
    private let parts: [Int]

    /// Reads what `gnu_get_libc_version` gives, or what follows `GLIBC_` in a symbol's version.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard (2...3).contains(parts.count), !parts.contains(nil) else { return nil }
        self.parts = parts.compactMap(\.self)
    }

    /// That of this process; `nil` where it does not say.
    static let ofSystem: GlibcVersion? = {
        var text = [CChar](repeating: 0, count: 64)
        let size = unsafe confstr(Int32(_CS_GNU_LIBC_VERSION), &text, text.count)
        guard size > 0, size <= text.count else { return nil }
        // Such as "glibc 2.36".
        let bytes = text.prefix(size - 1).map { UInt8(bitPattern: $0) }
        return GlibcVersion(String(decoding: bytes, as: UTF8.self).drop { $0 != " " }.dropFirst())
    }()

    var description: String { parts.map(String.init).joined(separator: ".") }

    static func < (left: GlibcVersion, right: GlibcVersion) -> Bool {
        left.parts.lexicographicallyPrecedes(right.parts)
    }
}
