internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

// One atomic step: planned from what was seen, tried, and planned anew when somebody was faster.

extension DynamoDBStore {
    /// How often a step is planned anew; who always comes too late is told so.
    private static var rounds: Int { 16 }

    private enum Outcome {
        case done
        /// Another state of the items than the plan's.
        case outdated([Sight]?, wasRepeated: Bool)
    }

    /// Makes all changes in one step, or none.
    func apply(_ changes: [PreparedChange], _ call: Call) throws(DriverError) {
        var sights: [Sight] = []
        for change in changes {
            sights.append(change.key.stage == nil ? .none : try look(change.key, call))
        }
        for round in 0..<Self.rounds {
            try call.check()
            let plan = try Plan(changes, sights)
            guard case .outdated(let newer, let wasRepeated) = try perform(plan, changes, call)
            else {
                return
            }
            if wasRepeated { return try settle(changes, call) }
            if let newer {
                sights = newer
            } else {
                sights = []
                for change in changes { sights.append(try look(change.key, call)) }
            }
            if isOurs(changes, sights) { return }
            if round > 2 { _ = call.pause(Int64.random(in: 0...(4_000_000 << min(round, 5)))) }
        }
        throw DriverError(
            .conflict, "\(changes.first?.key.shown ?? "") is being changed by others all the time",
            retry: .same(afterNanoseconds: 50_000_000))
    }

    /// Decides after a lost answer and a refused repeat: either our own work was in the way, or another's.
    private func settle(_ changes: [PreparedChange], _ call: Call) throws(DriverError) {
        var sights: [Sight] = []
        for change in changes { sights.append(try look(change.key, call)) }
        if isOurs(changes, sights) { return }
        throw DriverError(
            .unavailable,
            "cannot write \(changes[0].key.shown) in \(service.shown): the answer was lost",
            applied: .unknown, retry: .same(afterNanoseconds: 50_000_000))
    }

    /// Whether the items are as this very step makes them: a write of ours was done, and its answer lost.
    private func isOurs(_ changes: [PreparedChange], _ sights: [Sight]) -> Bool {
        zip(changes, sights).contains { change, sight in
            guard let version = change.newVersion, case .seen(let record?, _) = sight else {
                return false
            }
            return record.info.version == version
        }
    }

    private func look(_ key: ObjectKey, _ call: Call) throws(DriverError) -> Sight {
        var stage: Record?
        if let place = key.stage {
            stage = try record(place, key, wantsData: false, call)
            if let stage, isSame(stage.path, key.path) { return .seen(stage, stage: stage) }
        }
        return .seen(try record(key.ordinary, key, wantsData: false, call), stage: stage)
    }

    private func perform(
        _ plan: Plan, _ changes: [PreparedChange], _ call: Call
    ) throws(DriverError) -> Outcome {
        switch plan.actions.count {
        case 0: return .done
        case 1:
            if case .check = plan.actions[0].kind { return try transact(plan, changes, call) }
            return try performOne(plan.actions[0], changes[plan.actions[0].change], call)
        default: return try transact(plan, changes, call)
        }
    }

    /// A step of one item needs no transaction.
    private func performOne(
        _ action: Action, _ change: PreparedChange, _ call: Call
    ) throws(DriverError) -> Outcome {
        let (name, members) = action.request
        let failed = "cannot \(name == "PutItem" ? "write" : "remove") \(change.key.shown)"
        do throws(ServiceFailure) {
            _ = try service.perform(name, members, call)
            return .done
        } catch {
            guard error.isCondition else {
                throw error.error.during("\(failed) in \(service.shown)")
            }
            // With the refusal comes the item that did not meet the condition.
            guard change.key.stage == nil else { return .outdated(nil, wasRepeated: false) }
            guard let item = error.document["Item"] else {
                return .outdated([.seen(nil, stage: nil)], wasRepeated: false)
            }
            let record: Record?
            do throws(DriverError) {
                record = try Record(item, isComplete: false)
            } catch {
                throw error.during(failed)
            }
            return .outdated([.seen(record, stage: nil)], wasRepeated: false)
        }
    }

    private func transact(
        _ plan: Plan, _ changes: [PreparedChange], _ call: Call
    ) throws(DriverError) -> Outcome {
        let actions = plan.actions.map { $0.inTransaction(service.table) }
        let members: [String: JSONValue] = [
            "TransactItems": .array(actions), "ClientRequestToken": .string(newToken()),
        ]
        do throws(ServiceFailure) {
            try transactOnce(members, call)
            return .done
        } catch {
            guard error.isCancelled else {
                let what = changes.count == 1 ? changes[0].key.shown : "\(changes.count) changes"
                throw error.error.during("cannot write \(what) in \(service.shown)")
            }
            return try judge(error, plan, changes)
        }
    }

    /// Sends a transaction; after a lost answer once more, under the same token.
    ///
    /// The service does a transaction once for each token and says how it went. Where a server does
    /// not know tokens, the repeat meets conditions that its own work has made false, and reading back
    /// finds that work.
    private func transactOnce(
        _ members: [String: JSONValue], _ call: Call
    ) throws(ServiceFailure) {
        do throws(ServiceFailure) {
            _ = try service.perform("TransactWriteItems", members, call, isOnTable: false)
        } catch {
            let isLost = error.error.applied == .unknown && error.error.code == .unavailable
            guard isLost, call.pause(50_000_000) else { throw error }
            do throws(ServiceFailure) {
                _ = try service.perform("TransactWriteItems", members, call, isOnTable: false)
            } catch {
                var failure = error
                // A refusal says how it went; anything else leaves the first answer lost.
                if !failure.isCancelled { failure.error.applied = .unknown }
                failure.wasRepeated = true
                throw failure
            }
        }
    }

    /// Finds out of the reasons of a cancelled transaction what is to be done.
    private func judge(
        _ failure: ServiceFailure, _ plan: Plan, _ changes: [PreparedChange]
    ) throws(DriverError) -> Outcome {
        let reasons = failure.document["CancellationReasons"]?.elements ?? []
        var isOutdated = false
        for (action, reason) in zip(plan.actions, reasons) {
            let code = reason["Code"]?.text ?? "None"
            switch code {
            case "None": continue
            case "ConditionalCheckFailed":
                if case .mark = action.role { throw Self.collected }
                isOutdated = true
            default:
                var found = ServiceFailure(
                    reason: code, reason["Message"]?.text ?? "", failure.error)
                found.error.change = UInt32(action.change + 1)
                throw found.error.during("cannot write \(changes[action.change].key.shown)")
            }
        }
        guard isOutdated else {
            throw failure.error.during("cannot write \(changes[0].key.shown)")
        }
        return .outdated(nil, wasRepeated: failure.wasRepeated)
    }
}
