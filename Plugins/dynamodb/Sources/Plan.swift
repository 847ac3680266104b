internal import HoldfastDriver
internal import SharedJSON

/// A change with its bytes ready.
struct PreparedChange {
    enum Work {
        case check
        case put(Content)
        case remove
    }

    let key: ObjectKey
    let condition: Condition
    let work: Work

    /// The version that the change gives its object; `nil` unless it is a put.
    var newVersion: Version? {
        guard case .put(let content) = work else { return nil }
        return content.info.version
    }
}

/// What is known of the places where an object can lie.
enum Sight {
    /// Nobody looked: the object can lie in one place only, and the condition is left to the service.
    case none
    /// The object, or that there is none; and what lies in the item of its stage.
    case seen(Record?, stage: Record?)
}

/// The actions of one atomic step.
struct Plan {
    private(set) var actions: [Action] = []
    private var places: [ItemKey: Int] = [:]

    /// Adds an action, unless another one has that item already: the service allows one for each.
    ///
    /// Actions on objects come first; what they require of an item is never less than a check does.
    mutating func add(_ action: Action) {
        guard places[action.key] == nil else { return }
        places[action.key] = actions.count
        actions.append(action)
    }

    /// Whether something of this plan is in an item.
    func has(_ key: ItemKey) -> Bool { places[key] != nil }

    /// Makes the plan of changes.
    ///
    /// - Parameters:
    ///   - changes: The changes.
    ///   - sights: What is known of each.
    /// - Throws: ``DriverError`` with the number of the change whose condition does not hold.
    init(_ changes: [PreparedChange], _ sights: [Sight]) throws(DriverError) {
        var rest: [Action] = []
        for (index, change) in changes.enumerated() {
            var own = PlannedChange(change, index)
            switch sights[index] {
            case .none: own.planUnseen()
            case .seen(let record, let stage):
                if var refusal = change.condition.refusal(of: record, change.key) {
                    refusal.change = UInt32(index + 1)
                    throw refusal
                }
                let free = change.key.stage.map { stage == nil && !has($0) } ?? false
                own.plan(record, stage: stage, stageIsFree: free)
            }
            for action in own.main { add(action) }
            rest += own.rest
        }
        for action in rest { add(action) }
    }
}

/// The actions of one change: those on its object, and those that go with them.
private struct PlannedChange {
    let change: PreparedChange
    let index: Int
    var main: [Action] = []
    var rest: [Action] = []

    init(_ change: PreparedChange, _ index: Int) {
        self.change = change
        self.index = index
        if case .put(let content) = change.work, let staged = content.staged {
            rest.append(
                action(.delete, staged.mark, .equals("nonce", text(staged.nonce)), .mark))
        }
    }

    /// Without a look, an object that has an upload is refused: its upload must be retired with it.
    mutating func planUnseen() {
        let place = change.key.ordinary
        let condition = change.condition.expression
        let isWhole = Expression.isMissing("upload")
        let guarded =
            change.condition == .absent ? condition : condition.map { $0.and(isWhole) } ?? isWhole
        switch change.work {
        case .check: main.append(action(.check, place, condition, .object))
        case .remove: main.append(action(.delete, place, guarded, .object))
        case .put(let content):
            let item = content.item(place, path: change.key.path)
            main.append(action(.put(item), place, guarded, .object))
        }
    }

    mutating func plan(_ record: Record?, stage: Record?, stageIsFree: Bool) {
        guard let record else { return planAbsent(stage, stageIsFree) }
        switch change.work {
        case .check: main.append(action(.check, record.key, record.isUnchanged, .object))
        case .remove:
            main.append(action(.delete, record.key, record.isUnchanged, .object))
            retire(record.upload)
        case .put(let content):
            let item = content.item(record.key, path: change.key.path)
            main.append(action(.put(item), record.key, record.isUnchanged, .object))
            retire(record.upload)
        }
    }

    /// An object that is nowhere is made in its stage's item if that is free, else in its own; and it
    /// must not come into being in the other place meanwhile.
    private mutating func planAbsent(_ stage: Record?, _ stageIsFree: Bool) {
        let own = change.key.ordinary
        switch change.work {
        case .remove: break
        case .check:
            main.append(action(.check, own, .isNoItem, .object))
            if let place = change.key.stage { rest.append(otherPlace(place, stage)) }
        case .put(let content):
            let place = stageIsFree ? change.key.stage ?? own : own
            let item = content.item(place, path: change.key.path)
            main.append(action(.put(item), place, .isNoItem, .object))
            guard let other = change.key.stage else { return }
            rest.append(
                stageIsFree
                    ? action(.check, own, .isNoItem, .otherPlace) : otherPlace(other, stage))
        }
    }

    private func otherPlace(_ place: ItemKey, _ stage: Record?) -> Action {
        action(.check, place, stage?.isUnchanged ?? .isNoItem, .otherPlace)
    }

    private mutating func retire(_ upload: Record.Upload?) {
        guard let upload else { return }
        let mark = UploadLayout.retirement(upload.id, at: unixSeconds())
        let item = UploadLayout.markItem(mark, upload.id, nonce: newToken(), state: "retired")
        rest.append(action(.put(item), mark, nil, .retirement))
    }

    private func action(
        _ kind: Action.Kind, _ key: ItemKey, _ condition: Expression?, _ role: Action.Role
    ) -> Action {
        Action(kind: kind, key: key, condition: condition, role: role, change: index)
    }
}
