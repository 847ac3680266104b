internal import Host

/// Whether a version is in the history, as those after it in the store tell.
///
/// What a version names as its `previous` was the newest committed one when the version was put,
/// whether it was committed itself or not. So one that another names is history; and one that a
/// later version passes over, by naming another of its sequence or a newer one, is not.
struct SuccessorSearch {
    /// What was found out.
    enum Verdict { case committed, notCommitted, unclear }

    private let wanted: VersionID
    /// The wanted version's own object, once it was seen.
    private(set) var own: VersionAttributes?
    private(set) var verdict: Verdict?
    private var hasRival = false

    init(_ wanted: VersionID) { self.wanted = wanted }

    /// Takes the next object of the listing, which begins with the wanted version's sequence.
    mutating func take(_ name: String, _ info: ObjectInfo) {
        guard let id = VersionID(name), let attributes = VersionAttributes(info) else { return }
        guard id != wanted else {
            own = attributes
            return
        }
        if attributes.version.previousID == wanted.text {
            // Two of one sequence: a record that was set back may have had both as history.
            verdict = hasRival ? .unclear : .committed
            return
        }
        if id.sequence == wanted.sequence { hasRival = true }
        if let before = VersionID(attributes.version.previousID), before.sequence >= wanted.sequence
        {
            verdict = .notCommitted
        }
    }
}

extension StateRepository {
    /// How many objects the search for a successor lists at once: it is nearly always the next.
    private static let successorsPerPage = 8

    /// A committed version by its id; `nil` when it is not in the history.
    ///
    /// It takes as long however long the history is.
    func pastVersion(
        _ path: StatePath, _ id: String, _ record: StateRecord, _ call: Call
    ) throws(StateError) -> StateVersion? {
        guard let wanted = VersionID(id), let newest = record.last.flatMap({ VersionID($0.id) }),
            wanted.sequence > record.base, wanted.sequence <= newest.sequence
        else { return nil }
        if wanted == newest { return try version(path, id, record, [:], call) }
        let search = try searchSuccessor(path, wanted, call)
        switch search.verdict {
        case .notCommitted, nil: return nil
        case .unclear: return try inChain(path, id, call)
        case .committed:
            guard let own = search.own else { throw missingVersion(path, id) }
            return try version(path, id, record, [id: own], call)
        }
    }

    private func inChain(
        _ path: StatePath, _ id: String, _ call: Call
    ) throws(StateError) -> StateVersion? {
        try versions(path, call).first { $0.id == id }
    }

    private func searchSuccessor(
        _ path: StatePath, _ wanted: VersionID, _ call: Call
    ) throws(StateError) -> SuccessorSearch {
        let range = ChildRange(
            collection: kind.versions, startAfter: VersionID.prefix(wanted.sequence),
            pageSize: Self.successorsPerPage)
        var search = SuccessorSearch(wanted)
        try forEachChild(of: path, range, call) { name, info in
            search.take(name, info)
            return search.verdict == nil
        }
        return search
    }
}
