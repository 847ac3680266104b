internal import Host

/// A long job on the pool that is cancelled when the store stands still.
///
/// The pool lets its caller go soon after that, even when the store hangs in a system call.
struct TransferJob<Value: Sendable>: Sendable {
    private let task: Task<Value, any Error>

    /// Starts `body`.
    ///
    /// - Parameters:
    ///   - call: What `body` runs under; cancelled when the store stands still.
    ///   - activity: Whose turn it is.
    ///   - standstill: How long the store may take for one step.
    ///   - body: The job.
    /// - Returns: The running job.
    static func start(
        _ call: Call, activity: StoreActivity, standstill: Duration = .seconds(120),
        _ body: @escaping @Sendable () async throws -> Value
    ) -> TransferJob {
        TransferJob(
            task: Task {
                let watch = Task { try await cancel(call, after: standstill, activity) }
                defer { watch.cancel() }
                do {
                    return try await body()
                } catch {
                    watch.cancel()
                    guard case .success = await watch.result else { throw error }
                    throw Self.stuck
                }
            })
    }

    /// The job's result.
    ///
    /// A cancelled caller cancels the job, and hears of its end all the same.
    func value() async throws -> Value {
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private static func cancel(
        _ call: Call, after standstill: Duration, _ activity: StoreActivity
    ) async throws {
        while activity.storeTime < standstill { try await Task.sleep(for: .seconds(1)) }
        call.cancel()
    }

    private static var stuck: HostError {
        HostError(
            .stuck, "the store stood still in the middle of a transfer",
            advice: "try again; whether a write took effect shows in the state's versions",
            applied: .unknown)
    }
}
