internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

/// Bytes in chunks that no object has yet.
struct StagedUpload {
    let id: String
    let chunkCount: Int64
    /// The item that announces the upload, and the nonce that nobody else's is.
    let mark: ItemKey
    let nonce: String
}

/// Where the parts of uploads lie, and how they are found again.
///
/// An upload is announced by a mark before its first chunk is written. The commit that gives it to an
/// object removes the mark, and fails without it; so what a collector has taken away can never become
/// an object's. When the object goes, the same commit leaves a mark of retirement.
enum UploadLayout {
    /// The bytes of a chunk; part of the format, and well below the 400 KB of an item.
    static let chunkByteCount = 350 * 1024
    /// The partition of all marks; a workspace cannot be called so, because of the tab.
    static let marks = "\tuploads"

    static func mark(_ id: String, at seconds: Int64) -> ItemKey {
        ItemKey(marks, "WRITING#\(digits(seconds))#\(id)")
    }

    static func retirement(_ id: String, at seconds: Int64) -> ItemKey {
        ItemKey(marks, "RETIRED#\(digits(seconds))#\(id)")
    }

    static func chunk(_ number: Int64, of id: String) -> ItemKey {
        ItemKey(partition(of: id), "CHUNK#\(digits(number))")
    }

    static func partition(of id: String) -> String { "\tupload#\(id)" }

    /// Twelve digits, so that the order of the texts is that of the numbers.
    static func digits(_ number: Int64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits
    }

    /// What a mark says, besides its key.
    static func markItem(
        _ key: ItemKey, _ id: String, nonce: String, state: String
    ) -> [String: JSONValue] {
        var item = key.json
        item["upload"] = text(id)
        item["nonce"] = text(nonce)
        item["state"] = text(state)
        item["touchedAt"] = number(unixSeconds())
        return item
    }
}

extension DynamoDBStore {
    /// How often a writer shows that its upload is alive.
    private static var touchNanoseconds: Int64 { 300_000_000_000 }

    /// Writes bytes in chunks that nobody sees yet.
    ///
    /// - Parameters:
    ///   - first: The bytes that were already read.
    ///   - intake: The rest of them.
    ///   - call: The call.
    /// - Returns: The upload, for the commit.
    /// - Throws: ``DriverError``; then what was written is taken away again, now or by a collector.
    func stage(
        _ first: [UInt8], _ intake: inout Intake, _ call: Call
    ) throws(DriverError) -> StagedUpload {
        let id = newToken()
        let mark = UploadLayout.mark(id, at: unixSeconds())
        var nonce = newToken()
        try putMark(mark, id, nonce: nonce, after: nil, call)
        var count: Int64 = 0
        do throws(DriverError) {
            var touched = monotonicNanoseconds()
            var bytes = first
            while !bytes.isEmpty {
                guard intake.byteCount <= Self.maximumByteCount else { throw Self.tooLarge }
                if monotonicNanoseconds() - touched > Self.touchNanoseconds {
                    let next = newToken()
                    try putMark(mark, id, nonce: next, after: nonce, call)
                    (nonce, touched) = (next, monotonicNanoseconds())
                }
                try putChunk(count, of: id, bytes, call)
                count += 1
                bytes = try intake.next(UploadLayout.chunkByteCount)
            }
        } catch {
            discard(StagedUpload(id: id, chunkCount: count + 1, mark: mark, nonce: nonce), call)
            var error = error
            // Chunks without an object are nothing that anybody sees.
            error.applied = .no
            throw error
        }
        return StagedUpload(id: id, chunkCount: count, mark: mark, nonce: nonce)
    }

    private func putMark(
        _ mark: ItemKey, _ id: String, nonce: String, after old: String?, _ call: Call
    ) throws(DriverError) {
        let item = UploadLayout.markItem(mark, id, nonce: nonce, state: "writing")
        let condition = old.map { Expression.equals("nonce", text($0)) } ?? .isNoItem
        do throws(ServiceFailure) {
            _ = try service.perform(
                "PutItem", condition.members.merging(["Item": .object(item)]) { $1 }, call)
        } catch {
            if error.isCondition { throw Self.collected }
            var failure = error.error
            failure.applied = .no
            throw failure
        }
    }

    private func putChunk(
        _ number: Int64, of id: String, _ bytes: [UInt8], _ call: Call
    ) throws(DriverError) {
        var item = UploadLayout.chunk(number, of: id).json
        item["data"] = .object(["B": .string(Base64.encode(bytes))])
        // The key is this upload's alone, so that a repeat is harmless; and a source is read once.
        let members = ["Item": JSONValue.object(item)]
        _ = try persistently(call) { () throws(ServiceFailure) in
            try service.perform("PutItem", members, call)
        }
    }

    /// Does something harmless to repeat until it works, and gives up with the call.
    func persistently<Result>(
        _ call: Call, _ body: () throws(ServiceFailure) -> Result
    ) throws(DriverError) -> Result {
        var wait: Int64 = 25_000_000
        for _ in 0..<8 {
            do throws(ServiceFailure) {
                return try body()
            } catch {
                guard error.isPassing, case .same(let least) = error.error.retry else {
                    throw error.error
                }
                let pause = max(Int64(clamping: least), Int64.random(in: wait / 2...wait))
                guard pause < call.remainingNanoseconds, call.pause(pause) else {
                    throw error.error
                }
                wait *= 2
            }
        }
        do throws(ServiceFailure) { return try body() } catch { throw error.error }
    }

    static let collected = DriverError(
        .conflict, "the upload was removed as abandoned before it was complete",
        retry: .same(afterNanoseconds: 0))

    static let tooLarge = DriverError(
        .tooLarge, "the object is over the limit of \(maximumByteCount >> 30) GiB")
}
