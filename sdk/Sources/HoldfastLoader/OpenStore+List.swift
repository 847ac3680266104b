internal import CHoldfast

extension OpenStore {
    /// Lists a collection in ascending byte order of the path.
    ///
    /// - Parameters:
    ///   - request: What to list.
    ///   - context: The call's context.
    ///   - onEntry: Receives each object.
    /// - Returns: How the listing ended.
    /// - Throws: ``DriverFailure``, or what `onEntry` threw.
    public func list(
        _ request: ListRequest, _ context: CallContext, onEntry: (Entry) throws -> SinkAnswer
    ) throws -> ListOutcome {
        let (handle, table) = try unsafe use(context)
        return try withoutActuallyEscaping(onEntry) { onEntry in
            var listing = Listing(request: request, last: request.startAfter, onEntry: onEntry)
            let status = unsafe listing.withSink { sink in
                unsafe request.withC { list in
                    unsafe context.withC { unsafe table.pointee.list(handle, $0, list, sink) }
                }
            }
            return try listing.finish(status, outcome("list"), context)
        }
    }
}

extension ListRequest {
    fileprivate func withC<Result>(_ body: (UnsafePointer<holdfast_list>) -> Result) -> Result {
        var block = TextBlock()
        let places = [collection, workspace, prefix, startAfter].map { block.append($0) }
        return unsafe block.withTexts { text in
            var list = unsafe holdfast_list(
                size: UInt32(MemoryLayout<holdfast_list>.size),
                flags: wantsAttributes ? HOLDFAST_LIST_ATTRIBUTES : 0, collection: text(places[0]),
                workspace: text(places[1]), prefix: text(places[2]), start_after: text(places[3]),
                limit: max(1, limit), reserved: 0)
            return unsafe body(&list)
        }
    }
}

/// A listing in flight.
private struct Listing: ~Copyable {
    let request: ListRequest
    /// The path before the next one; every path must sort after it.
    var last: String
    let onEntry: (Entry) throws -> SinkAnswer
    var count: UInt32 = 0
    var ending: Ending?

    mutating func receive(
        _ items: UnsafeRawPointer?, _ count: UInt32, _ stride: UInt32
    ) -> holdfast_status {
        if let ending { return ending.status }
        do {
            guard let items = unsafe items, count > 0,
                Int(stride) >= LeastSize.entry, stride % 8 == 0
            else { throw Defect("gave an array of entries that cannot be read") }
            for index in 0..<Int(count) where ending == nil {
                let item = unsafe items.advanced(by: index * Int(stride))
                    .assumingMemoryBound(to: holdfast_entry.self)
                if try deliver(try unsafe Entry(item, of: request)) == .stop { ending = .stopped }
            }
        } catch let defect as Defect {
            ending = .defect(defect)
        } catch {
            ending = .failed(error)
        }
        return ending?.status ?? HOLDFAST_OK
    }

    private mutating func deliver(_ entry: Entry) throws -> SinkAnswer {
        guard count < max(1, request.limit) else { throw Defect("listed more than the limit") }
        guard entry.path.utf8.starts(with: request.prefix.utf8) else {
            throw Defect("listed a path outside the prefix")
        }
        // The empty string sorts before every path.
        guard last.utf8.lexicographicallyPrecedes(entry.path.utf8) else {
            throw Defect("listed paths that do not ascend")
        }
        count += 1
        last = entry.path
        return try onEntry(entry)
    }

    mutating func withSink(
        _ body: (UnsafePointer<holdfast_entry_sink>) -> holdfast_status
    ) -> holdfast_status {
        unsafe withUnsafeMutablePointer(to: &self) { listing in
            var sink = unsafe holdfast_entry_sink(
                size: UInt32(MemoryLayout<holdfast_entry_sink>.size), flags: 0, context: listing,
                entries: { context, items, count, stride in
                    unsafe upcall(context, Listing.self) { unsafe $0.receive(items, count, stride) }
                })
            return unsafe body(&sink)
        }
    }

    func finish(
        _ status: holdfast_status, _ outcome: CallOutcome, _ context: CallContext
    ) throws -> ListOutcome {
        switch ending {
        case .stopped: return .stopped
        case .failed(let error): throw error
        case .defect(let defect): throw outcome.failure(defect)
        case nil: try outcome.check(status, context)
        }
        return count < max(1, request.limit) ? .end : .limitReached
    }
}
