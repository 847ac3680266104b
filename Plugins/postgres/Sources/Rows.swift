internal import CPostgres
internal import HoldfastDriver

/// The rows that a statement gave, in binary form.
@safe final class Rows: @unchecked Sendable {
    // SAFETY: the result is never changed after it was received, and freed with the last owner.
    private let result: OpaquePointer

    /// Takes a result over.
    init(taking result: OpaquePointer) { unsafe self.result = result }

    deinit { unsafe PQclear(result) }

    /// How many rows there are.
    var count: Int { Int(unsafe PQntuples(result)) }

    /// Whether a value is NULL.
    func isNull(_ row: Int, _ column: Int) -> Bool {
        unsafe PQgetisnull(result, Int32(row), Int32(column)) != 0
    }

    /// Runs `body` with the bytes of a value; none for NULL.
    func withBytes<Result, Failure: Error>(
        _ row: Int, _ column: Int, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let count = Int(unsafe PQgetlength(result, Int32(row), Int32(column)))
        let value = unsafe PQgetvalue(result, Int32(row), Int32(column))
        let buffer = unsafe UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : count)
        return try unsafe body(buffer.bytes)
    }

    /// The bytes of a value, copied.
    func bytes(_ row: Int, _ column: Int) -> [UInt8] {
        withBytes(row, column) { span in
            unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
        }
    }

    /// A value as text.
    func text(_ row: Int, _ column: Int) -> String {
        withBytes(row, column) { span in
            unsafe span.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
        }
    }

    /// A whole number of 2, 4 or 8 bytes; 0 for NULL.
    func number(_ row: Int, _ column: Int) -> Int64 {
        withBytes(row, column) { span in
            var value: UInt64 = 0
            for place in 0..<span.byteCount {
                value = value << 8 | UInt64(span.unsafeLoadByte(place))
            }
            switch span.byteCount {
            case 2: return Int64(Int16(truncatingIfNeeded: value))
            case 4: return Int64(Int32(truncatingIfNeeded: value))
            default: return Int64(bitPattern: value)
            }
        }
    }

    /// A boolean; `false` for NULL.
    func flag(_ row: Int, _ column: Int) -> Bool {
        withBytes(row, column) { $0.byteCount == 1 && $0.unsafeLoadByte(0) != 0 }
    }

    /// A point in time, in nanoseconds since 1970.
    func time(_ row: Int, _ column: Int) -> Int64 {
        // PostgreSQL counts microseconds from the year 2000.
        let (value, isOver) = (number(row, column) + 946_684_800_000_000)
            .multipliedReportingOverflow(by: 1000)
        return isOver ? 0 : value
    }
}

extension RawSpan {
    /// The byte at a place, which must be within.
    fileprivate func unsafeLoadByte(_ place: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: place, as: UInt8.self)
    }
}
