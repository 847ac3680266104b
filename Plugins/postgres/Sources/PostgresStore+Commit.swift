internal import HoldfastDriver

extension PostgresStore: TransactionalStore {
    /// The most changes of one commit.
    static let maximumChangeCount = 1000
    /// The most bytes that a commit keeps in memory; what comes after goes to the server beforehand.
    private static let heldByteCount = 16 << 20

    func commit(_ changes: [Change], _ call: Call) throws(DriverError) -> [ObjectInfo] {
        guard changes.count <= Self.maximumChangeCount else {
            throw DriverError(
                .tooLarge,
                "a commit has at most \(Self.maximumChangeCount) changes, not \(changes.count)")
        }
        try call.check()
        var objects: [NewObject?] = []
        do throws(DriverError) {
            try take(changes, &objects, call)
            let times = try commit(Plan(changes, objects, statements), call)
            if objects.contains(where: { $0?.isUpload == true }) {
                collectUploads(call, seconds: 0.25)
            }
            return objects.enumerated().compactMap { place, object in
                object?.info(modified: times[place])
            }
        } catch {
            if error.applied == .no {
                for case .upload(let upload)? in objects.map({ $0?.content }) {
                    abandon(upload, call)
                }
            }
            throw error
        }
    }

    /// Reads the sources, one after the other, before anything is begun.
    private func take(
        _ changes: [Change], _ objects: inout [NewObject?], _ call: Call
    ) throws(DriverError) {
        var held = 0
        for (place, change) in changes.enumerated() {
            guard case .put(let attributes, let source) = change.action else {
                objects.append(nil)
                continue
            }
            do throws(DriverError) {
                let request = PutRequest(
                    key: change.key, condition: change.condition, attributes: attributes)
                let object = try bring(request, source, held: held, call)
                if case .inline(let bytes) = object.content { held += bytes.count }
                objects.append(object)
            } catch {
                throw error.of(change: place)
            }
        }
    }

    private func bring(
        _ request: PutRequest, _ source: ObjectSource, held: Int, _ call: Call
    ) throws(DriverError) -> NewObject {
        if let length = source.length, length > Self.maximumByteCount {
            throw tooLarge(request.key)
        }
        var intake = Intake(source, call)
        let first = try intake.next(Self.inlineByteCount)
        let isLarge = try intake.hasMore()
        guard isLarge || !first.isEmpty && held + first.count > Self.heldByteCount else {
            return NewObject(request, .inline(first), size: UInt64(first.count))
        }
        try refuseEarly(request, call)
        let upload = try send(request.key, first, &intake, call)
        return NewObject(request, .upload(upload), size: intake.byteCount)
    }

    /// Commits; again without JSON beside the bytes of a receipt that PostgreSQL cannot read as such.
    ///
    /// - Returns: The time of each change, in the order of the changes.
    private func commit(_ plan: Plan, _ call: Call) throws(DriverError) -> [Int64] {
        var illegible: Set<Int> = []
        while true {
            do throws(PostgresFailure) {
                let rows = try pool.attempt(
                    plan.steps(illegible: illegible), isWrite: true, call)
                announce(rows.last?.flag(0, 0) ?? false, call)
                return plan.times(rows)
            } catch {
                let place = error.step.flatMap { plan.place(of: $0) }
                guard let place, plan.isRefusedAsJSON(place, by: error),
                    illegible.insert(place).inserted
                else { throw plan.refusal(place, error, pool.settings, call) }
            }
        }
    }
}

/// The statements of one commit, in an order in which no two commits can wait for each other in a circle.
private struct Plan {
    private let changes: [Change]
    private let objects: [NewObject?]
    private let statements: Statements
    /// Places in the list of changes, by the order of their keys.
    private let order: [Int]

    init(_ changes: [Change], _ objects: [NewObject?], _ statements: Statements) {
        self.changes = changes
        self.objects = objects
        self.statements = statements
        order = changes.indices.sorted { changes[$0].key.precedes(changes[$1].key) }
    }

