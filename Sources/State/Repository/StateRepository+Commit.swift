internal import Host

/// A change of the record and of all that belongs to it in one commit, where the store has commits.
///
/// A write is then one step instead of three: the version, the record and the legible copy become
/// visible together, so nothing is left to be published, collected or mended. The rules are the same,
/// and so are the objects; daemons that do it in three steps may work on the same state:
///
/// - The record is required to have the version that was read. Of two commits, of whichever kind,
///   one fails and looks again.
/// - The copy is required to be the one that was looked at. A publisher of a three-step write puts its
///   copy under the same kind of condition and reads the record again when that fails, so neither
///   can put an older version over a newer one.
/// - A version of ours is never without its record, so the collector has nothing to find; the sequence,
///   fence and sweep under which it is put are those of the record that the commit requires.
/// - A write leaves no note (`writing`): every publisher that is still on its way meets a copy that is
///   not the one it looked at. A removal leaves its note, because a publisher that has seen no copy
///   may put one after it; whoever takes the lock next looks, as after a removal in two steps.
struct NativeCommit {
    /// How often a copy that keeps changing is followed before the write is made in steps, where the
    /// copy comes last and can keep nobody from writing.
    static let copyConflictsMax = 8

    /// The most changes that one commit of this module has: record, version and copy.
    private static let changeCount: UInt64 = 3

    /// Whether a store makes such commits, by itself.
    static func isPossible(in store: Store) -> Bool {
        let capabilities = store.capabilities
        return capabilities.level(Capabilities.transaction) == .native
            && capabilities.limit(Capabilities.transaction) ?? .max >= changeCount
    }
}

extension StateRepository {
    /// Whether record, version and copy can be changed in one commit: not where they are in two stores.
    var commitsNatively: Bool { !place.isApart && NativeCommit.isPossible(in: store) }

    /// Commits a small body in one step.
    ///
    /// - Returns: The new snapshot; `nil` when something has changed meanwhile, as
    ///   ``swap(_:_:to:with:_:)``.
    /// - Throws: ``StateError``, as of a swap.
    func commit(
        _ path: StatePath, _ snapshot: RecordSnapshot, _ version: StateVersion, _ bytes: [UInt8],
        _ copy: LegibleCopy, _ call: Call
    ) throws(StateError) -> RecordSnapshot? {
        let record = snapshot.record
        let attributes = VersionAttributes(
            version: version, sweep: record.sweep, isSeparate: false)
        let others = [
            Change.put(
                versionKey(path, version.id), bytes, condition: .absent,
                attributes: attributes.encoded),
            Change.put(
                legibleKey(path), bytes, condition: copy.condition,
                attributes: Self.copyAttributes(of: version)),
        ]
        let changed = record.committing(version, isPublished: true)
        return try swap(path, snapshot, to: changed, with: others, call)
    }

    /// Removes a state and its copy in one step; `nil` as of ``swap(_:_:to:with:_:)``.
    func commitRemoval(
        _ path: StatePath, _ snapshot: RecordSnapshot, _ copy: LegibleCopy, _ call: Call
    ) throws(StateError) -> RecordSnapshot? {
        let key = legibleKey(path)
        let change =
            copy.info == nil
            ? Change.check(key, condition: .absent) : .remove(key, condition: copy.condition)
        return try swap(path, snapshot, to: snapshot.record.removing(), with: [change], call)
    }

    /// Looks at the legible copy that `changed` is going to replace, and keeps it where it is not ours.
    ///
    /// - Returns: `nil` when the copy cannot be looked at or kept: that must not keep anybody from
    ///   writing, so the write is made in steps, of which the copy is the last.
    func replaceableCopy(
        _ path: StatePath, _ changed: StateRecord, _ call: Call
    ) -> LegibleCopy? {
        do throws(StateError) {
            let info = try onStore(path) { () throws(HostError) in
                try call.check()
                return try store.head(legibleKey(path), call)
            }
            if let info, !Self.isDirectPredecessor(info, of: changed) {
                try keepIfForeign(path, info, changed, call)
            }
            return LegibleCopy(info: info)
        } catch {
            return nil
        }
    }
}

/// The legible copy as it was looked at.
struct LegibleCopy {
    /// What was there; `nil` for nothing.
    var info: ObjectInfo?

    /// What a change of it requires.
    var condition: Condition { info.map { .version($0.version) } ?? .absent }
}
