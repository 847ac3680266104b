internal import HoldfastLoader

// Bytes: what was written comes back, at every address and in every part.

/// Checks of reading and writing objects.
enum DataChecks {
    private static let sizes = [0, 1, 65535, 65536, 65537]

    private static func write(
        _ run: CheckRun, _ sizes: [Int], piece: Int = .max, hasLength: Bool = true
    ) throws {
        let bench = try run.bench()
        for size in sizes where try run.capped(size) == size {
            let (path, bytes) = ("size/\(size)", run.random.bytes(size))
            let info = try bench.put(path, bytes, piece: piece, hasLength: hasLength)
            try require(
                info.byteCount == UInt64(size), "put of \(size) bytes reports \(info.byteCount)")
            try bench.expect(path, bytes, info, "after put of \(size) bytes")
        }
    }

    static func roundTrip(_ run: CheckRun) throws { try write(run, sizes) }

    static func large(_ run: CheckRun) throws {
        try write(run, [(5 << 20) - 1, 5 << 20, (5 << 20) + 1])
    }

    static func unknownLength(_ run: CheckRun) throws {
        try write(run, sizes + [(1 << 20) + 1], hasLength: false)
    }

    static func smallPieces(_ run: CheckRun) throws {
        try write(run, [0, 1, 1000], piece: 1)
        try write(run, [70_001], piece: 977, hasLength: false)
    }

    static func head(_ run: CheckRun) throws {
        let bench = try run.bench()
        let attributes = [Attribute(name: "a", value: "1")]
        let put = try bench.put("seen", run.random.bytes(100), attributes: attributes)
        let (head, get) = (try bench.head("seen"), try bench.get("seen").info)
        for (name, info) in [("put", put), ("head", head), ("get", get)] {
            try require(
                info.version == put.version && info.byteCount == 100
                    && info.attributes == attributes,
                "a put of 100 bytes with \(attributes) reports \(put), \(name) \(info)")
        }
    }

    static func ranges(_ run: CheckRun) throws {
        let bench = try run.bench()
        let bytes = run.random.bytes(try run.capped(100_003))
        try bench.put("ranges", bytes)
        let small = ByteRange(offset: 10, length: 10)
        try run.needs("range", attempt: { _ = try bench.get("ranges", small) })
        let size = UInt64(bytes.count)
        var ranges = [
            small, ByteRange(offset: 0, length: 1), ByteRange(offset: 0, length: 0),
            ByteRange(offset: size - 1, length: 1), ByteRange(offset: size - 5, length: .max),
            ByteRange(offset: size - 5, length: 10), ByteRange(offset: 65535, length: 2),
            ByteRange(offset: 0, length: size), ByteRange(offset: 0, length: size + 1),
        ]
        for _ in 0..<40 {
            let start = UInt64.random(in: 0..<size, using: &run.random)
            ranges.append(
                ByteRange(offset: start, length: .random(in: 0...size, using: &run.random)))
        }
        for range in ranges { try expect(bench, bytes, range) }
    }

    static func rangesPastEnd(_ run: CheckRun) throws {
        let bench = try run.bench()
        let bytes = run.random.bytes(1000)
        try bench.put("ranges", bytes)
        try run.needs(
            "range", attempt: { _ = try bench.get("ranges", ByteRange(offset: 1, length: 1)) })
        for (offset, length) in [(1000, 1), (1001, 1), (1000, 0), (1 << 40, .max)]
            as [(UInt64, UInt64)]
        {
            try expect(bench, bytes, ByteRange(offset: offset, length: length))
        }
        try expect(bench, bytes, ByteRange(offset: .max, length: .max))
        try expect(bench, bytes, ByteRange(offset: .max - 1, length: 7))
    }

    private static func expect(_ bench: Bench, _ bytes: [UInt8], _ range: ByteRange) throws {
        let part = range.clamped(to: UInt64(bytes.count))
        let words = "get from \(range.offset), at most \(range.length), of \(bytes.count) bytes"
        let read: [UInt8]
        do { read = try bench.get("ranges", range).bytes } catch let failure as DriverFailure {
            throw CheckFailure(
                "\(words) fails: \(failure)", do: "past the end are no bytes and no error")
        }
        let wanted = Array(bytes[Int(part.lowerBound)..<Int(part.upperBound)])
        try require(read == wanted, "\(words) \(difference(read, wanted))")
    }

    static func overwrite(_ run: CheckRun) throws {
        let bench = try run.bench()
        for size in [1000, 10, 0, try run.capped(70_000), 3] {
            let bytes = run.random.bytes(size)
            let info = try bench.put("again", bytes)
            try bench.expect("again", bytes, info, "after it was overwritten with \(size) bytes")
        }
    }

    static func absent(_ run: CheckRun) throws {
        let bench = try run.bench()
        try bench.expectAbsent("nothing", "in a new collection")
        let failure = try failure(
            { _ = try bench.get("nothing") }, orFound: "get of an absent object succeeds")
        try require(
            failure.code == .notFound, "get of an absent object answers \"\(failure)\"",
            do: "answer HOLDFAST_NOT_FOUND")
    }

    static func remove(_ run: CheckRun) throws {
        let bench = try run.bench()
        let kept = try bench.put("kept", [1])
        try bench.put("gone", [2])
        try bench.remove("gone")
        try bench.expectAbsent("gone", "after remove")
        try bench.expect("kept", [1], kept, "after another object was removed")
        let info = try bench.put("gone", [3])
        try bench.expect("gone", [3], info, "written again after remove")
    }

    static func removeAbsent(_ run: CheckRun) throws {
        let bench = try run.bench()
        for _ in 0..<2 {
            do { try bench.remove("never/there") } catch let failure as DriverFailure {
                throw CheckFailure(
                    "remove of an absent object fails: \(failure)",
                    do: "answer HOLDFAST_OK when no condition is given")
            }
        }
    }

    static func tooLarge(_ run: CheckRun) throws {
        let bench = try run.bench()
        let limit = try run.level("value").limit
        guard limit > 0, limit <= 64 << 20 else {
            run.note = "no limit of at most 64 MiB is declared"
            return
        }
        for hasLength in [true, false] {
            let bytes = [UInt8](repeating: 7, count: Int(limit) + 1)
            let failure = try failure(
                { try bench.put("large", bytes, hasLength: hasLength) },
                orFound: "put of \(limit + 1) bytes succeeds; the declared limit is \(limit)")
            try require(
                failure.code == .tooLarge && failure.applied == .no,
                "put over the limit answers \"\(failure)\", applied \(failure.applied)",
                do: "answer HOLDFAST_TOO_LARGE, and apply nothing")
            try bench.expectAbsent("large", "after a put over the limit")
        }
    }
}
