package import Host
internal import Synchronization

/// An open store with the objects of an examination, which lie in a collection of their own.
package final class StoreBench: Sendable {
    /// The collection of the objects of examinations.
    package static let collection = "doctor"
    /// The bytes of an object.
    static let byteCount = 4096

    /// The store.
    let store: Store
    /// The workspace that keys carry.
    let workspace: String
    /// Where findings go.
    let chart: Chart
    private let name = RandomBytes.hexadecimal(8)
    private let state = Mutex(State())

    private struct State {
        /// The objects that may be there.
        var scratch: [ObjectKey] = []
        /// The object that the checks share.
        var object: ScratchObject?
        /// The store's time less this machine's, by the object's time of change.
        var reading: ClockReading?
        /// Objects of earlier examinations that never ended.
        var old: [ObjectKey] = []
    }

    /// Makes a bench over an open store.
    package init(_ store: Store, workspace: String, _ chart: Chart) {
        self.store = store
        self.workspace = workspace
        self.chart = chart
    }

    /// An object of the examination.
    struct ScratchObject: Sendable {
        var key: ObjectKey
        var info: ObjectInfo
        var bytes: [UInt8]
    }

    /// The key of an object that nobody else has.
    func key(_ suffix: String) -> ObjectKey {
        ObjectKey(
            collection: Self.collection, workspace: workspace, path: "\(name)-\(suffix).bin")
    }

    /// Whether a path is of this examination.
    func isOwn(_ path: String) -> Bool { path.utf8.starts(with: "\(name)-".utf8) }

    /// Bytes that no other object has.
    static func bytes() -> [UInt8] {
        (0..<(byteCount / 256)).flatMap { _ in RandomBytes.make(256) }
    }

    /// Writes an object, which is removed at the end whatever becomes of this call.
    func put(
        _ key: ObjectKey, _ bytes: [UInt8], _ condition: Condition, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        state.withLock { state in if !state.scratch.contains(key) { state.scratch.append(key) } }
        return try store.put(key, bytes, condition: condition, call)
    }

    /// Whether the store says that it can do something.
    func can(_ capability: String) -> Bool { store.capabilities.supports(capability) }

    /// The object that the checks share; `nil` when it could not be written or is removed.
    var object: ScratchObject? {
        get { state.withLock { $0.object } }
        set { state.withLock { $0.object = newValue } }
    }

    /// The store's clock by the object's time of change.
    var reading: ClockReading? {
        get { state.withLock { $0.reading } }
        set { state.withLock { $0.reading = newValue } }
    }

    /// Takes over what an earlier examination left behind.
    func adopt(_ keys: [ObjectKey]) { state.withLock { $0.old = keys } }

    /// Says that an object is gone.
    func forget(_ key: ObjectKey) { state.withLock { $0.scratch.removeAll { $0 == key } } }

    /// Removes every object that may be there.
    ///
    /// - Parameter call: A call of its own: the examination's may be over.
    /// - Returns: What was seen; `nil` when nothing had to be removed.
    func cleanUp(_ call: Call) -> Finding? {
        let (own, old) = state.withLock { ($0.scratch, $0.old) }
        guard !own.isEmpty || !old.isEmpty else { return nil }
        var failure: HostError?
        var left: [String] = []
        for key in own + old {
            do throws(HostError) { try store.remove(key, condition: .none, call) } catch {
                // What could not even be written is not there.
                guard !isAbsent(key, call) else { continue }
                left.append(key.description)
                failure = failure ?? error
            }
        }
        guard let failure else {
            let earlier = old.isEmpty ? "" : ", and \(old.count) of earlier examinations"
            return Finding(.ok, "all objects of this examination are removed\(earlier)")
        }
        let paths = left
        chart.change { $0.leftBehind = paths }
        return Finding(
            .warning, "cannot remove \(left.joined(separator: ", ")): \(failure.message)",
            advice: "they hold nothing of value: the next examination removes them when it may,"
                + " or remove them by hand")
    }

    private func isAbsent(_ key: ObjectKey, _ call: Call) -> Bool {
        do throws(HostError) { return try store.head(key, call) == nil } catch { return false }
    }
}
