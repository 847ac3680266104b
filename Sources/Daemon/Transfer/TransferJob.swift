internal import Host
internal import Synchronization

/// A long job on the pool whose caller is let go when the store stands still.
///
/// A child task would not do: its parent has to wait for it, and a store that hangs in a system call
/// never ends it.
final class TransferJob<Value: Sendable>: Sendable {
    private enum State {
        case running([CheckedContinuation<Value, any Error>])
        case ended(Result<Value, any Error>)
    }

    private let state = Mutex(State.running([]))
    private let call: Call

    private init(call: Call) { self.call = call }

    /// Starts `body`, which runs under `call`.
    ///
    /// - Parameters:
    ///   - call: Cancelled when the store stands still.
    ///   - activity: Whose turn it is.
    ///   - standstill: How long the store may take for one step.
    ///   - body: The job.
    /// - Returns: The running job.
    static func start(
        _ call: Call, activity: StoreActivity, standstill: Duration = .seconds(120),
        _ body: @escaping @Sendable () async throws -> Value
    ) -> TransferJob {
        let job = TransferJob(call: call)
        let watch = Task {
            while activity.storeTime < standstill {
                do { try await Task.sleep(for: .seconds(1)) } catch { return }
            }
            call.cancel()
            do { try await Task.sleep(for: .seconds(5)) } catch { return }
            job.end(.failure(Self.stuck))
        }
        Task {
            do { job.end(.success(try await body())) } catch { job.end(.failure(error)) }
            watch.cancel()
        }
        return job
    }

    /// The job's result.
    ///
    /// When the caller's task is cancelled the call is cancelled too, and its result still awaited.
    func value() async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Value, any Error>? = state.withLock { state in
                    switch state {
                    case .ended(let result): return result
                    case .running(let waiting):
                        state = .running(waiting + [continuation])
                        return nil
                    }
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            call.cancel()
        }
    }

    private func end(_ result: Result<Value, any Error>) {
        let waiting = state.withLock { state in
            guard case .running(let waiting) = state else {
                return [CheckedContinuation<Value, any Error>]()
            }
            state = .ended(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(with: result) }
    }

    private static var stuck: HostError {
        HostError(
            .stuck, "the store stood still in the middle of a transfer",
            advice: "try again; whether the write took effect shows in the state's versions",
            applied: .unknown)
    }
}
