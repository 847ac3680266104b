internal import HoldfastLoader

// The host's words and the loader's for commits of several changes.

extension DriverStore {
    func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
        let sources = changes.map { change -> (any ByteSource)? in
            if case .put(let source, _) = change.action { source } else { nil }
        }
        return try perform(call) { context in
            let infos = try unsafe store.commit(
                changes.map(HoldfastLoader.Change.init), context,
                source: { index, buffer in try unsafe sources[index]?.read(into: buffer) ?? 0 })
            return try infos.compactMap { info in try info.map { try ObjectInfo($0) } }
        }
    }
}

extension HoldfastLoader.Change {
    init(_ change: Change) {
        let action: ChangeAction =
            switch change.action {
            case .check: .check
            case .remove: .remove
            case .put(let source, let attributes):
                .put(attributes: ascending(attributes), length: source.length)
            }
        self.init(.init(change.key), action, condition: .init(change.condition))
    }
}

/// Attributes in the order that the contract promises.
func ascending(_ attributes: [String: String]) -> [HoldfastLoader.Attribute] {
    var result = attributes.map { HoldfastLoader.Attribute(name: $0.key, value: $0.value) }
    if result.count > 1 {
        result.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
    return result
}
