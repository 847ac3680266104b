internal import CHoldfast

extension OpenStore {
    /// Whether the driver changes several objects at once: it has `holdfast.transaction/1`.
    ///
    /// A store may still not do so; its capability `transaction` tells, and its limit how many.
    public var isTransactional: Bool { unsafe (try? driver.tables.commit(of: driver)) != nil }

    /// Makes all changes, or none.
    ///
    /// - Parameters:
    ///   - changes: At least one, each of another object.
    ///   - context: The call's context.
    ///   - source: Fills the front of a buffer with bytes of the change at a place in the list, and
    ///     returns how many; 0 is the end. Each source is read to its end before the next.
    /// - Returns: For each change the information of the new version; `nil` where it is no put.
    /// - Throws: ``DriverFailure``, whose ``DriverFailure/change`` names what failed where it is
    ///   known; or what `source` threw, only when the driver says that nothing was applied.
    public func commit(
        _ changes: [Change], _ context: CallContext,
        source: (_ change: Int, UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> [ObjectInfo?] {
        let (handle, _) = try unsafe use(context)
        guard let commit = unsafe try driver.tables.commit(of: driver) else {
            throw DriverFailure(.unsupported, "the driver \(driver.id) has no transactions")
        }
        return try unsafe withoutActuallyEscaping(source) { source in
            var committing = unsafe Committing(changes, source)
            let status = unsafe committing.withStreams { sources, sink in
                unsafe changes.withC(sources) { request in
                    unsafe context.withC { unsafe commit(handle, $0, request, sink) }
                }
            }
            var outcome = outcome("commit", isWrite: true)
            outcome.changeCount = changes.count
            return try committing.finish(status, outcome, context)
        }
    }
}

/// The source of one change, as the driver holds it.
@unsafe private struct ChangeSource {
    let committing: UnsafeMutablePointer<Committing>
    let change: Int
}

/// A commit in flight.
@safe private struct Committing: ~Copyable {
    private let source: (Int, UnsafeMutableRawBufferPointer) throws -> Int
    private var puts: [PutProgress?]
    private var ending: Ending?
    private var collectingDefect: Defect?

    init(
        _ changes: [Change],
        _ source: @escaping (Int, UnsafeMutableRawBufferPointer) throws -> Int
    ) {
        unsafe self.source = source
        puts = changes.map { change in
            if case .put(_, let length) = change.action { PutProgress(length: length) } else { nil }
        }
    }

    /// Lends the sources, one for each change, and the sink.
    mutating func withStreams(
        _ body: (UnsafeMutableBufferPointer<holdfast_source>, UnsafePointer<holdfast_commit_sink>)
            -> holdfast_status
    ) -> holdfast_status {
        let lengths = puts.map { $0?.length ?? .max }
        return unsafe withUnsafeMutablePointer(to: &self) { committing in
            var contexts = unsafe lengths.indices.map { index in
                unsafe ChangeSource(committing: committing, change: index)
            }
            var sink = unsafe holdfast_commit_sink(
                size: UInt32(MemoryLayout<holdfast_commit_sink>.size), flags: 0,
                context: committing,
                info: { context, index, info in
                    unsafe upcall(context, Committing.self) { unsafe $0.receive(index, info) }
                })
            return unsafe contexts.withUnsafeMutableBufferPointer { contexts in
                var sources = unsafe lengths.indices.map { index in
                    unsafe holdfast_source(
                        size: UInt32(MemoryLayout<holdfast_source>.size), flags: 0,
                        context: contexts.baseAddress.map { unsafe $0 + index },
                        length: lengths[index],
                        read: { context, buffer, capacity, count in
                            unsafe upcall(context, ChangeSource.self) { place in
                                unsafe place.committing.pointee.fill(
                                    place.change, (buffer, capacity, count))
                            }
                        })
                }
                return unsafe sources.withUnsafeMutableBufferPointer { unsafe body($0, &sink) }
            }
        }
    }

    // MARK: - Upcalls

    mutating func fill(
        _ place: Int,
        _ space: (
            buffer: UnsafeMutablePointer<UInt8>?, capacity: UInt64,
            filled: UnsafeMutablePointer<UInt64>?
        )
    ) -> holdfast_status {
        if let ending { return ending.status }
        do {
            guard let buffer = unsafe space.buffer, let filled = unsafe space.filled,
                unsafe space.capacity > 0
            else { throw Defect("asked the source for no bytes") }
            unsafe filled.pointee = 0
            guard var progress = try begin(place) else { return HOLDFAST_OK }
            let target = unsafe UnsafeMutableRawBufferPointer(
                start: buffer, count: Int(clamping: space.capacity))
            let taken = try unsafe source(place, target)
            try progress.account(taken, target.count)
            puts[place] = progress
            unsafe filled.pointee = UInt64(taken)
        } catch let defect as Defect {
            ending = .defect(defect)
        } catch {
            ending = .failed(error)
        }
        return ending?.status ?? HOLDFAST_OK
    }

    /// The progress of a source that may be read now; `nil` when it is at its end.
    private func begin(_ place: Int) throws(Defect) -> PutProgress? {
        guard let progress = puts[place] else {
            throw Defect("read the source of a change that has none")
        }
        guard puts[..<place].allSatisfy({ $0?.isComplete != false }),
            puts[(place + 1)...].allSatisfy({ $0?.hasBegun != true })
        else { throw Defect("read the sources of a commit out of order") }
        return progress.sawEnd ? nil : progress
    }

    mutating func receive(
        _ index: UInt32, _ info: UnsafePointer<holdfast_info>?
    ) -> holdfast_status {
        do throws(Defect) {
            guard Int(index) < puts.count, puts[Int(index)] != nil else {
                throw Defect("gave information of the change \(index + 1), which is no put")
            }
            guard puts[Int(index)...].allSatisfy({ $0?.info == nil }) else {
                throw Defect("gave information of the changes twice or out of order")
            }
            puts[Int(index)]?.info = try unsafe ObjectInfo(info)
            return HOLDFAST_OK
        } catch {
            if collectingDefect == nil { collectingDefect = error }
            return HOLDFAST_INTERNAL
        }
    }

    // MARK: - The end

    consuming func finish(
        _ status: holdfast_status, _ outcome: CallOutcome, _ context: CallContext
    ) throws -> [ObjectInfo?] {
        if let collectingDefect { throw outcome.failure(collectingDefect) }
        if status != HOLDFAST_OK {
            let failure = outcome.failure(status, context)
            // What the commit did matters more than why a source failed.
            guard failure.applied == .no, let ending else { throw failure }
            switch ending {
            case .failed(let error): throw error
            case .defect(let defect): throw outcome.failure(defect)
            case .stopped: throw failure
            }
        }
        context.forgetReport()
        if case .defect(let defect) = ending { throw outcome.failure(defect) }
        if ending != nil {
            throw outcome.failure(Defect("returned success although a source failed"))
        }
        for case let progress? in puts {
            if let defect = progress.defect { throw outcome.failure(defect) }
        }
        return puts.map { $0?.info }
    }
}

/// How far the put of one change is.
private struct PutProgress {
    let length: UInt64?
    var count: UInt64 = 0
    var sawEnd = false
    var info: ObjectInfo?

    init(length: UInt64?) { self.length = length }

    var hasBegun: Bool { count > 0 || sawEnd }
    var isComplete: Bool { sawEnd || count == length }

    /// Holds the source to its own word: a wrong length would otherwise be a wrong object.
    mutating func account(_ taken: Int, _ capacity: Int) throws(DriverFailure) {
        guard (0...capacity).contains(taken) else {
            throw DriverFailure(.source, "the source put \(taken) bytes into \(capacity)")
        }
        count += UInt64(taken)
        sawEnd = taken == 0
        guard let length else { return }
        if count > length || sawEnd && count < length {
            throw DriverFailure(
                .source,
                "the source has \(sawEnd ? "only " : "more than ")\(sawEnd ? count : length)"
                    + " bytes, not the announced \(length)")
        }
    }

    /// Why the driver's word that it wrote everything cannot be true.
    var defect: Defect? {
        guard isComplete else {
            return Defect("returned success after only \(count) bytes of a source")
        }
        guard let info else { return Defect("gave no information of an object that it put") }
        if info.byteCount != count {
            return Defect("stored \(info.byteCount) bytes of \(count)")
        }
        return nil
    }
}
