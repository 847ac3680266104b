internal import CHoldfast

/// Where the texts of a change lie in a block.
private struct ChangePlaces {
    var key: [Range<Int>]
    var kind = HOLDFAST_CONDITION_NONE
    var version = 0..<0
    var attributes: [(name: Range<Int>, value: Range<Int>)] = []

    init(_ change: Change, _ block: inout TextBlock) {
        key = [change.key.collection, change.key.workspace, change.key.path]
            .map { block.append($0) }
        switch change.condition {
        case .none: break
        case .absent: kind = HOLDFAST_CONDITION_ABSENT
        case .version(let wanted):
            kind = HOLDFAST_CONDITION_VERSION
            version = block.append(wanted.token)
        }
        guard case .put(let named, _) = change.action else { return }
        attributes = named.map { (block.append($0.name), block.append($0.value)) }
    }
}

extension [Change] {
    /// Lends these changes as a C struct.
    ///
    /// - Parameters:
    ///   - sources: One for each change; only those of puts are used.
    ///   - body: What the struct is lent to.
    /// - Returns: What `body` returned.
    func withC(
        _ sources: UnsafeMutableBufferPointer<holdfast_source>,
        _ body: (UnsafePointer<holdfast_commit>) -> holdfast_status
    ) -> holdfast_status {
        var block = TextBlock()
        let places = map { ChangePlaces($0, &block) }
        return unsafe block.withTexts { text in
            let keys = unsafe places.map { place in
                unsafe holdfast_key(
                    size: UInt32(MemoryLayout<holdfast_key>.size), flags: 0,
                    collection: text(place.key[0]), workspace: text(place.key[1]),
                    path: text(place.key[2]))
            }
            let conditions = unsafe places.map { place in
                unsafe holdfast_condition(
                    size: UInt32(MemoryLayout<holdfast_condition>.size), kind: place.kind,
                    version: text(place.version))
            }
            let attributes = unsafe places.flatMap(\.attributes).map { place in
                unsafe holdfast_attribute(
                    size: UInt32(MemoryLayout<holdfast_attribute>.size), flags: 0,
                    name: text(place.name), value: text(place.value))
            }
            let counts = places.map(\.attributes.count)
            return unsafe keys.withUnsafeBufferPointer { keys in
                unsafe conditions.withUnsafeBufferPointer { conditions in
                    unsafe attributes.withUnsafeBufferPointer { attributes in
                        let parts = unsafe ChangeParts(
                            keys: keys, conditions: conditions, attributes: attributes,
                            sources: UnsafeBufferPointer(sources))
                        return unsafe withItems(parts, counts, body)
                    }
                }
            }
        }
    }

    private func withItems(
        _ parts: ChangeParts, _ attributeCounts: [Int],
        _ body: (UnsafePointer<holdfast_commit>) -> holdfast_status
    ) -> holdfast_status {
        var first = 0
        let items = unsafe indices.map { index in
            let count = attributeCounts[index]
            defer { first += count }
            return unsafe parts.change(index, self[index], first..<(first + count))
        }
        return unsafe items.withUnsafeBufferPointer { items in
            var request = unsafe holdfast_commit(
                size: UInt32(MemoryLayout<holdfast_commit>.size), flags: 0,
                items: items.baseAddress, count: UInt32(items.count),
                stride: UInt32(MemoryLayout<holdfast_change>.stride))
            return unsafe body(&request)
        }
    }
}

/// The arrays that the changes of one commit point into.
@unsafe private struct ChangeParts {
    var keys: UnsafeBufferPointer<holdfast_key>
    var conditions: UnsafeBufferPointer<holdfast_condition>
    var attributes: UnsafeBufferPointer<holdfast_attribute>
    var sources: UnsafeBufferPointer<holdfast_source>

    func change(_ index: Int, _ change: Change, _ named: Range<Int>) -> holdfast_change {
        let kind: holdfast_change_kind =
            switch change.action {
            case .check: HOLDFAST_CHANGE_CHECK
            case .put: HOLDFAST_CHANGE_PUT
            case .remove: HOLDFAST_CHANGE_REMOVE
            }
        return unsafe holdfast_change(
            size: UInt32(MemoryLayout<holdfast_change>.size), flags: 0, kind: kind, reserved: 0,
            key: keys.baseAddress.map { unsafe $0 + index },
            condition: conditions.baseAddress.map { unsafe $0 + index },
            attributes: named.isEmpty
                ? nil : attributes.baseAddress.map { unsafe $0 + named.lowerBound },
            attribute_count: UInt32(named.count),
            attribute_stride: UInt32(MemoryLayout<holdfast_attribute>.stride),
            source: change.isPut ? sources.baseAddress.map { unsafe $0 + index } : nil)
    }
}
