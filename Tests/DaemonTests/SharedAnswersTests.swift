import Host
import Synchronization
import Testing

@testable import holdfastd

@Suite("Answers for all who ask the same")
struct SharedAnswersTests {
    /// Work that ends when the test says so.
    private final class Desk: Sendable {
        struct Inquiry: Sendable {
            var call: Call
            var begin: @Sendable () -> Void
            var deliver: @Sendable (Result<Int, any Error>) -> Void
        }

        let answers = SharedAnswers<String, Int>()
        private let inquiries = Mutex<[Inquiry]>([])

        var all: [Inquiry] { inquiries.withLock { $0 } }

        func ask(_ question: String = "a") -> Task<Int, any Error> {
            Task {
                try await answers.answer(to: question) {
                    Call(timeout: .seconds(30))
                } _: { call, begin, deliver in
                    let inquiry = Inquiry(call: call, begin: begin, deliver: deliver)
                    inquiries.withLock { $0.append(inquiry) }
                }
            }
        }

        /// Asks, and returns when the question is known.
        func ask(_ question: String = "a", waiting: Int) async -> Task<Int, any Error> {
            let task = ask(question)
            while answers.waiterCount < waiting { await Task.yield() }
            return task
        }
    }

    @Test("who asks before the work begins joins it, who asks later does not")
    func joining() async throws {
        let desk = Desk()
        let first = await desk.ask(waiting: 1)
        let second = await desk.ask(waiting: 2)
        let other = await desk.ask("b", waiting: 3)
        #expect(desk.all.count == 2)
        desk.all[0].begin()
        let late = await desk.ask(waiting: 4)
        #expect(desk.all.count == 3)
        desk.all[0].deliver(.success(1))
        #expect(try await first.value == 1)
        #expect(try await second.value == 1)
        desk.all[2].begin()
        desk.all[2].deliver(.success(2))
        #expect(try await late.value == 2)
        desk.all[1].deliver(.success(3))
        #expect(try await other.value == 3)
        #expect(desk.answers.waiterCount == 0)
    }

    @Test("a failure goes to all who wait, and is not kept")
    func failure() async throws {
        let desk = Desk()
        let tasks = [await desk.ask(waiting: 1), await desk.ask(waiting: 2)]
        desk.all[0].deliver(.failure(HostError(.unavailable, "gone")))
        for task in tasks { await #expect(throws: HostError.self) { try await task.value } }
        let next = await desk.ask(waiting: 1)
        #expect(desk.all.count == 2)
        desk.all[1].deliver(.success(4))
        #expect(try await next.value == 4)
    }

    @Test("who goes away leaves the others their answer; the last one cancels the work")
    func leaving() async throws {
        let desk = Desk()
        let first = await desk.ask(waiting: 1)
        let second = await desk.ask(waiting: 2)
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(!desk.all[0].call.isCancelled)
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(desk.all[0].call.isCancelled)
        // Cancelled work must not be joined.
        let third = await desk.ask(waiting: 1)
        #expect(desk.all.count == 2)
        desk.all[0].deliver(.failure(CancellationError()))
        desk.all[1].deliver(.success(5))
        #expect(try await third.value == 5)
    }
}
