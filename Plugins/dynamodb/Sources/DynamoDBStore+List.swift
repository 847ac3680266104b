internal import HoldfastDriver
internal import SharedJSON

extension DynamoDBStore {
    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError) {
        var merge = ListMerge(
            request, first: try stageEntries(request, call).makeIterator())
        var start: JSONValue?
        repeat {
            guard let members = ordinaryQuery(request, limit: merge.remaining, start) else { break }
            let answer = try query(members, request, call)
            for item in answer["Items"]?.elements ?? [] {
                try call.check()
                guard let entry = try entry(item, request) else { continue }
                guard try merge.send(entry, to: sink) else { return }
            }
            start = answer["LastEvaluatedKey"]
        } while start != nil
        try merge.finish(to: sink)
    }

    /// The query of a collection's own items, in the order of their paths; `nil` where there can be none.
    private func ordinaryQuery(
        _ request: ListRequest, limit: Int, _ start: JSONValue?
    ) -> [String: JSONValue]? {
        let head = sortPrefix(collection: request.collection)
        // Nothing lies between a path and the same path with a zero byte.
        let next = request.startAfter.isEmpty ? "" : request.startAfter + "\0"
        let from = isBefore(next, request.prefix) ? request.prefix : next
        // No path with the prefix sorts behind as many of the last character as a path has room for.
        let room = max(0, 640 - request.prefix.utf8.count) / 4 + 1
        let to = request.prefix + String(repeating: "\u{10ffff}", count: room)
        // The service refuses a range that ends before it begins.
        guard !isBefore(to, from) else { return nil }
        var members = Self.listing(
            request, partition(workspace: request.workspace), from: head + from, to: head + to)
        members["Limit"] = .number(String(min(max(limit, 1), 1000)))
        if let start { members["ExclusiveStartKey"] = start }
        return members
    }

    private static func listing(
        _ request: ListRequest, _ partition: String, from: String, to: String
    ) -> [String: JSONValue] {
        var members = projection(Record.summary + (request.wantsAttributes ? ["attributes"] : []))
        members["KeyConditionExpression"] = .string("#pk = :pk AND #sk BETWEEN :from AND :to")
        members["ExpressionAttributeValues"] = .object([
            ":pk": text(partition), ":from": text(from), ":to": text(to),
        ])
        members["ConsistentRead"] = .boolean(true)
        return members
    }

    private func query(
        _ members: [String: JSONValue], _ request: ListRequest, _ call: Call
    ) throws(DriverError) -> JSONValue {
        do throws(ServiceFailure) {
            return try service.perform("Query", members, call)
        } catch {
            throw error.error.during("cannot list \(request.collection) in \(service.shown)")
        }
    }

    private func entry(
        _ item: JSONValue, _ request: ListRequest
    ) throws(DriverError) -> Entry? {
        do throws(DriverError) {
            return try Record(item, isComplete: false).map { Entry(path: $0.path, info: $0.info) }
        } catch {
            throw error.during("cannot list \(request.collection)")
        }
    }

    // MARK: - Receipts in the items of their stages

    /// The receipts that lie in the items of their stages, as far as the request can want them.
    ///
    /// They are as many as the workspace has stages, in the order of those: all are read for each
    /// page, and the least ones are kept.
    private func stageEntries(
        _ request: ListRequest, _ call: Call
    ) throws(DriverError) -> [Entry] {
        guard request.collection == "state" else { return [] }
        var entries: [Entry] = []
        var start: JSONValue?
        repeat {
            var members = Self.listing(
                request, partition(workspace: request.workspace), from: stagePrefix,
                to: stagePrefix + String(repeating: "\u{10ffff}", count: 51))
            if let start { members["ExclusiveStartKey"] = start }
            let answer = try query(members, request, call)
            for item in answer["Items"]?.elements ?? [] {
                try call.check()
                if let entry = try stageEntry(item, request, call) { entries.append(entry) }
            }
            if entries.count > request.limit { keepLeast(&entries, request.limit) }
            start = answer["LastEvaluatedKey"]
        } while start != nil
        keepLeast(&entries, request.limit)
        return entries
    }

    private func stageEntry(
        _ item: JSONValue, _ request: ListRequest, _ call: Call
    ) throws(DriverError) -> Entry? {
        var found = try entry(item, request)
        if item["version"] == nil, let sort = item["sk"]?["S"]?.text {
            // Another tool's: only its data says whose it is.
            let place = ItemKey(partition(workspace: request.workspace), sort)
            let key = ObjectKey(collection: "state", workspace: request.workspace, path: sort)
            let record = try record(place, key, wantsData: true, call)
            guard let record, !record.isForeign else {
                call.log(
                    .warning,
                    "the item \(sort) in \(service.shown) is no receipt with a service and a provider;"
                        + " it is left alone")
                return nil
            }
            found = Entry(path: record.path, info: record.info)
        }
        guard let found, found.path.utf8.starts(with: request.prefix.utf8),
            request.startAfter.isEmpty || isBefore(request.startAfter, found.path)
        else { return nil }
        return found
    }

    private func keepLeast(_ entries: inout [Entry], _ count: Int) {
        entries.sort { isBefore($0.path, $1.path) }
        if entries.count > count { entries.removeSubrange(count...) }
    }
}

/// Two listings in one order, as far as the request's limit.
private struct ListMerge {
    private var first: IndexingIterator<[Entry]>
    private var waiting: Entry?
    /// How many entries may still be sent.
    private(set) var remaining: Int

    init(_ request: ListRequest, first: IndexingIterator<[Entry]>) {
        self.first = first
        remaining = request.limit
        waiting = self.first.next()
    }

    /// Sends an entry of the second listing, after those of the first that come before it.
    ///
    /// - Returns: Whether more may be sent.
    mutating func send(_ entry: Entry, to sink: EntrySink) throws(DriverError) -> Bool {
        while let other = waiting, remaining > 0, isBefore(other.path, entry.path) {
            try sink.send(other)
            remaining -= 1
            waiting = first.next()
        }
        guard remaining > 0 else { return false }
        try sink.send(entry)
        remaining -= 1
        return remaining > 0
    }

    /// Sends what is left of the first listing.
    mutating func finish(to sink: EntrySink) throws(DriverError) {
        while let other = waiting, remaining > 0 {
            try sink.send(other)
            remaining -= 1
            waiting = first.next()
        }
    }
}
