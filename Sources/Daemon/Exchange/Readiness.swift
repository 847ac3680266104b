internal import HTTPTypes
internal import Host
internal import State
internal import Synchronization

/// Whether requests should come here: the store answers and the daemon is not ending.
final class Readiness: Sendable {
    private struct Finding {
        var madeNanoseconds: Int64
        var problem: APIError?
    }

    private let place: StatePlace
    private let pool: BlockingPool
    private let isDraining = Atomic(false)
    private let latest = Mutex<Finding?>(nil)
    /// Anyone may ask, and each question costs the store one: for a second the last answer stands.
    private static let lifetime = Duration.seconds(1)
    private static let pingTime = Duration.seconds(2)

    init(place: StatePlace, pool: BlockingPool) {
        self.place = place
        self.pool = pool
    }

    /// From now on the daemon is not ready.
    func beginDraining() { isDraining.store(true, ordering: .relaxed) }

    /// Asks the store.
    ///
    /// - Throws: ``APIError`` with status 503 when the daemon should get no requests.
    func check() async throws(APIError) {
        guard !isDraining.load(ordering: .relaxed) else {
            throw .unavailable("draining", "this daemon is shutting down")
        }
        let finding: Finding
        if let known = latest.withLock({ $0 }), known.madeNanoseconds > oldestUseful {
            finding = known
        } else {
            finding = await ask()
            latest.withLock { $0 = finding }
        }
        if let problem = finding.problem { throw problem }
    }

    private var oldestUseful: Int64 { Monotonic.now - Self.lifetime.nanoseconds }

    private func ask() async -> Finding {
        let call = Call(timeout: Self.pingTime)
        do {
            _ = try await pool.run(.control, on: place.store, call) { [place] in
                try place.ping(call)
            }
            return Finding(madeNanoseconds: Monotonic.now)
        } catch {
            let error = error as? HostError
            let reason = error?.message ?? "the store does not answer"
            // It may be the one of its locks.
            let name =
                error.map { $0.store.isEmpty ? place.store.name : $0.store } ?? place.store.name
            let problem = APIError.unavailable(
                "store-unavailable", "the store \(name) does not answer: \(reason)")
            return Finding(madeNanoseconds: Monotonic.now, problem: problem)
        }
    }
}
