package import Host

/// Which versions in the store no record will ever name.
///
/// A commit requires the sequence after the record's, and the fence and sweep under which its bytes
/// were put. So what was put under an earlier fence or sweep, and what has a sequence that is used
/// up without being in the history, can never be committed. Where the history cannot be followed,
/// nothing below the break is touched.
struct StrayFinder {
    private let record: StateRecord
    private var history: Set<String> = []
    /// Below this sequence it is not known what is history.
    private var knownFrom: UInt64

    /// - Parameters:
    ///   - record: The record.
    ///   - previous: The id before each listed version.
    init(_ record: StateRecord, previous: [String: String]) {
        self.record = record
        knownFrom = record.base + 1
        var id = record.last?.id ?? ""
        while let version = VersionID(id) {
            history.insert(id)
            guard let before = previous[id] ?? previousByRecord(id) else {
                knownFrom = version.sequence
                return
            }
            id = before
        }
    }

    private func previousByRecord(_ id: String) -> String? {
        id == record.current?.id ? record.current?.previousID : nil
    }

    /// Whether the version can never be committed and is not history.
    func isStray(_ id: VersionID, fence: UInt64, sweep: UInt64) -> Bool {
        if id.sequence <= record.base || history.contains(id.text) { return false }
        if id.sequence <= record.sequence { return id.sequence >= knownFrom }
        return fence < record.fence || sweep < record.sweep
    }
}

extension StateRepository {
    /// How far back the quick collection looks, in sequences.
    private static let nearSequences: UInt64 = 16
    /// How old a version that no record names must be before `repair` takes its writer for dead.
    private static let inFlightNanosecondsMax: Int64 = 3600 * 1_000_000_000

    /// Large bytes are spared for this long by the quick collection: when their write is refused they
    /// are copied from the store, to be kept as an orphan.
    private static let sparedNanoseconds: Int64 = 60 * 1_000_000_000

    /// Collects strays near the head of the history; what fails now is done by the next call.
    func collectNear(_ path: StatePath, _ record: StateRecord, _ call: Call) {
        let from = record.sequence - min(record.sequence, Self.nearSequences)
        let range = ChildRange(
            collection: kind.versions, startAfter: VersionID.prefix(from))
        do throws(StateError) {
            guard try !isSetBack(path, record, call),
                try mayHaveStrays(path, range, record, call)
            else { return }
            let latest = environment.wallClock() - Self.sparedNanoseconds
            _ = try collect(
                path, record, startAfter: range.startAfter, largeUntil: latest, call)
        } catch {
            return
        }
    }

    /// Whether a look at each version is worth it, where listings carry no attributes.
    ///
    /// Names tell of a stray that lost a race, or whose sequence is not used up. One under the
    /// sequence of a removal is left to a repair.
    private func mayHaveStrays(
        _ path: StatePath, _ range: ChildRange, _ record: StateRecord, _ call: Call
    ) throws(StateError) -> Bool {
        if store.capabilities.supports(Capabilities.listAttributes) { return true }
        let ids = try childNames(of: path, range, call).compactMap(VersionID.init)
        let sequences = Set(ids.map(\.sequence))
        return sequences.count < ids.count || sequences.contains { $0 > record.sequence }
    }

    /// Collects strays; whether there were any.
    private func collect(
        _ path: StatePath, _ record: StateRecord, startAfter: String, largeUntil: Int64,
        _ call: Call
    ) throws(StateError) -> Bool {
        let objects = try versionObjects(path, startAfter: startAfter, call)
        let finder = StrayFinder(record, previous: Self.previous(of: objects))
        var names: [String] = []
        for object in objects {
            let attributes = object.attributes
            let fence = attributes.version.fence
            guard finder.isStray(object.id, fence: fence, sweep: attributes.sweep) else { continue }
            if attributes.isSeparate, object.writtenNanoseconds > largeUntil { continue }
            names.append(object.name)
        }
        try onStore(path) { () throws(HostError) in
            for name in names {
                try call.check()
                try store.remove(versionKey(path, name), condition: .none, call)
            }
        }
        return !names.isEmpty
    }

    private struct VersionObject {
        var name: String
        var id: VersionID
        var attributes: VersionAttributes
        var info: ObjectInfo

        /// When it was written, by the store's clock where it tells; not exact.
        var writtenNanoseconds: Int64 {
            info.modifiedNanoseconds > 0
                ? info.modifiedNanoseconds : attributes.version.createdNanoseconds
        }
    }

    private func versionObjects(
        _ path: StatePath, startAfter: String, _ call: Call
    ) throws(StateError) -> [VersionObject] {
        try children(of: path, in: kind.versions, startAfter: startAfter, call).compactMap {
            child in
            let isDescription = child.name.hasSuffix(Self.descriptionSuffix)
            let id =
                isDescription
                ? String(child.name.dropLast(Self.descriptionSuffix.count)) : child.name
            guard let id = VersionID(id), let attributes = VersionAttributes(child.info) else {
                return nil
            }
            return VersionObject(
                name: child.name, id: id, attributes: attributes, info: child.info)
        }
    }

    private static func previous(of objects: [VersionObject]) -> [String: String] {
        Dictionary(
            objects.map { ($0.id.text, $0.attributes.version.previousID) },
            uniquingKeysWith: { first, _ in first })
    }

    // MARK: - Repair

    /// Publishes the legible copy where it differs, byte for byte, and collects strays.
    ///
    /// - Returns: Whether anything had to be changed.
    package func repair(_ path: StatePath, _ call: Call) throws(StateError) -> Bool {
        var snapshot = try load(path, call)
        guard snapshot.exists else { return false }
        try refuseSetBack(path, snapshot, call)
        var changed = try publish(path, after: snapshot.record, nil, verifies: true, call)
        if snapshot.record.writing != nil {
            var record = snapshot.record
            record.writing = nil
            // Who was faster than this swap notes a write of its own, or has cleared the note.
            if let swapped = try swap(path, snapshot, to: record, call) { snapshot = swapped }
            changed = true
        }
        try sweep(path, call)
        let record = try load(path, call).record
        if try collect(path, record, startAfter: "", largeUntil: .max, call) { changed = true }
        if trimOrphans(path, call) { changed = true }
        return changed
    }

    /// Makes old versions of writes that never ended collectable.
    ///
    /// The record is changed first, so
    /// that a writer that is only slow finds its bytes unfit and puts them again.
    private func sweep(_ path: StatePath, _ call: Call) throws(StateError) {
        let objects = try versionObjects(path, startAfter: "", call)
        let oldest = environment.wallClock() - Self.inFlightNanosecondsMax
        let snapshot = try load(path, call)
        let record = snapshot.record
        let isNeeded = objects.contains { object in
            let attributes = object.attributes
            return object.id.sequence > record.sequence && attributes.sweep == record.sweep
                && attributes.version.fence == record.fence && object.writtenNanoseconds < oldest
        }
        guard isNeeded, snapshot.exists else { return }
        var swept = record
        swept.sweep += 1
        // A swap that others were faster with leaves the strays to the next repair.
        _ = try swap(path, snapshot, to: swept, call)
    }
}
