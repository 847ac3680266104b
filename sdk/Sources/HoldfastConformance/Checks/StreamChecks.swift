internal import CHoldfast
internal import HoldfastLoader

// Sources that fail and sinks that have enough.

/// Checks of what a driver does when the other side ends a call.
enum StreamChecks {
    /// What a source of a check throws in the middle.
    private struct Broken: Error {}

    /// Puts from a source that fails after so many bytes.
    private static func breakPut(
        _ bench: Bench, _ path: String, after count: Int, length: UInt64?
    ) throws {
        var given = 0
        do {
            _ = try unsafe bench.store.put(
                bench.key(path), PutRequest(length: length), CallContext()
            ) {
                buffer in
                guard given < count else { throw Broken() }
                let piece = min(buffer.count, count - given, 4096)
                for index in 0..<piece { unsafe buffer[index] = 0x42 }
                given += piece
                return piece
            }
        } catch is Broken {
            return
        } catch let failure as DriverFailure {
            throw CheckFailure(
                "put from a source that fails after \(count) bytes answers \"\(failure)\","
                    + " applied \(failure.applied)",
                do: "drop what was read, and answer HOLDFAST_SOURCE with applied \"no\"")
        }
        throw CheckFailure("put succeeds although its source failed after \(count) bytes")
    }

    private static let places = [0, 1, 4096, 65536, 1_200_000]

    static func sourceFails(_ run: CheckRun) throws {
        let session = try RawSession(run)
        try require(session.open().status == HOLDFAST_OK, "open fails")
        for count in places where session.capped(count + 10) == count + 10 {
            for length in [UInt64(count) + 10, nil] {
                let put = session.put(
                    .init(
                        path: "broken/\(count)", bytes: [UInt8](repeating: 1, count: count),
                        length: length, isBroken: true))
                try judge(put, "put from a source that fails after \(count) bytes")
                try expectAbsent(session, "broken/\(count)", "after its source failed")
            }
        }
        try session.finish()
    }

    /// A write whose source broke its word must be dropped, and must say so.
    private static func judge(_ put: RawSession.Outcome, _ words: String) throws {
        try require(
            put.status == HOLDFAST_SOURCE, "\(words) answers \(put.words)",
            do: "count what the source gives, read until its end, and answer HOLDFAST_SOURCE")
        try require(
            (put.report?.applied ?? HOLDFAST_APPLIED_NO) == HOLDFAST_APPLIED_NO,
            "\(words) may be applied, by its report", do: "say HOLDFAST_APPLIED_NO")
    }

    private static func expectAbsent(
        _ session: RawSession, _ path: String, _ when: String
    ) throws {
        let got = session.get(path)
        try require(
            got.outcome.status == HOLDFAST_NOT_FOUND,
            "\(when), get of \(path) answers \(got.outcome.words)",
            do: "make an object visible only when all of it is there")
    }

    static func sourceFailsOver(_ run: CheckRun) throws {
        let bench = try run.bench()
        let bytes = run.random.bytes(5000)
        let info = try bench.put("old", bytes)
        for count in places where try run.capped(count + 4096) == count + 4096 {
            try breakPut(bench, "old", after: count, length: nil)
            try bench.expect("old", bytes, info, "after the source of a new version failed")
        }
    }

