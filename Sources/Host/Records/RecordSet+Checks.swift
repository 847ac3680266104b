extension RecordSet {
    /// Throws unless a record may have the name.
    func checkName(_ name: String) throws(HostError) {
        guard (1...Self.nameBytesMax).contains(name.utf8.count) else {
            throw invalid(
                "the name \(shown(name)) of a record has \(name.utf8.count) bytes, "
                    + "it must have 1 to \(Self.nameBytesMax)")
        }
        guard !name.utf8.contains(UInt8(ascii: "/")),
            !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else {
            throw invalid("the name \(shown(name)) of a record holds / or a control character")
        }
    }

    /// Throws unless these changes may be asked for together.
    func check(_ changes: [RecordChange]) throws(HostError) {
        for id in [Capabilities.conditionAbsent, Capabilities.conditionVersion] {
            try store.require(id, for: "changes of record sets")
        }
        guard (1...Self.changesMax).contains(changes.count) else {
            throw invalid(
                "the commit has \(changes.count) changes, it must have 1 to \(Self.changesMax)")
        }
        var seen: Set<RecordName> = []
        for (index, change) in changes.enumerated() {
            do throws(HostError) {
                try checkName(change.name)
                switch (change.action, change.condition) {
                case (.check, .none):
                    throw invalid("a check requires that the record is absent or a version")
                case (.remove, .absent):
                    throw invalid("a removal cannot require that the record is absent")
                default: break
                }
                guard seen.insert(RecordName(change.name)).inserted else {
                    throw invalid("two changes are of the record \(shown(change.name))")
                }
            } catch {
                var error = error
                error.change = index + 1
                throw error
            }
        }
    }

    /// Throws for the first change whose condition does not hold.
    func judge(_ changes: [RecordChange], by document: RecordSetDocument) throws(HostError) {
        for (index, change) in changes.enumerated() {
            let current = document.entry(change.name).map { Version($0.version) }
            let holds =
                switch change.condition {
                case .none: true
                case .absent: current == nil
                case .version(let version): current == version
                }
            guard holds else {
                throw HostError(
                    .condition,
                    "the record \(shown(change.name)) is not as the commit requires",
                    advice: "read it again and decide again", currentVersion: current,
                    change: index + 1)
            }
        }
    }
}

extension Version {
    /// The version of a record: the id of the commit that put it.
    init(_ writeID: String) { self.init(token: Array(writeID.utf8)) }
}
