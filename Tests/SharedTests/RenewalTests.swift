import HoldfastDriver
import SharedHTTP
import Synchronization
import Testing

/// What is kept and renewed before it ends: tokens and keys of three clouds.
@Suite struct RenewalTests {
    private struct Token: Sendable, Equatable {
        var number: Int
        var endSeconds: Int64?
    }

    private struct Unlimited: CallControl {
        var isOver: Bool { false }
        var remainingNanoseconds: Int64 { .max }
    }

    private struct Over: CallControl {
        var isOver: Bool { true }
        var remainingNanoseconds: Int64 { 0 }
    }

    private let kept = Renewal<Token>("a token", earlySeconds: 300, endSeconds: { $0.endSeconds })
    private let refusal = DriverError(.unauthenticated, "no")

    private func value(_ found: Token) throws(DriverError) -> Int {
        try kept.value(Unlimited()) { () throws(DriverError) in found }.number
    }

    private func fail() throws(DriverError) -> Int {
        try kept.value(Unlimited()) { () throws(DriverError) in throw refusal }.number
    }

    private func after(_ seconds: Int64) -> Int64 { unixNanoseconds() / 1_000_000_000 + seconds }

    @Test("one that lasts is found once, and anew when it was refused") func refused() throws {
        #expect(try value(Token(number: 1)) == 1)
        #expect(try value(Token(number: 2)) == 1)
        kept.forget { $0.number == 7 }
        #expect(try value(Token(number: 3)) == 1)
        kept.forget { $0.number == 1 }
        #expect(kept.last?.number == 1)
        #expect(try value(Token(number: 4)) == 4)
    }

    @Test("one that will end soon is renewed, and used while no other is to be had") func soon()
        throws
    {
        #expect(try value(Token(number: 1, endSeconds: after(200))) == 1)
        #expect(try fail() == 1)
        // The next look is some seconds away.
        #expect(try value(Token(number: 2, endSeconds: after(9000))) == 1)
        kept.forget { _ in true }
        #expect(try value(Token(number: 3, endSeconds: after(9000))) == 3)
        #expect(try value(Token(number: 4, endSeconds: after(9000))) == 3)
    }

    @Test("one that has ended is never used") func ended() throws {
        #expect(try value(Token(number: 1, endSeconds: after(-1))) == 1)
        #expect(throws: DriverError.self) { try fail() }
        #expect(try value(Token(number: 2)) == 2)
    }

    @Test("others wait for the one that looks, and end when their time is over") func waits() throws
    {
        let looks = Mutex(0)
        let number = try kept.value(Unlimited()) { () throws(DriverError) in
            looks.withLock { $0 += 1 }
            // A call that comes meanwhile.
            #expect(throws: DriverError.self) {
                _ = try kept.value(Over()) { () throws(DriverError) in
                    looks.withLock { $0 += 1 }
                    return Token(number: 9)
                }
            }
            return Token(number: 5)
        }.number
        #expect(number == 5 && looks.withLock { $0 } == 1)
    }
}