    /// One statement for each change, then one for each object that must stay absent.
    func steps(illegible: Set<Int>) -> [Step] {
        var steps = order.map { step($0, isLegible: !illegible.contains($0)) }
        for place in order where changes[place].isAbsenceCheck {
            let key = changes[place].key
            steps.append(Step(statements.unreserve(key.table), key.parameters))
        }
        steps.append(Step(statements.move))
        return steps
    }

    private func step(_ place: Int, isLegible: Bool) -> Step {
        let change = changes[place]
        let table = change.key.table
        let wanted: Parameter
        if case .version(let version) = change.condition {
            wanted = version.parameter
        } else {
            wanted = .null
        }
        switch change.action {
        case .check where change.isAbsenceCheck:
            return Step(statements.reserve(table), change.key.parameters)
        case .check: return Step(statements.check(table), change.key.parameters + [wanted])
        case .remove:
            let statement = statements.remove(table, change.condition.wanted, strict: true)
            return Step(statement, change.key.parameters + [wanted])
        case .put:
            guard let object = objects[place] else { preconditionFailure("a put has an object") }
            let statement = statements.put(
                table, change.condition.wanted, claims: object.isUpload, strict: true)
            return Step(statement, object.parameters(change.condition, isLegible: isLegible))
        }
    }

    /// The change that a statement belongs to.
    func place(of step: Int) -> Int? { step < order.count ? order[step] : nil }

    /// The times that the server gave, in the order of the changes.
    func times(_ rows: [Rows]) -> [Int64] {
        var times = [Int64](repeating: 0, count: changes.count)
        for (step, place) in order.enumerated() where rows[step].count == 1 {
            times[place] = rows[step].time(0, 1)
        }
        return times
    }

    func isRefusedAsJSON(_ place: Int, by failure: PostgresFailure) -> Bool {
        objects[place]?.isRefusedAsJSON(by: failure) ?? false
    }

    /// The error of the commit.
    func refusal(
        _ place: Int?, _ failure: PostgresFailure, _ settings: Settings, _ call: Call
    ) -> DriverError {
        guard let place else {
            return failure.located("cannot commit", settings, call, isWrite: true)
        }
        let key = changes[place].key
        if failure.message.contains(WriteSQL.removedUpload) {
            return removedUpload(key).of(change: place)
        }
        guard failure.isCondition else {
            return failure.located("cannot commit \(key.shown)", settings, call, isWrite: true)
                .of(change: place)
        }
        return changes[place].condition.refusal(key, current: failure.currentVersion)
            .of(change: place)
    }
}

extension Change {
    /// Whether it only asks that there is no such object.
    fileprivate var isAbsenceCheck: Bool {
        if case .check = action { condition == .absent } else { false }
    }
}

extension DriverError {
    /// This error as that of one change of a commit.
    fileprivate func of(change place: Int) -> DriverError {
        var own = self
        own.change = UInt32(place + 1)
        return own
    }
}

extension ObjectKey {
    /// Whether this key comes first in the order in which all commits lock.
    fileprivate func precedes(_ other: ObjectKey) -> Bool {
        for (mine, others) in [(collection, other.collection), (workspace, other.workspace)]
        where mine.utf8.elementsEqual(others.utf8) == false {
            return mine.utf8.lexicographicallyPrecedes(others.utf8)
        }
        return path.utf8.lexicographicallyPrecedes(other.path.utf8)
    }
}

extension PostgresFailure {
    /// The version that a strict statement found, which lies between its mark and a quotation mark.
    fileprivate var currentVersion: Version? {
        let parts = message.split(separator: WriteSQL.refusal, maxSplits: 1)
        guard let found = parts.last?.prefix(while: { $0 != "\"" }), !found.isEmpty else {
            return nil
        }
        return Version(String(found))
    }
}
