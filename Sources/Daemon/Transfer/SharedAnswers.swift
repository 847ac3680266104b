internal import Host
internal import Synchronization

/// Lets all who ask the same at the same time share one answer.
///
/// A question may be joined until the work for it begins, so that no answer is older than a question
/// that it goes to. Who goes away while waiting leaves the others their answer; when all have gone, the
/// work is cancelled.
final class SharedAnswers<Question: Hashable & Sendable, Answer: Sendable>: Sendable {
    /// What does the work: it calls `begin` first of all, then the work ends in `deliver`, once.
    typealias Work =
        @Sendable (
            _ call: Call, _ begin: @escaping @Sendable () -> Void,
            _ deliver: @escaping @Sendable (Result<Answer, any Error>) -> Void
        ) -> Void

    private typealias Waiter = CheckedContinuation<Answer, any Error>

    private struct Inquiry {
        let question: Question
        let call: Call
        var waiters: [UInt64: Waiter] = [:]
    }

    private struct State {
        var lastNumber: UInt64 = 0
        /// All that have no answer yet.
        var inquiries: [UInt64: Inquiry] = [:]
        /// Those that may be joined.
        var open: [Question: UInt64] = [:]
        /// Which inquiry each who waits has joined.
        var places: [UInt64: UInt64] = [:]

        mutating func nextNumber() -> UInt64 {
            lastNumber += 1
            return lastNumber
        }

        mutating func close(_ number: UInt64) {
            guard let question = inquiries[number]?.question, open[question] == number else {
                return
            }
            open[question] = nil
        }
    }

    private let state = Mutex(State())

    /// How many wait for an answer.
    var waiterCount: Int { state.withLock { $0.places.count } }

    /// The answer, from work that begins after this call did.
    ///
    /// - Parameters:
    ///   - question: Equal questions have equal answers.
    ///   - call: Makes the call under which the work is done, if this is the first to ask.
    ///   - work: Does the work, if this is the first to ask.
    /// - Returns: The answer.
    /// - Throws: What the work failed with, or `CancellationError`.
    func answer(
        to question: Question, _ call: @Sendable () -> Call, _ work: Work
    ) async throws -> Answer {
        let waiter = state.withLock { $0.nextNumber() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if let (number, call) = join(question, waiter, continuation, call) {
                    work(
                        call, { [self] in state.withLock { $0.close(number) } },
                        { [self] in deliver($0, to: number) })
                }
                // A cancellation that came before the question was joined found nobody.
                if Task.isCancelled { leave(waiter) }
            }
        } onCancel: {
            leave(waiter)
        }
    }

    /// Joins an open inquiry, or opens one, whose number and call it returns.
    private func join(
        _ question: Question, _ waiter: UInt64, _ continuation: Waiter, _ call: () -> Call
    ) -> (UInt64, Call)? {
        state.withLock { state in
            if let number = state.open[question] {
                state.inquiries[number]?.waiters[waiter] = continuation
                state.places[waiter] = number
                return nil
            }
            let number = state.nextNumber()
            let call = call()
            state.inquiries[number] = Inquiry(
                question: question, call: call, waiters: [waiter: continuation])
            state.open[question] = number
            state.places[waiter] = number
            return (number, call)
        }
    }

    private func leave(_ waiter: UInt64) {
        let (continuation, abandoned) = state.withLock { state -> (Waiter?, Call?) in
            guard let number = state.places.removeValue(forKey: waiter),
                let continuation = state.inquiries[number]?.waiters.removeValue(forKey: waiter)
            else { return (nil, nil) }
            guard state.inquiries[number]?.waiters.isEmpty == true else {
                return (continuation, nil)
            }
            state.close(number)
            return (continuation, state.inquiries[number]?.call)
        }
        abandoned?.cancel()
        continuation?.resume(throwing: CancellationError())
    }

    private func deliver(_ result: Result<Answer, any Error>, to number: UInt64) {
        let waiters = state.withLock { state -> [UInt64: Waiter] in
            state.close(number)
            let waiters = state.inquiries.removeValue(forKey: number)?.waiters ?? [:]
            for waiter in waiters.keys { state.places[waiter] = nil }
            return waiters
        }
        for waiter in waiters.values { waiter.resume(with: result) }
    }
}