    /// Someone else reads the object while a large part of its new bytes was already taken.
    static func putWhole(_ run: CheckRun) throws {
        let bench = try run.bench()
        let other = try run.bystander()
        let new = Pattern(id: 8, count: try run.capped(1_000_000))
        let bytes = new.bytes
        for old in [Pattern(id: 7), nil] {
            let path = old == nil ? "new" : "old"
            if let old { try bench.put(path, old.bytes) }
            let rival = other.map { other in Rival { try other.get(path)?.pattern } }
            var given = 0
            let request = PutRequest(length: UInt64(bytes.count))
            let info = try unsafe bench.store.put(bench.key(path), request, CallContext()) {
                buffer in
                if given > bytes.count / 2 && given < bytes.count { rival?.startOnce() }
                let count = min(buffer.count, 8192, bytes.count - given)
                unsafe buffer.copyBytes(from: bytes[given..<given + count])
                given += count
                return count
            }
            if let rival {
                let (isFirst, seen) = try rival.finish()
                try require(
                    seen == old || !isFirst && seen == new,
                    "while put still reads its source, get of the object gives"
                        + " \(seen.map { "\($0.count) bytes" } ?? "nothing")",
                    do: "make an object visible only when all of it is there, in one step")
            }
            try bench.expect(path, bytes, info, "after put")
        }
    }

    /// Puts whose source has another length than it says; the loader never lets one through.
    private static func wrongLength(_ run: CheckRun, _ cases: [(said: Int, given: Int)]) throws {
        let session = try RawSession(run)
        let opened = session.open()
        try require(opened.status == HOLDFAST_OK, "open answers \(opened.words)")
        for (said, given) in cases where session.capped(max(said, given)) == max(said, given) {
            let put = session.put(
                .init(
                    path: "length/\(said)", bytes: [UInt8](repeating: 1, count: given),
                    length: UInt64(said)))
            try judge(put, "put from a source of \(given) bytes that says \(said)")
            try expectAbsent(session, "length/\(said)", "after its source had a wrong length")
        }
        try session.finish()
    }

    static func sourceShort(_ run: CheckRun) throws {
        try wrongLength(
            run, [(1, 0), (10, 9), (65536, 65535), (900_000, 800_000), (2_000_000, 1_500_000)])
    }

    static func sourceLong(_ run: CheckRun) throws {
        try wrongLength(
            run, [(0, 1), (9, 10), (65535, 65536), (800_000, 900_000), (1_500_000, 2_000_000)])
    }

    static func sinkStops(_ run: CheckRun) throws {
        let session = try RawSession(run)
        try require(session.open().status == HOLDFAST_OK, "open fails")
        let bytes = run.random.bytes(session.capped(500_000))
        let put = session.put(.init(path: "long", bytes: bytes, length: UInt64(bytes.count)))
        try require(put.status == HOLDFAST_OK, "put answers \(put.words)")
        for most in [0, 1, 200_000] {
            let got = session.get("long", stopAfter: most)
            try require(
                got.outcome.status == HOLDFAST_STOPPED && got.outcome.report == nil,
                "get answers \(got.outcome.words) when its sink stops after \(most) bytes",
                do: "return HOLDFAST_STOPPED, without a call of fail")
            try require(
                got.callsAfterStop == 0,
                "get calls a sink \(got.callsAfterStop) times more that stopped",
                do: "stop at once when a sink does not return HOLDFAST_OK")
        }
        let got = session.get("long")
        try require(
            got.outcome.status == HOLDFAST_OK && got.bytes == bytes,
            "the next get answers \(got.outcome.words) and \(difference(got.bytes, bytes))")
        try session.finish()
    }

    static func sinkFails(_ run: CheckRun) throws {
        let session = try RawSession(run)
        try require(session.open().status == HOLDFAST_OK, "open fails")
        let bytes = run.random.bytes(session.capped(300_000))
        let put = session.put(.init(path: "long", bytes: bytes, length: UInt64(bytes.count)))
        try require(put.status == HOLDFAST_OK, "put answers \(put.words)")
        for most in [0, 1, 200_000] {
            let got = session.get("long", stopAfter: most, ending: HOLDFAST_FORBIDDEN)
            try require(
                got.outcome.status == HOLDFAST_FORBIDDEN && got.outcome.report == nil,
                "get answers \(got.outcome.words) when its sink returns HOLDFAST_FORBIDDEN",
                do: "return a sink's negative status as it is, without a call of fail")
            try require(got.callsAfterStop == 0, "get goes on calling a sink that failed")
        }
        try session.finish()
    }
}
