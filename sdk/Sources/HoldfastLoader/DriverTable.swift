internal import CHoldfast
internal import Glibc

/// How many calls a driver takes at once.
public enum ThreadModel: UInt32, Sendable, Hashable, CaseIterable {
    /// One call at a time in the whole driver.
    case perDriver = 1000
    /// One call at a time on each store.
    case perStore = 2000
    /// Any number of calls at once.
    case parallel = 4000

    /// The model's name in a manifest, such as `per-store`.
    public var name: String {
        switch self {
        case .perDriver: "per-driver"
        case .perStore: "per-store"
        case .parallel: "parallel"
        }
    }

    /// The model with a name, if there is one.
    init?(name: String) {
        guard let model = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = model
    }
}

/// The host's own copy of a driver's table, checked.
///
/// It lives as long as the process.
@safe struct DriverTable: Sendable {
    // SAFETY: written once, in `init`, and never changed or freed.
    nonisolated(unsafe) let pointer: UnsafePointer<holdfast_driver>
    let id: String
    let version: String
    let vendor: String
    let threadModel: ThreadModel
    // SAFETY: of an object that is never freed, or `nil`.
    /// What `start` finds in place of the driver that it makes, so that one function can serve many
    /// tables; `nil` for a library's own table.
    private(set) nonisolated(unsafe) var seed: UnsafeMutableRawPointer?
    /// The addresses of the library's own code.
    let code: [Range<UInt>]

    /// Copies and checks what the library's entry gave.
    ///
    /// - Parameters:
    ///   - address: The driver's table.
    ///   - code: The addresses of the library's own code.
    /// - Throws: ``Defect``, in words that follow "the driver".
    init(_ address: UnsafeRawPointer?, code: [Range<UInt>]) throws(Defect) {
        let table = try unsafe Self.copy(address)
        guard unsafe table.draft == HOLDFAST_DRAFT else {
            throw Defect("gave a table of draft \(unsafe table.draft), not \(HOLDFAST_DRAFT)")
        }
        guard unsafe table.behaviour <= HOLDFAST_BEHAVIOUR else {
            throw Defect("gave a table of behaviour \(unsafe table.behaviour), which is unknown")
        }
        guard let model = unsafe ThreadModel(rawValue: table.thread_model) else {
            throw Defect("gave the unknown thread model \(unsafe table.thread_model)")
        }
        threadModel = model
        self.code = code
        try unsafe Self.checkFunctions(table, code)
        id = try unsafe Self.text(table.id, most: 32, "an id")
        guard DriverManifest.isDriverID(id) else { throw Defect("gave an id that is not one") }
        version = try unsafe Self.text(table.version, most: 64, "a version")
        vendor = try unsafe Self.text(table.vendor, most: 256, "a vendor")
        let copy = UnsafeMutablePointer<holdfast_driver>.allocate(capacity: 1)
        unsafe copy.initialize(to: table)
        unsafe pointer = UnsafePointer(copy)
    }

    /// Takes a table that this process made for a driver that runs in another one.
    ///
    /// - Parameters:
    ///   - table: The table; its texts live as long as the process.
    ///   - seed: What its `start` finds in place of the driver.
    /// - Throws: ``Defect`` when the driver gave a text or number that is not valid.
    init(own table: holdfast_driver, seed: UnsafeMutableRawPointer) throws(Defect) {
        unsafe self.seed = seed
        // What this process itself puts into its tables need not be looked for in a library.
        code = [UInt.min..<UInt.max]
        guard let model = unsafe ThreadModel(rawValue: table.thread_model) else {
            throw Defect("gave the unknown thread model \(unsafe table.thread_model)")
        }
        threadModel = model
        id = try unsafe Self.text(table.id, most: 32, "an id")
        version = try unsafe Self.text(table.version, most: 64, "a version")
        vendor = try unsafe Self.text(table.vendor, most: 256, "a vendor")
        let copy = UnsafeMutablePointer<holdfast_driver>.allocate(capacity: 1)
        unsafe copy.initialize(to: table)
        unsafe pointer = UnsafePointer(copy)
    }

    /// The driver's table, as far as both sides know it, over zeros.
    private static func copy(_ address: UnsafeRawPointer?) throws(Defect) -> holdfast_driver {
        guard let address = unsafe address, UInt(bitPattern: address) % 8 == 0,
            let size = unsafe readMemory(address, 4)?.number(UInt32.self, at: 0)
        else { throw Defect("gave a table at no valid address") }
        guard Int(size) >= LeastSize.driver else {
            throw Defect("gave a table of \(size) bytes; the functions need \(LeastSize.driver)")
        }
        let known = unsafe min(Int(size), MemoryLayout<holdfast_driver>.size)
        guard let bytes = unsafe readMemory(address, known) else {
            throw Defect("gave a table that is not wholly in memory")
        }
        var table = unsafe holdfast_driver()
        unsafe withUnsafeMutableBytes(of: &table) { unsafe $0.copyBytes(from: bytes) }
        return unsafe table
    }

    /// Checks that each function is there and is code of the library itself.
    private static func checkFunctions(
        _ table: holdfast_driver, _ code: [Range<UInt>]
    ) throws(Defect) {
        let start = unsafe MemoryLayout<holdfast_driver>.offset(of: \.start) ?? 0
        let optional = unsafe MemoryLayout<holdfast_driver>.offset(of: \.extension)
        let size = MemoryLayout<UInt>.size
        let words = unsafe withUnsafeBytes(of: table) { bytes in
            stride(from: start, to: bytes.count, by: size).map { offset in
                unsafe (offset, bytes.loadUnaligned(fromByteOffset: offset, as: UInt.self))
            }
        }
        for (offset, address) in words where address != 0 || offset != optional {
            let name = slots[(offset - start) / size]
            guard address != 0 else { throw Defect("has no function \(name)") }
            guard code.contains(where: { $0.contains(address) }) else {
                throw Defect("gave a function \(name) that is not its own code")
            }
        }
    }

    private static let slots = [
        "start", "stop", "describe", "extension", "open", "close", "capabilities", "head", "get",
        "put", "remove", "list", "ping",
    ]

    private static func text(
        _ text: holdfast_text, most: UInt64, _ name: String
    ) throws(Defect) -> String {
        guard unsafe (1...most).contains(text.size), let data = unsafe text.data,
            let bytes = unsafe readMemory(UnsafeRawPointer(data), Int(text.size)),
            bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }),
            let string = String(validating: bytes, as: UTF8.self)
        else { throw Defect("gave \(name) that is not 1 to \(most) bytes of printable text") }
        return string
    }
}

/// Copies memory that may not be there.
///
/// The kernel does it, and reports what a load would crash on.
///
/// - Parameters:
///   - address: Any address.
///   - count: At most 4096 bytes, which a new socket always takes at once.
/// - Returns: The bytes, or `nil` when not all of them are readable.
func readMemory(_ address: UnsafeRawPointer, _ count: Int) -> [UInt8]? {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard (1...4096).contains(count), unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
        return nil
    }
    let output = Descriptor(ends[0])
    let input = Descriptor(ends[1])
    guard unsafe write(input.number, address, count) == count else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return unsafe read(output.number, &bytes, count) == count ? bytes : nil
}
