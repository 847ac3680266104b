internal import HoldfastDriver

/// Memory in which parameters are laid out for libpq, used again by every statement of a connection.
@safe struct ParameterArena: ~Copyable {
    /// The most parameters of a statement.
    private static let capacity = 16
    /// What is kept from one statement to the next.
    private static let keptByteCount = 65_536

    private var bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
    private let values = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: capacity)
    private let lengths = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)
    private let formats = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)

    init() {
        unsafe values.initialize(repeating: nil, count: Self.capacity)
        unsafe lengths.initialize(repeating: 0, count: Self.capacity)
        // 1 is the binary form.
        unsafe formats.initialize(repeating: 1, count: Self.capacity)
    }

    deinit {
        unsafe bytes.deallocate()
        unsafe values.deallocate()
        unsafe lengths.deallocate()
        unsafe formats.deallocate()
    }

    /// Runs `body` with the parameters as libpq takes them.
    mutating func lend<Result>(
        _ parameters: [Parameter],
        _ body: (
            Int32, UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>
        ) -> Result
    ) -> Result {
        precondition(parameters.count <= Self.capacity)
        reserve(parameters.reduce(0) { $0 + $1.byteCount })
        var offset = 0
        for (place, parameter) in parameters.enumerated() {
            let count = parameter.byteCount
            if case .null = parameter {
                unsafe values[place] = nil
            } else {
                let space = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
                unsafe parameter.copy(to: space)
                unsafe values[place] = UnsafePointer(
                    space.baseAddress?.assumingMemoryBound(to: CChar.self))
            }
            unsafe lengths[place] = Int32(count)
            offset += count
        }
        defer { if unsafe bytes.count > Self.keptByteCount { resize(4096) } }
        return unsafe body(Int32(parameters.count), values, lengths, formats)
    }

    private mutating func reserve(_ count: Int) {
        // One more, so that an empty value at the end has an address too.
        if unsafe bytes.count <= count { resize(count + 1024) }
    }

    private mutating func resize(_ count: Int) {
        unsafe bytes.deallocate()
        unsafe bytes = .allocate(byteCount: count, alignment: 8)
    }
}

extension Parameter {
    fileprivate var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        case .number: 8
        case .flag: 1
        case .null: 0
        }
    }

    /// Writes the binary form to the front of `space`.
    fileprivate func copy(to space: UnsafeMutableRawBufferPointer) {
        switch self {
        case .text(var text):
            text.withUTF8 { unsafe space.copyMemory(from: UnsafeRawBufferPointer($0)) }
        case .bytes(let bytes):
            unsafe bytes.withUnsafeBytes { unsafe space.copyMemory(from: $0) }
        case .number(let number):
            unsafe space.storeBytes(of: number.bigEndian, as: Int64.self)
        case .flag(let flag): unsafe space[0] = flag ? 1 : 0
        case .null: break
        }
    }
}
