internal import HoldfastDriver

extension SQLiteStore {
    /// The entries that are read at once, before any of them is sent.
    private static var pageCount: Int { 256 }

    func head(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo {
        try writer.transactions.checkSettled()
        let row = try readers.read("cannot read \(key.shown)", call) {
            connection throws(SQLiteFailure) in try connection.row(key)
        }
        guard let row else { throw notFound(key) }
        return row.info
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, into sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        try writer.transactions.checkSettled()
        var lost: Int64?
        while true {
            let found = try readers.read("cannot read \(key.shown)", call) {
                connection throws(SQLiteFailure) in try connection.object(key)
            }
            guard let (row, data) = found else { throw notFound(key) }
            let span = range.clamped(to: row.info.byteCount)
            guard let upload = row.upload else {
                guard data.count == row.info.byteCount else { throw damaged(key) }
                try sink.begin(row.info)
                // The copy lets go of the database before a slow consumer takes its time.
                return try unsafe sink.write(
                    data.span.bytes.extracting(Int(span.lowerBound)..<Int(span.upperBound)))
            }
            // Somebody replaced the object between the two reads; nothing was sent, so start again.
            if upload == lost { throw damaged(key) }
            let isSent = try uploads.read(upload) { () throws(DriverError) in
                try send(key, row.info, span, of: upload, to: sink, call)
            }
            if isSent { return }
            lost = upload
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
        var buffer: [UInt8] = []
        while position < span.upperBound {
            let start = position / size * size
            let isThere = try readers.read("cannot read \(key.shown)", call) {
                connection throws(SQLiteFailure) in
                try connection.readChunk(Int64(start / size), of: upload, into: &buffer)
            }
            guard isThere else {
                if position == span.lowerBound { return false }
                throw DriverError(
                    .conflict, "\(key.shown) was replaced while it was being read",
                    retry: .same(afterNanoseconds: 0))
            }
            guard UInt64(buffer.count) == min(size, info.byteCount - start) else {
                throw damaged(key)
            }
            if position == span.lowerBound { try sink.begin(info) }
            let end = min(start + size, span.upperBound)
            let piece = Int(position - start)..<Int(end - start)
            try unsafe sink.write(buffer.span.bytes.extracting(piece))
            position = end
        }
        if span.isEmpty { try sink.begin(info) }
        return true
    }

    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError) {
        try writer.transactions.checkSettled()
        var start = request.firstPath
        var remaining = request.limit
        while remaining > 0 {
            let count = min(remaining, Self.pageCount)
            let page = try readers.read("cannot list \(request.collection)", call) {
                connection throws(SQLiteFailure) in
                try connection.page(request, from: &start, count: count)
            }
            for entry in page {
                try call.check()
                try sink.send(entry)
            }
            if page.count < count { return }
            remaining -= count
        }
    }

    private func notFound(_ key: ObjectKey) -> DriverError {
        DriverError(.notFound, "there is no \(key.shown) in \(file.path)")
    }

    private func damaged(_ key: ObjectKey) -> DriverError {
        DriverError(
            .corrupt,
            "\(key.shown) in \(file.path) does not have the bytes that its row says; see what "
                + "else is damaged with the operation sqlite.integrity_check, and restore a backup"
        )
    }
}

extension ListRequest {
    /// The least path that may be listed, as bytes: the comparison is byte by byte.
    fileprivate var firstPath: [UInt8] {
        // Nothing lies between a path and the same path with a zero byte.
        let next = Array(startAfter.utf8) + [0]
        let first = Array(prefix.utf8)
        return startAfter.isEmpty || next.lexicographicallyPrecedes(first) ? first : next
    }

    /// The least bytes that sort after every path with the prefix.
    fileprivate var endPath: [UInt8] {
        // No byte of UTF-8 text is 255, so that the last byte can always be raised.
        var bytes = Array(prefix.utf8)
        guard let last = bytes.popLast() else { return [.max] }
        return bytes + [last + 1]
    }
}

extension Connection {
    /// Reads up to `count` entries from the path `start` on, and moves it behind the last of them.
    fileprivate func page(
        _ request: ListRequest, from start: inout [UInt8], count: Int
    ) throws(SQLiteFailure) -> [Entry] {
        let table = Table(collection: request.collection)
        let statement = try prepared(.list(table, attributes: request.wantsAttributes))
        defer { statement.reset() }
        if table == .objects { statement.bind(1, request.collection) }
        statement.bind(2, request.workspace)
        statement.bind(3, text: start)
        statement.bind(4, text: request.endPath)
        statement.bind(5, Int64(count))
        var entries: [Entry] = []
        while try statement.step() {
            entries.append(Entry(path: statement.text(5), info: try ObjectRow(statement).info))
            start = statement.array(5) + [0]
        }
        return entries
    }
}
