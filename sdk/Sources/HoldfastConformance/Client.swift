internal import HoldfastLoader
internal import Synchronization

/// Someone who uses the objects of a check: in this process, or in one of its own.
struct Client: Sendable {
    private enum Way: Sendable {
        case here(Bench)
        case elsewhere(Peer)
    }

    private let way: Way
    private let gate: CallGate?

    /// Lets one call at a time through, as the host does for a driver that takes no more.
    final class CallGate: Sendable {
        private let lock = Mutex(())

        func pass<Value: Sendable>(_ body: () throws -> Value) throws -> Value {
            try lock.withLock { _ in try body() }
        }
    }

    /// Someone in this process.
    ///
    /// - Parameters:
    ///   - bench: The store and the collection.
    ///   - gate: What keeps calls apart where the driver's thread model demands it.
    init(_ bench: Bench, gate: CallGate? = nil) {
        way = .here(bench)
        self.gate = gate
    }

    /// Someone in a process of its own, whose store is open.
    init(_ peer: Peer) {
        way = .elsewhere(peer)
        gate = nil
    }

    private func guarded<Value: Sendable>(_ body: () throws -> Value) throws -> Value {
        guard let gate else { return try body() }
        return try gate.pass(body)
    }

    /// Writes an object.
    @discardableResult func put(
        _ path: String, _ pattern: Pattern, if condition: Condition = .none
    ) throws -> Version {
        switch way {
        case .here(let bench):
            let bytes = pattern.bytes
            return try guarded { try bench.put(path, bytes, if: condition).version }
        case .elsewhere(let peer):
            let answer = try peer.ask(
                "put", path, "\(pattern.id)", "\(pattern.count)", PeerMessage.word(condition))
            return Version(token: PeerMessage.bytes(answer.first ?? "-"))
        }
    }

    /// Reads an object; `nil` when there is none.
    func get(_ path: String) throws -> (version: Version, pattern: Pattern)? {
        do {
            switch way {
            case .here(let bench):
                let (info, bytes) = try guarded { try bench.get(path) }
                return (info.version, try Pattern(bytes, "get of \(path)"))
            case .elsewhere(let peer):
                let answer = try peer.ask("get", path)
                guard answer.count == 3, let id = UInt64(answer[1]), let count = Int(answer[2])
                else { throw CheckFailure("the kit's second process said \(answer)") }
                return (
                    Version(token: PeerMessage.bytes(answer[0])), Pattern(id: id, count: count)
                )
            }
        } catch let failure as DriverFailure where failure.code == .notFound { return nil }
    }

    /// An object's version; `nil` when there is none.
    func head(_ path: String) throws -> Version? {
        do {
            switch way {
            case .here(let bench): return try guarded { try bench.head(path).version }
            case .elsewhere(let peer):
                let answer = try peer.ask("head", path)
                return Version(token: PeerMessage.bytes(answer.first ?? "-"))
            }
        } catch let failure as DriverFailure where failure.code == .notFound { return nil }
    }

    /// Writes several objects together or none.
    func commit(_ puts: [(path: String, pattern: Pattern, condition: Condition)]) throws {
        switch way {
        case .here(let bench):
            let steps = puts.map { Step.put($0.path, $0.pattern.bytes, if: $0.condition) }
            try guarded { _ = try bench.commit(steps) }
        case .elsewhere(let peer):
            let words = puts.map { put in
                "\(put.path)|\(put.pattern.id)|\(put.pattern.count)|\(PeerMessage.word(put.condition))"
            }
            try peer.ask("commit", words.joined(separator: ","))
        }
    }

    /// Watches the bench's collection; see `OpenStore.watch`.
    func watch(_ prefix: String, _ cursor: [UInt8], milliseconds: Int) throws -> [UInt8] {
        switch way {
        case .here(let bench):
            return try guarded { try bench.watch(prefix, cursor, milliseconds: milliseconds) }
        case .elsewhere(let peer):
            let answer = try peer.ask(
                "watch", PeerMessage.hex(Array(prefix.utf8)), PeerMessage.hex(cursor),
                "\(milliseconds)")
            return PeerMessage.bytes(answer.first ?? "-")
        }
    }

    /// Removes an object.
    func remove(_ path: String, if condition: Condition = .none) throws {
        switch way {
        case .here(let bench): try guarded { try bench.remove(path, if: condition) }
        case .elsewhere(let peer): try peer.ask("remove", path, PeerMessage.word(condition))
        }
    }
}
