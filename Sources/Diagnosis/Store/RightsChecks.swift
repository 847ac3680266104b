internal import Host
internal import State

// May I read, write, delete, list: each is really done, with an object of the examination's own.

extension StoreChecks {
    /// Whether objects can be listed.
    static let list = Check<StoreBench>("list", "may list") { bench, call throws(HostError) in
        let count = try bench.listed(prefix: "", call).count
        let most = StoreBench.listingCount
        let number = "\(count)\(count == most ? " or more" : "")"
        return Finding(
            .ok,
            count == 0
                ? "the collection \(StoreBench.collection) is listed, and empty"
                : "\(number) object\(count == 1 ? "" : "s") of earlier examinations listed")
    }

    /// Whether an object can be made.
    static let write = Check<StoreBench>("write", "may write", writes: true) {
        bench, call throws(HostError) in
        let key = bench.key("object")
        let bytes = StoreBench.bytes()
        let condition: Condition = bench.can(Capabilities.conditionAbsent) ? .absent : .none
        let before = WallClock.now
        let info = try bench.put(key, bytes, condition, call)
        bench.object = StoreBench.ScratchObject(key: key, info: info, bytes: bytes)
        if info.modifiedNanoseconds > 0 {
            // Many stores tell whole seconds only, cut off.
            let isWhole = info.modifiedNanoseconds % 1_000_000_000 == 0
            let half: Int64 = isWhole ? 500_000_000 : 0
            bench.reading = ClockReading(
                info.modifiedNanoseconds + half, between: before, and: WallClock.now,
                uncertainty: half, source: "the time of an object's change")
        }
        return Finding(.ok, "an object of \(bytes.count) bytes was made")
    }

    /// Whether an object can be read.
    static let read = Check<StoreBench>("read", "may read") { bench, call throws(HostError) in
        guard let object = bench.object else {
            // A store without this right refuses also what is not there.
            let found = try bench.store.read(
                bench.key("none"), maxByteCount: StoreBench.byteCount, call)
            guard found == nil else {
                return Finding(
                    .failed, "the store shows an object under a name that nobody has used",
                    advice: reportIt, code: .internalError)
            }
            return Finding(.ok, "asked for an object that is not there, the store says so")
        }
        let found = try bench.store.read(object.key, maxByteCount: 2 * StoreBench.byteCount, call)
        guard let found else {
            return Finding(
                .failed, "the object that was just made is not there", advice: reportIt,
                code: .internalError)
        }
        guard found.bytes == object.bytes, found.info.version == object.info.version else {
            return Finding(
                .failed,
                found.bytes == object.bytes
                    ? "an unchanged object has another version than its write gave"
                    : "other bytes come back than were written",
                advice: reportIt, code: .corrupt)
        }
        return Finding(.ok, "the same bytes came back")
    }

    /// Whether a listing shows what was just made.
    static let found = Check<StoreBench>("list.fresh", "listing is fresh", writes: true) {
        bench, call throws(HostError) in
        guard let object = bench.object else { return .nothingToLookAt }
        let all = try bench.listed(prefix: "", call)
        let own = try bench.listed(prefix: object.key.path, call)
        guard own.contains(where: { $0.path == object.key.path }) else {
            return Finding(
                .failed, "the object that was just made is in no listing", advice: reportIt,
                code: .internalError)
        }
        bench.adoptOld(all, than: object.info)
        return Finding(.ok, "the new object is listed at once")
    }

    /// Whether an object can be removed.
    static let delete = Check<StoreBench>("delete", "may delete", writes: true) {
        bench, call throws(HostError) in
        guard let object = bench.object else { return .nothingToLookAt }
        try bench.store.remove(object.key, condition: .none, call)
        guard try bench.store.head(object.key, call) == nil else {
            return Finding(
                .failed, "the object is there although its removal was acknowledged",
                advice: reportIt, code: .internalError)
        }
        bench.forget(object.key)
        bench.object = nil
        return Finding(.ok, "the object was removed")
    }
}

/// What to do about a driver that does not keep the interface.
let reportIt = "check the driver with holdfast driver test, and report it to its author"

extension Finding {
    /// There is no object to look at.
    static var nothingToLookAt: Finding {
        Finding(.notTried, "there is no object to try it with")
    }
}

extension StoreBench {
    /// The most entries that are asked for.
    static let listingCount = 100
    /// An object of an examination that is older than this is nobody's any more.
    private static let oldNanoseconds: Int64 = 3_600_000_000_000

    /// One page of the examinations' objects.
    func listed(prefix: String, _ call: Call) throws(HostError) -> [Entry] {
        try store.list(
            Listing(
                collection: Self.collection, workspace: workspace, prefix: prefix,
                limit: Self.listingCount), call)
    }

    /// Takes over what is so much older than the own object that nobody uses it any more.
    func adoptOld(_ entries: [Entry], than own: ObjectInfo) {
        let old = entries.filter { entry in
            !isOwn(entry.path) && entry.info.modifiedNanoseconds > 0
                && own.modifiedNanoseconds - entry.info.modifiedNanoseconds > Self.oldNanoseconds
        }
        adopt(
            old.map {
                ObjectKey(collection: Self.collection, workspace: workspace, path: $0.path)
            })
    }
}
