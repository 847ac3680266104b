internal import HoldfastDriver

extension PostgresStore {
    func head(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo {
        let step = Step(statements.head(key.table), key.parameters)
        let rows = try reads.run(step, call, "cannot read \(key.shown)")
        guard rows.count == 1 else { throw notFound(key) }
        guard let row = ObjectRow(rows, 0) else { throw damaged(key) }
        return row.info
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, into sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        var lost: Int64?
        while true {
            let step = Step(statements.read(key.table), key.parameters)
            let rows = try reads.run(step, call, "cannot read \(key.shown)")
            guard rows.count == 1 else { throw notFound(key) }
            guard let row = ObjectRow(rows, 0) else { throw damaged(key) }
            let span = range.clamped(to: row.info.byteCount)
            guard let upload = row.upload else {
                // The rows no longer need the connection: a slow consumer holds nobody up.
                return try send(key, row.info, span, rows, to: sink)
            }
            // Somebody replaced the object between the two reads; nothing was sent, so start again.
            if upload == lost { throw damaged(key) }
            if try send(key, row.info, span, of: upload, to: sink, call) { return }
            lost = upload
        }
    }

    /// Sends a part of what a row holds.
    private func send(
        _ key: ObjectKey, _ info: ObjectInfo, _ span: Range<UInt64>, _ rows: Rows,
        to sink: ObjectSink
    ) throws(DriverError) {
        let column = key.table == .objects && rows.isNull(0, 6) ? 5 : key.table == .objects ? 6 : 5
        try rows.withBytes(0, column) { bytes throws(DriverError) in
            guard UInt64(bytes.byteCount) == info.byteCount else { throw damaged(key) }
            try sink.begin(info)
            try sink.write(bytes.extracting(Int(span.lowerBound)..<Int(span.upperBound)))
        }
    }

    /// Sends a part of an upload.
    ///
    /// - Returns: `false` when its first chunk was already gone and nothing was sent.
    private func send(
        _ key: ObjectKey, _ info: ObjectInfo, _ span: Range<UInt64>, of upload: Int64,
        to sink: ObjectSink, _ call: Call
    ) throws(DriverError) -> Bool {
        let size = UInt64(Uploads.chunkByteCount)
        var position = span.lowerBound
        while position < span.upperBound {
            let start = position / size * size
            let step = Step(
                statements.readChunk, [.number(upload), .number(Int64(start / size))])
            let rows = try pool.run([step], call, "cannot read \(key.shown)")[0]
            guard rows.count == 1 else {
                if position == span.lowerBound { return false }
                throw DriverError(
                    .conflict, "\(key.shown) was replaced while it was being read",
                    retry: .same(afterNanoseconds: 0))
            }
            let end = min(start + size, span.upperBound)
            try rows.withBytes(0, 0) { bytes throws(DriverError) in
                guard UInt64(bytes.byteCount) == min(size, info.byteCount - start) else {
                    throw damaged(key)
                }
                if position == span.lowerBound { try sink.begin(info) }
                try sink.write(bytes.extracting(Int(position - start)..<Int(end - start)))
            }
            position = end
        }
        if span.isEmpty { try sink.begin(info) }
        return true
    }

    /// The entries that are read at once, before any of them is sent.
    private static var pageCount: Int { 1000 }

    // Each page sees one moment, and goes on behind the last path of the page before: an object that is there
    // all the time is in exactly one page, the one that its path belongs to.
    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError) {
        var after = request.startAfter
        var remaining = request.limit
        let table = Table(collection: request.collection)
        let statement = statements.list(table, attributes: request.wantsAttributes)
        while remaining > 0 {
            let count = min(remaining, Self.pageCount)
            let step = Step(
                statement,
                [
                    .text(request.collection), .text(request.workspace), .text(after),
                    .text(request.prefix), .text(request.end), .number(Int64(count)),
                ])
            let rows = try pool.run([step], call, "cannot list \(request.collection)")[0]
            for row in 0..<rows.count {
                try call.check()
                let path = rows.text(row, 5)
                let key = ObjectKey(
                    collection: request.collection, workspace: request.workspace, path: path)
                guard let entry = ObjectRow(rows, row) else { throw damaged(key) }
                try sink.send(Entry(path: path, info: entry.info))
                after = path
            }
            if rows.count < count { return }
            remaining -= count
        }
    }

    private func notFound(_ key: ObjectKey) -> DriverError {
        DriverError(.notFound, "there is no \(key.shown) in the \(pool.settings.connection.shown)")
    }

    private func damaged(_ key: ObjectKey) -> DriverError {
        DriverError(
            .corrupt,
            "\(key.shown) in the \(pool.settings.connection.shown) does not have the bytes or attributes "
                + "that its row says; restore a backup")
    }
}

extension ListRequest {
    /// The least text that sorts after every path with the prefix.
    fileprivate var end: String {
        // The order of UTF-8 is that of the code points, so that raising the last one is enough.
        var scalars = Array(prefix.unicodeScalars)
        while let last = scalars.popLast() {
            let next = last.value == 0xd7ff ? 0xe000 : last.value + 1
            guard let raised = Unicode.Scalar(next) else { continue }
            scalars.append(raised)
            return String(String.UnicodeScalarView(scalars))
        }
        // Longer than any path, of the highest code point.
        return String(repeating: "\u{10ffff}", count: 161)
    }
}
