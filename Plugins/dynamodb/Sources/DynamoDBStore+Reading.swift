internal import HoldfastDriver
internal import SharedJSON

extension DynamoDBStore {
    func head(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo {
        guard let record = try find(key, wantsData: false, call) else { throw notFound(key) }
        return record.info
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, into sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        var lost: Record.Upload?
        while true {
            guard let record = try find(key, wantsData: true, call) else { throw notFound(key) }
            let span = range.clamped(to: record.info.byteCount)
            guard let upload = record.upload else {
                let data = record.data ?? []
                try sink.begin(record.info)
                return try unsafe sink.write(
                    data.span.bytes.extracting(Int(span.lowerBound)..<Int(span.upperBound)))
            }
            // Somebody replaced the object between the two reads; nothing was sent, so start again.
            if upload == lost { throw damaged(key) }
            if try send(key, record.info, span, of: upload, to: sink, call) { return }
            lost = upload
        }
    }

    /// Sends a part of an upload.
    ///
    /// - Returns: `false` when its first chunk was already gone and nothing was sent.
    private func send(
        _ key: ObjectKey, _ info: ObjectInfo, _ span: Range<UInt64>, of upload: Record.Upload,
        to sink: ObjectSink, _ call: Call
    ) throws(DriverError) -> Bool {
        let size = UInt64(UploadLayout.chunkByteCount)
        var position = span.lowerBound
        while position < span.upperBound {
            let start = position / size * size
            guard let bytes = try chunk(Int64(start / size), of: upload.id, key, call) else {
                if position == span.lowerBound { return false }
                throw DriverError(
                    .conflict, "\(key.shown) was replaced while it was being read",
                    retry: .same(afterNanoseconds: 0))
            }
            guard UInt64(bytes.count) == min(size, info.byteCount - start) else {
                throw damaged(key)
            }
            if position == span.lowerBound { try sink.begin(info) }
            let end = min(start + size, span.upperBound)
            let piece = Int(position - start)..<Int(end - start)
            try unsafe sink.write(bytes.span.bytes.extracting(piece))
            position = end
        }
        if span.isEmpty { try sink.begin(info) }
        return true
    }

    private func chunk(
        _ number: Int64, of id: String, _ key: ObjectKey, _ call: Call
    ) throws(DriverError) -> [UInt8]? {
        let place = UploadLayout.chunk(number, of: id)
        guard let item = try read(place, [], "cannot read \(key.shown)", call) else { return nil }
        guard let bytes = item["data"]?["B"]?.text.flatMap({ Base64.decode($0) }) else {
            throw damaged(key)
        }
        return bytes
    }

    // MARK: - Items

    /// Finds an object where it can lie: in its own item or, for a receipt, in that of its stage.
    ///
    /// An object changes its place only by being removed and made again. So of two reads one finds it,
    /// or there was a moment between them in which it was not there.
    func find(
        _ key: ObjectKey, wantsData: Bool, _ call: Call
    ) throws(DriverError) -> Record? {
        if let stage = key.stage, let record = try record(stage, key, wantsData: wantsData, call),
            isSame(record.path, key.path)
        {
            return record
        }
        return try record(key.ordinary, key, wantsData: wantsData, call)
    }

    /// Reads the item at a place where `key` can lie.
    func record(
        _ place: ItemKey, _ key: ObjectKey, wantsData: Bool, _ call: Call
    ) throws(DriverError) -> Record? {
        let action = "cannot read \(key.shown)"
        let names = wantsData ? [] : Record.summary + ["attributes"]
        guard var item = try read(place, names, action, call) else { return nil }
        // Another tool's item says in its data whose it is.
        if !wantsData, item["version"] == nil {
            guard let whole = try read(place, [], action, call) else { return nil }
            item = whole
        }
        do throws(DriverError) {
            return try Record(item, isComplete: wantsData)
        } catch {
            throw error.during(action)
        }
    }

    private func read(
        _ place: ItemKey, _ names: [String], _ action: String, _ call: Call
    ) throws(DriverError) -> JSONValue? {
        var members = Self.read(place)
        if !names.isEmpty { members.merge(projection(names)) { $1 } }
        do throws(ServiceFailure) {
            return try service.perform("GetItem", members, call)["Item"]
        } catch {
            throw error.error.during("\(action) in \(service.shown)")
        }
    }

    private func notFound(_ key: ObjectKey) -> DriverError {
        DriverError(.notFound, "there is no \(key.shown) in \(service.shown)")
    }

    private func damaged(_ key: ObjectKey) -> DriverError {
        DriverError(
            .corrupt, "\(key.shown) in \(service.shown) lacks some of its chunks; restore a backup")
    }
}
