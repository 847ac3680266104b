import NIOCore
import Testing

@testable import holdfastd

@Suite("What a connection may take")
struct ConnectionTimesTests {
    private let limits = ConnectionLimits()
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func fresh() -> ConnectionTimes { ConnectionTimes(limits: limits, now: start) }

    private func after(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    @Test("a new connection has ten seconds for its headers, however often a byte comes")
    func headers() {
        var times = fresh()
        #expect(times.limit?.deadline == after(10))
        #expect(times.limit?.lateness == .silent)
        for second in 1...9 { times.bytesArrived(at: after(Int64(second))) }
        #expect(times.limit?.deadline == after(10))
        #expect(times.limit?.lateness == .slowHeader)
    }

    @Test("between requests it may rest; its next headers have ten seconds from their first byte")
    func rest() {
        var times = fresh()
        times.bytesArrived(at: start)
        times.headArrived()
        times.bodyEnded(at: start)
        #expect(times.limit == nil)
        times.answerEnded(at: after(5))
        #expect(times.limit?.deadline == after(65))
        #expect(times.limit?.lateness == .silent)
        times.bytesArrived(at: after(50))
        times.bytesArrived(at: after(55))
        #expect(times.limit?.deadline == after(60))
        #expect(times.limit?.lateness == .slowHeader)
    }

    @Test("a body that trickles has thirty seconds in all")
    func trickle() {
        var times = fresh()
        times.headArrived()
        times.readRequested(at: start)
        for second in 1...29 {
            times.bodyArrived(byteCount: 1, at: after(Int64(second)))
            times.readRequested(at: after(Int64(second)))
        }
        #expect(times.limit?.deadline == after(30))
        #expect(times.limit?.lateness == .slowBody)
    }

    @Test("a body that brings enough starts afresh")
    func steady() {
        var times = fresh()
        times.headArrived()
        times.readRequested(at: start)
        times.bodyArrived(byteCount: limits.windowBytes, at: after(20))
        times.readRequested(at: after(20))
        #expect(times.limit?.deadline == after(50))
    }

    @Test("time in which the server does not read is not the client's")
    func backPressure() {
        var times = fresh()
        times.headArrived()
        times.readRequested(at: start)
        times.bodyArrived(byteCount: 1, at: after(10))
        #expect(times.limit == nil)
        times.readRequested(at: after(100))
        #expect(times.limit?.deadline == after(120))
    }

    @Test("an answer that nobody reads has thirty seconds from the last progress")
    func unread() {
        var times = fresh()
        times.headArrived()
        times.bodyEnded(at: start)
        times.writabilityChanged(to: false, at: start)
        #expect(times.limit?.deadline == after(30))
        #expect(times.limit?.lateness == .stalledReader)
        times.answerProgressed(at: after(20))
        #expect(times.limit?.deadline == after(50))
        times.writabilityChanged(to: true, at: after(21))
        #expect(times.limit == nil)
    }
}
