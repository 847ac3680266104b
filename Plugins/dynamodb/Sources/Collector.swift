internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

// Takes away chunks that no object has: of uploads that were retired or given up.

extension DynamoDBStore {
    /// How long a reader may still need an upload that was retired.
    private static var readingSeconds: Int64 { 600 }
    /// How long a mark lies untouched until its writer counts as gone.
    ///
    /// A writer that is wrongly taken for gone loses its write, never an object.
    private static var abandonedSeconds: Int64 { 3600 }
    /// The most items of one request to the service.
    private static var batchCount: Int { 25 }

    /// Takes away an upload that its writer gives up; what fails here is left to the collector.
    ///
    /// The mark comes first: were the upload an object's after all, it would have none.
    func discard(_ upload: StagedUpload, _ call: Call) {
        guard !call.isOver else { return }
        let keys = (0..<upload.chunkCount).map { UploadLayout.chunk($0, of: upload.id) }
        do {
            guard try claim(upload.mark, upload.id, nonce: upload.nonce, call) else { return }
            try delete(keys, call)
            _ = try service.perform("DeleteItem", ["Key": .object(upload.mark.json)], call)
        } catch {
            call.log(.debug, "chunks of an upload that was given up are left to the collector")
        }
    }

    /// Takes away some of what nobody needs any more, for at most `seconds`.
    ///
    /// A failure here is none of the call's: its own work is done.
    func collect(_ call: Call, seconds: Double) {
        let end = monotonicNanoseconds() + Int64(seconds * 1_000_000_000)
        let now = unixSeconds()
        do {
            for mark in try marks("RETIRED#", before: now - Self.readingSeconds, call) {
                guard monotonicNanoseconds() < end, !call.isOver else { return }
                try remove(mark, call)
            }
            for mark in try marks("WRITING#", before: now - Self.abandonedSeconds, call) {
                guard monotonicNanoseconds() < end, !call.isOver else { return }
                try takeOver(mark, now, call)
            }
        } catch {
            call.log(.debug, "old chunks were not removed: \(error)")
        }
    }

    private struct Mark {
        let key: ItemKey
        let id: String
        let nonce: String
        let state: String
        let touched: Int64
    }

    private func marks(
        _ prefix: String, before seconds: Int64, _ call: Call
    ) throws(ServiceFailure) -> [Mark] {
        let range: [String: JSONValue] = [
            ":pk": text(UploadLayout.marks), ":from": text(prefix),
            ":to": text(prefix + UploadLayout.digits(max(0, seconds))),
        ]
        let answer = try service.perform(
            "Query",
            [
                "KeyConditionExpression": .string("#pk = :pk AND #sk BETWEEN :from AND :to"),
                "ExpressionAttributeNames": .object(["#pk": .string("pk"), "#sk": .string("sk")]),
                "ExpressionAttributeValues": .object(range), "ConsistentRead": .boolean(true),
                "Limit": .number("100"),
            ], call)
        return (answer["Items"]?.elements ?? []).compactMap { item in
            guard let sort = item["sk"]?["S"]?.text, let id = item["upload"]?["S"]?.text,
                let nonce = item["nonce"]?["S"]?.text
            else { return nil }
            return Mark(
                key: ItemKey(UploadLayout.marks, sort), id: id, nonce: nonce,
                state: item["state"]?["S"]?.text ?? "",
                touched: item["touchedAt"]?["N"]?.text.flatMap { Int64($0) } ?? .max)
        }
    }

    /// Takes an abandoned upload away from its writer first, and its chunks after that.
    ///
    /// The mark stays for another hour, and the chunks are looked for once more: a writer that slept
    /// may have written one more before it found out.
    private func takeOver(_ mark: Mark, _ now: Int64, _ call: Call) throws(ServiceFailure) {
        guard mark.touched < now - Self.abandonedSeconds else { return }
        if mark.state == "collecting" { return try remove(mark, call) }
        // Otherwise the writer lives, or another collector was faster.
        guard try claim(mark.key, mark.id, nonce: mark.nonce, call) else { return }
        try removeChunks(of: mark.id, call)
    }

    /// Takes an upload away from whoever could still commit it.
    ///
    /// - Returns: Whether it is ours now.
    private func claim(
        _ key: ItemKey, _ id: String, nonce: String, _ call: Call
    ) throws(ServiceFailure) -> Bool {
        let item = UploadLayout.markItem(key, id, nonce: newToken(), state: "collecting")
        let condition = Expression.equals("nonce", text(nonce)).members
        do throws(ServiceFailure) {
            _ = try service.perform(
                "PutItem", condition.merging(["Item": .object(item)]) { $1 }, call)
            return true
        } catch {
            if error.isCondition { return false }
            throw error
        }
    }

    private func remove(_ mark: Mark, _ call: Call) throws(ServiceFailure) {
        try removeChunks(of: mark.id, call)
        _ = try service.perform("DeleteItem", ["Key": .object(mark.key.json)], call)
    }

    private func removeChunks(of id: String, _ call: Call) throws(ServiceFailure) {
        var start: JSONValue?
        repeat {
            var members = projection(["pk", "sk"])
            members["KeyConditionExpression"] = .string("#pk = :pk")
            members["ExpressionAttributeValues"] = .object([
                ":pk": text(UploadLayout.partition(of: id))
            ])
            members["ConsistentRead"] = .boolean(true)
            if let start { members["ExclusiveStartKey"] = start }
            let answer = try service.perform("Query", members, call)
            let keys = (answer["Items"]?.elements ?? []).compactMap { item in
                item["sk"]?["S"]?.text.map { ItemKey(UploadLayout.partition(of: id), $0) }
            }
            try delete(keys, call)
            start = answer["LastEvaluatedKey"]
        } while start != nil
    }

    /// Deletes items; those that the service leaves over are tried again, with pauses.
    private func delete(_ keys: [ItemKey], _ call: Call) throws(ServiceFailure) {
        var rest = keys[...]
        while !rest.isEmpty {
            var requests = rest.prefix(Self.batchCount).map { key in
                JSONValue.object(["DeleteRequest": .object(["Key": .object(key.json)])])
            }
            rest = rest.dropFirst(Self.batchCount)
            var wait: Int64 = 25_000_000
            while !requests.isEmpty {
                let answer = try service.perform(
                    "BatchWriteItem",
                    ["RequestItems": .object([service.table: .array(requests)])], call,
                    isOnTable: false)
                requests = answer["UnprocessedItems"]?[service.table]?.elements ?? []
                guard requests.isEmpty || call.pause(Int64.random(in: wait / 2...wait)) else {
                    throw ServiceFailure(call.overError("removing chunks", applied: .no))
                }
                wait = min(wait * 2, 2_000_000_000)
            }
        }
    }
}
