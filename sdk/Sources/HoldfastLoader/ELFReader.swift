/// Reads a library's headers: the file header, the program headers and what they point to.
///
/// The numbers are those of the ELF specification and of glibc's `elf.h`.
struct ELFReader {
    private let bytes: FileBytes
    private var image = ELFImage(machine: "")
    private var dynamicAddress: UInt64?
    private var dynamicCount: UInt64 = 0

    init(_ bytes: FileBytes) { self.bytes = bytes }

    /// Reads everything.
    consuming func read() throws(ELFDefect) -> ELFImage {
        try readHeaders(at: try readFileHeader())
        try readDynamicSection()
        return image
    }

    // MARK: - Headers

    private struct Table {
        var offset: UInt64
        var count: Int
    }

    private mutating func readFileHeader() throws(ELFDefect) -> Table {
        guard let header = bytes.read(at: 0, 64), header.starts(with: [0x7f, 0x45, 0x4c, 0x46])
        else {
            throw ELFDefect("is not a shared library (no ELF header)")
        }
        guard header[4] == 2, header[5] == 1 else {
            throw ELFDefect("is not 64-bit little-endian", isMachine: true)
        }
        let type = header.number(UInt16.self, at: 16)
        guard type == 3 else { throw ELFDefect("is an ELF file, but not a shared library") }
        switch header.number(UInt16.self, at: 18) {
        case 62: image.machine = "x86_64"
        case 183: image.machine = "aarch64"
        case let other: image.machine = "machine \(other ?? 0)"
        }
        guard image.machine == ELFImage.ownMachine else {
            throw ELFDefect(
                "is made for \(image.machine), this machine is \(ELFImage.ownMachine)",
                isMachine: true)
        }
        guard let offset = header.number(UInt64.self, at: 32),
            header.number(UInt16.self, at: 54) == 56,
            let count = header.number(UInt16.self, at: 56), (1...256).contains(count)
        else { throw ELFDefect("has program headers that cannot be read") }
        return Table(offset: offset, count: Int(count))
    }

    private mutating func readHeaders(at table: Table) throws(ELFDefect) {
        guard let headers = bytes.read(at: table.offset, table.count * 56) else {
            throw ELFDefect("is cut off before its program headers end")
        }
        for index in 0..<table.count {
            guard let header = ProgramHeader(headers, at: index * 56) else { continue }
            switch header.type {
            case 1: try addSegment(header)
            case 2: (dynamicAddress, dynamicCount) = (header.address, header.fileCount)
            case 4: try readNotes(header)
            case 0x6474_e551: image.hasExecutableStack = header.flags & 1 != 0
            case 0x6474_e552: image.hasReadOnlyRelocations = header.memoryCount > 0
            default: break
            }
        }
    }

    private struct ProgramHeader {
        let type, flags: UInt32
        let offset, address, fileCount, memoryCount, alignment: UInt64

        init?(_ bytes: [UInt8], at start: Int) {
            guard let type = bytes.number(UInt32.self, at: start),
                let flags = bytes.number(UInt32.self, at: start + 4),
                let offset = bytes.number(UInt64.self, at: start + 8),
                let address = bytes.number(UInt64.self, at: start + 16),
                let fileCount = bytes.number(UInt64.self, at: start + 32),
                let memoryCount = bytes.number(UInt64.self, at: start + 40),
                let alignment = bytes.number(UInt64.self, at: start + 48)
            else { return nil }
            (self.type, self.flags, self.offset, self.address) = (type, flags, offset, address)
            (self.fileCount, self.memoryCount) = (fileCount, memoryCount)
            self.alignment = alignment
        }
    }

    private mutating func addSegment(_ header: ProgramHeader) throws(ELFDefect) {
        // A mapped page beyond the file's end would end the process with SIGBUS.
        guard bytes.contains(header.offset, header.fileCount) else {
            throw ELFDefect("is cut off: a part that is to be mapped lies beyond the file's end")
        }
        let (end, overflow) = header.address.addingReportingOverflow(header.memoryCount)
        guard !overflow, end < 1 << 47, header.fileCount <= header.memoryCount else {
            throw ELFDefect("has a mapped part with impossible sizes")
        }
        image.segments.append(
            ELFImage.Segment(
                addresses: header.address..<end, isExecutable: header.flags & 1 != 0,
                offset: header.offset, fileCount: header.fileCount))
    }

