extension Store {
    /// Reports one object's information; `nil` when there is none.
    package func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? {
        try located(key) { () throws(HostError) in
            try key.check()
            let info = try operations.head(key, call)
            try info?.check()
            return info?.strippedOfWriteID()
        }
    }

    /// Reads an object: `begin` once before any byte, then `body` for the bytes in order.
    ///
    /// - Returns: `nil` when there is none. An error of a closure is rethrown as it is.
    package func get(
        _ key: ObjectKey, range: ByteRange = .whole, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo? {
        // What the consumer threw leaves unchanged, whatever the driver makes of it.
        var consumerError: HostError?
        do throws(HostError) {
            let info = try unsafe checkedGet(
                key, range, call,
                begin: { info throws(HostError) in
                    do throws(HostError) { try begin(info) } catch {
                        consumerError = error
                        throw error
                    }
                },
                body: { bytes throws(HostError) in
                    do throws(HostError) { try unsafe body(bytes) } catch {
                        consumerError = error
                        throw error
                    }
                })
            if let consumerError { throw consumerError }
            return info
        } catch {
            throw consumerError ?? located(error, key)
        }
    }

    private func checkedGet(
        _ key: ObjectKey, _ range: ByteRange, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo? {
        try key.check()
        if range != .whole { try require(Capabilities.range, for: "reads of a part of an object") }
        var check = ReadCheck(range)
        let info = try unsafe operations.get(
            key, range, call,
            begin: { info throws(HostError) in
                try check.begin(info)
                try begin(info.strippedOfWriteID())
            },
            body: { bytes throws(HostError) in
                try check.receive(bytes.count)
                try unsafe body(bytes)
            })
        try check.finish(info)
        return info?.strippedOfWriteID()
    }

    /// Reads a whole object into memory; `nil` when there is none.
    ///
    /// - Throws: ``HostError``, with code `tooLarge` for more than `maxByteCount` bytes.
    package func read(
        _ key: ObjectKey, maxByteCount: Int, _ call: Call
    ) throws(HostError) -> (info: ObjectInfo, bytes: [UInt8])? {
        var bytes: [UInt8] = []
        let info = try unsafe get(
            key, call,
            begin: { info throws(HostError) in
                guard info.byteCount <= UInt64(max(0, maxByteCount)) else {
                    throw located(
                        HostError(
                            .tooLarge,
                            "the object has \(info.byteCount) bytes, \(maxByteCount) are expected "
                                + "at most"), key)
                }
                bytes.reserveCapacity(Int(info.byteCount))
            }, body: { unsafe bytes.append(contentsOf: $0) })
        return info.map { ($0, bytes) }
    }

    /// One page of a listing in ascending byte order; fewer entries than the limit mean the end.
    package func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] {
        try located(nil) { () throws(HostError) in
            try listing.check()
            if listing.wantsAttributes {
                try require(Capabilities.listAttributes, for: "listings with attributes")
            }
            let page = try operations.list(listing, call)
            try check(page, of: listing)
            return page.map { Entry(path: $0.path, info: $0.info.strippedOfWriteID()) }
        }
    }

    /// Every entry, page by page, until the end or until `body` returns `false`.
    package func forEachEntry(
        _ listing: Listing, _ call: Call, _ body: (Entry) throws(HostError) -> Bool
    ) throws(HostError) {
        var listing = listing
        while true {
            let page = try list(listing, call)
            for entry in page where try !body(entry) { return }
            guard page.count == listing.limit, let last = page.last else { return }
            listing.startAfter = last.path
        }
    }

    /// Checks that the store can be used now; its clock, where it has one.
    package func ping(_ call: Call) throws(HostError) -> StoreClock? {
        try located(nil) { () throws(HostError) in
            guard let clock = try operations.ping(call) else { return nil }
            guard !clock.domain.isEmpty, clock.uncertaintyNanoseconds >= 0 else {
                throw nonsense("a clock without a name or with a negative uncertainty")
            }
            // A clock that was not declared is not relied on.
            return capabilities.supports(Capabilities.clock) ? clock : nil
        }
    }

    /// Closes the store; calls after it fail.
    package func close(_ call: Call) { operations.close(call) }
}
