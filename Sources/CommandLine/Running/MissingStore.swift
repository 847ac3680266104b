internal import Host
internal import State

/// What a command does where there is no store yet.
enum MissingStore<Answer: Sendable>: Sendable {
    /// The store is made, because the command writes.
    case isMade
    /// Nothing is made, and the command fails as for a state that is not there.
    case isNotFound
    /// Nothing is made, and the command goes on with what an empty store gives.
    case gives(Answer)

    /// Opens the store and runs `body` with it.
    func open(
        _ specification: StoreSpecification, _ host: Host, _ call: Call,
        _ body: (Store) throws -> Answer
    ) throws -> Answer {
        let store: Store
        do throws(HostError) {
            store = try host.open(specification, mustExist: !makes, call)
        } catch {
            guard !makes, error.code == .notFound else { throw error }
            return try answer(error)
        }
        defer { store.close(Call(timeout: .seconds(5))) }
        return try body(store)
    }

    private var makes: Bool {
        if case .isMade = self { true } else { false }
    }

    private func answer(_ error: HostError) throws -> Answer {
        guard case .gives(let answer) = self else {
            throw Failure.noSuchState(hint: "there is no store yet: \(error.message)")
        }
        return answer
    }
}