    // MARK: - Notes

    private mutating func readNotes(_ header: ProgramHeader) throws(ELFDefect) {
        guard header.fileCount <= 1 << 20,
            let notes = bytes.read(at: header.offset, Int(header.fileCount))
        else { throw ELFDefect("has notes that lie beyond the file's end") }
        let alignment = header.alignment == 8 ? 8 : 4
        func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }
        var position = 0
        while let ownerSize = notes.number(UInt32.self, at: position),
            let size = notes.number(UInt32.self, at: position + 4),
            let type = notes.number(UInt32.self, at: position + 8)
        {
            let owner = position + 12
            let descriptor = aligned(owner + Int(ownerSize))
            let isOurs =
                type == 1 && ownerSize == 9 && notes.terminatedText(at: owner) == "Holdfast"
            if isOurs && size >= 16 { try addNote(notes, at: descriptor) }
            position = aligned(descriptor + Int(size))
        }
    }

    private mutating func addNote(_ notes: [UInt8], at start: Int) throws(ELFDefect) {
        guard let major = notes.number(UInt32.self, at: start),
            let minor = notes.number(UInt32.self, at: start + 4),
            let draft = notes.number(UInt32.self, at: start + 8),
            let behaviour = notes.number(UInt32.self, at: start + 12)
        else { throw ELFDefect("has a note that is cut off") }
        image.notes.append(
            ELFImage.Note(abiMajor: major, abiMinor: minor, draft: draft, behaviour: behaviour))
    }

    // MARK: - The dynamic section

    /// Reads bytes by their address in memory.
    private func read(_ address: UInt64, _ count: UInt64, _ what: String) throws(ELFDefect)
        -> [UInt8]
    {
        for segment in image.segments where segment.addresses.contains(address) {
            let start = address - segment.addresses.lowerBound
            guard start <= segment.fileCount, count <= segment.fileCount - start,
                count <= Self.mostBytes,
                let content = bytes.read(at: segment.offset + start, Int(count))
            else { break }
            return content
        }
        throw ELFDefect("has \(what) that do not lie inside the file")
    }

    /// No table of a driver is larger, by far.
    private static let mostBytes: UInt64 = 64 << 20

    /// How many bytes of the file follow an address.
    private func available(_ address: UInt64) -> UInt64 {
        for segment in image.segments where segment.addresses.contains(address) {
            let start = address - segment.addresses.lowerBound
            return start < segment.fileCount ? min(segment.fileCount - start, Self.mostBytes) : 0
        }
        return 0
    }

    private mutating func readDynamicSection() throws(ELFDefect) {
        guard let dynamicAddress else { throw ELFDefect("has no dynamic section") }
        let section = try read(dynamicAddress, dynamicCount, "dynamic entries")
        var entries = DynamicEntries(section)
        // The system's loader takes the last of repeated entries, and so does this.
        guard let symbols = entries.last(6), let strings = entries.last(5),
            let stringCount = entries.last(10), entries.last(11) == 24
        else { throw ELFDefect("has no table of dynamic symbols") }
        let text = try read(strings, stringCount, "dynamic strings")
        entries.strings = text
        image.needed = try entries.texts(1)
        image.soname = try entries.texts(14).last
        image.rpath = try entries.texts(15)
        image.runpath = try entries.texts(29)
        if let versions = entries.last(0x6fff_fffe) {
            image.neededVersions = try ELFVersions(
                read(versions, available(versions), "needed versions"), strings: text
            ).names(ofLibraries: entries.last(0x6fff_ffff) ?? 0)
        }
        let (flags, flags1) = (entries.last(30) ?? 0, entries.last(0x6fff_fffb) ?? 0)
        image.hasTextRelocations = entries.last(22) != nil || flags & 4 != 0
        image.hasStaticThreadLocals = flags & 0x10 != 0
        image.isFilter = entries.last(0x7fff_fffd) != nil || entries.last(0x7fff_ffff) != nil
        image.isBoundAtLoad = entries.last(24) != nil || flags & 8 != 0 || flags1 & 1 != 0
        image.isProgram = flags1 & 0x0800_0000 != 0
        let count = try symbolCount(gnu: entries.last(0x6fff_fef5), classic: entries.last(4))
        try readSymbols(read(symbols, count * 24, "dynamic symbols"), text)
    }

    /// The number of symbols, from the hash tables: a symbol that they do not reach is one that
    /// nobody can look up.
    private func symbolCount(gnu: UInt64?, classic: UInt64?) throws(ELFDefect) -> UInt64 {
        var count: UInt64 = 0
        if let classic {
            let header = try read(classic, 8, "hash tables")
            count = UInt64(header.number(UInt32.self, at: 4) ?? 0)
        }
        if let gnu { count = max(count, try gnuSymbolCount(gnu)) }
        guard gnu != nil || classic != nil else { throw ELFDefect("has no hash table of symbols") }
        return count
    }

    private func gnuSymbolCount(_ address: UInt64) throws(ELFDefect) -> UInt64 {
        let table = try read(address, available(address), "hash tables")
        guard let buckets = table.number(UInt32.self, at: 0),
            let first = table.number(UInt32.self, at: 4),
            let filters = table.number(UInt32.self, at: 8)
        else { throw ELFDefect("has a hash table that is cut off") }
        let start = 16 + Int(filters) * 8
        let chains = start + Int(buckets) * 4
        guard chains <= table.count else { throw ELFDefect("has a hash table that is cut off") }
        var last: UInt32 = 0
        for index in 0..<Int(buckets) {
            last = max(last, table.number(UInt32.self, at: start + index * 4) ?? 0)
        }
        guard last >= first else { return UInt64(first) }
        // The chain of the highest bucket ends at the last symbol; its end has the lowest bit set.
        var symbol = Int(last)
        while let word = table.number(UInt32.self, at: chains + (symbol - Int(first)) * 4) {
            if word & 1 != 0 { return UInt64(symbol) + 1 }
            symbol += 1
        }
        throw ELFDefect("has a hash table that does not end")
    }

    // MARK: - Symbols

    /// Marks that old linkers add to every library.
    ///
    /// They name its borders, no function or data.
    private static let linkerMarks: Set<String> = [
        "_init", "_fini", "_etext", "_edata", "_end", "__bss_start",
    ]

    private mutating func readSymbols(_ table: [UInt8], _ strings: [UInt8]) throws(ELFDefect) {
        for start in stride(from: 0, to: table.count, by: 24) {
            guard let name = table.number(UInt32.self, at: start),
                let section = table.number(UInt16.self, at: start + 6),
                let address = table.number(UInt64.self, at: start + 8)
            else { break }
            let (binding, type) = (table[start + 4] >> 4, table[start + 4] & 15)
            let visibility = table[start + 5] & 3
            // Undefined, local, section and file symbols, and hidden and internal ones.
            if section == 0 || binding == 0 || type == 3 || type == 4 { continue }
            if visibility == 1 || visibility == 2 { continue }
            // The name of a version node, which GNU ld puts among the symbols.
            if section == 0xfff1 && address == 0 { continue }
            guard let name = strings.terminatedText(at: Int(name)) else {
                throw ELFDefect("has a symbol whose name lies beyond the strings")
            }
            if Self.linkerMarks.contains(name) { continue }
            image.exports.append(
                ELFImage.Export(name: name, address: address, isFunction: type == 2))
        }
    }
}

/// The entries of a dynamic section.
private struct DynamicEntries {
    var strings: [UInt8] = []
    private var entries: [(tag: UInt64, value: UInt64)] = []

    init(_ section: [UInt8]) {
        for start in stride(from: 0, to: section.count, by: 16) {
            guard let tag = section.number(UInt64.self, at: start), tag != 0,
                let value = section.number(UInt64.self, at: start + 8)
            else { return }
            entries.append((tag, value))
        }
    }

    func last(_ tag: UInt64) -> UInt64? { entries.last { $0.tag == tag }?.value }

    func texts(_ tag: UInt64) throws(ELFDefect) -> [String] {
        var texts: [String] = []
        for entry in entries where entry.tag == tag {
            guard let offset = Int(exactly: entry.value),
                let text = strings.terminatedText(at: offset)
            else { throw ELFDefect("has a dynamic entry whose text lies beyond the strings") }
            texts.append(text)
        }
        return texts
    }
}
