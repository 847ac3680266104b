package import Host

/// The states of one kind in one workspace of a store.
///
/// The record of a state is the truth and changes only by compare-and-swap. Bytes go first into an
/// immutable version, then the record is swapped, then the legible copy is published:
///
///     versions/<path>/@<id>   put if absent      nobody sees it yet
///     records/<path>          compare-and-swap   the commit: checks lock, fence and sequence
///     <legible>/<path>        put if unchanged   what `ls` shows; repaired from the record
///
/// A crash between any two of these leaves a state that the next call mends. Everything blocks:
/// call it on a thread of the pool.
package final class StateRepository: Sendable {
    /// Which lock to release.
    package enum LockSelector: Sendable, Hashable {
        /// The one with this id.
        case id(String)
        /// Whichever it is: a break, which raises the fence.
        case force
    }

    /// The store and the way to its records.
    package let place: StatePlace
    /// The kind of state.
    package let kind: StateKind
    let environment: StateEnvironment
    let observer = LeaseObserver()
    let recentReads = RecentReads()

    /// The store of the bytes.
    package var store: Store { place.store }
    /// The workspace; empty for the store's own.
    package var workspace: String { place.workspace }

    /// Makes a repository over a place that others may share.
    package init(_ place: StatePlace, kind: StateKind) {
        self.place = place
        self.kind = kind
        environment = place.environment
    }

    /// Makes a repository over a store that keeps its own records.
    package convenience init(
        store: Store, kind: StateKind, workspace: String, environment: StateEnvironment = .system
    ) {
        self.init(
            StatePlace(store: store, workspace: workspace, environment: environment), kind: kind)
    }

    // MARK: - Keys

    func recordKey(_ path: StatePath, in home: RecordHome) -> ObjectKey {
        ObjectKey(collection: kind.records, workspace: home.workspace, path: path.description)
    }

    func legibleKey(_ path: StatePath) -> ObjectKey {
        ObjectKey(collection: kind.legible, workspace: workspace, path: path.description)
    }

    func versionKey(_ path: StatePath, _ id: String) -> ObjectKey {
        ObjectKey(collection: kind.versions, workspace: workspace, path: "\(path)/@\(id)")
    }

    /// The object that describes a version whose body was too large to know it beforehand.
    func descriptionKey(_ path: StatePath, _ id: String) -> ObjectKey {
        versionKey(path, id + StateRepository.descriptionSuffix)
    }

    func orphanKey(_ path: StatePath, _ id: String) -> ObjectKey {
        ObjectKey(collection: kind.orphans, workspace: workspace, path: "\(path)/@\(id)")
    }

    static let descriptionSuffix = ".meta"

    // MARK: - Calls of the store

    /// Runs something against the store with its errors put in this module's words.
    func onStore<Result>(
        _ path: StatePath?, _ body: () throws(HostError) -> Result
    ) throws(StateError) -> Result {
        do throws(HostError) { return try body() } catch { throw StateError(error, path: path) }
    }

    /// Where the record of a state is.
    func home(_ path: StatePath?, _ call: Call) throws(StateError) -> RecordHome {
        try found(path) { () throws(StateError) in try place.home(toWrite: false, call) }
    }

    /// Refuses a change in a store that cannot keep it safe.
    func requireConditions(_ path: StatePath, _ call: Call) throws(StateError) {
        _ = try found(path) { () throws(StateError) in try place.home(toWrite: true, call) }
    }

    private func found(
        _ path: StatePath?, _ body: () throws(StateError) -> RecordHome
    ) throws(StateError) -> RecordHome {
        do throws(StateError) { return try body() } catch {
            var error = error
            error.path = path
            throw error
        }
    }

    /// What a write of bytes may require: nothing where the records are in another store, because such
    /// a store has no conditional writes.
    ///
    /// A version and an orphan have names that nobody else uses. The copy of a writer that was paused may
    /// replace a newer one; ``publish(_:after:_:verifies:_:)`` sees to that.
    func bytesCondition(_ condition: Condition) -> Condition {
        place.isApart ? .none : condition
    }

    // MARK: - What lies beside a state

    /// The entries directly under `<path>/@` of a collection, with attributes, from `startAfter` on,
    /// without those of states whose own paths begin like that.
    func children(
        of path: StatePath, in collection: String, startAfter: String = "", _ call: Call
    ) throws(StateError) -> [(name: String, info: ObjectInfo)] {
        var children: [(name: String, info: ObjectInfo)] = []
        let range = ChildRange(collection: collection, startAfter: startAfter)
        try forEachChild(of: path, range, call) { name, info in
            children.append((name, info))
            return true
        }
        return children
    }

    /// Goes through such entries until `body` returns `false`.
    ///
    /// Where listings carry no attributes each entry costs a look of its own, when its turn comes.
    func forEachChild(
        of path: StatePath, _ range: ChildRange, _ call: Call, _ body: (String, ObjectInfo) -> Bool
    ) throws(StateError) {
        let isListed = store.capabilities.supports(Capabilities.listAttributes)
        let listing = listing(of: path, range, wantsAttributes: isListed)
        try onStore(path) { () throws(HostError) in
            try store.forEachEntry(listing, call) { (entry) throws(HostError) in
                guard let name = Self.childName(entry.path, of: listing) else { return true }
                if isListed { return body(name, entry.info) }
                let key = ObjectKey(
                    collection: range.collection, workspace: workspace, path: entry.path)
                // One that was removed since is no entry any more.
                guard let info = try store.head(key, call) else { return true }
                return body(name, info)
            }
        }
    }

    /// The names of such entries alone.
    func childNames(
        of path: StatePath, _ range: ChildRange, _ call: Call
    ) throws(StateError) -> [String] {
        let listing = listing(of: path, range, wantsAttributes: false)
        var names: [String] = []
        try onStore(path) { () throws(HostError) in
            try store.forEachEntry(listing, call) { (entry) throws(HostError) in
                if let name = Self.childName(entry.path, of: listing) { names.append(name) }
                return true
            }
        }
        return names
    }

    private func listing(
        of path: StatePath, _ range: ChildRange, wantsAttributes: Bool
    ) -> Listing {
        let prefix = "\(path)/@"
        return Listing(
            collection: range.collection, workspace: workspace, prefix: prefix,
            startAfter: range.startAfter.isEmpty ? "" : prefix + range.startAfter,
            limit: range.pageSize, wantsAttributes: wantsAttributes)
    }

    /// The part after the prefix; `nil` for an entry of another state.
    private static func childName(_ path: String, of listing: Listing) -> String? {
        let name = String(Substring(path.utf8.dropFirst(listing.prefix.utf8.count)))
        return name.utf8.contains(UInt8(ascii: "/")) ? nil : name
    }
}

/// Which of the entries beside a state are meant.
struct ChildRange {
    var collection: String
    /// Only names after this one; empty from the start.
    var startAfter = ""
    /// How many entries are listed at once.
    var pageSize = 1000
}
