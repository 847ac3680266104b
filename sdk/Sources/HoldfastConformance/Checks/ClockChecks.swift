internal import Glibc
internal import HoldfastLoader

// The store's clock, by which leases are judged.

/// Checks of the store's clock.
enum ClockChecks {
    /// A reading; ends the check where the store has no clock and says so.
    private static func reading(_ run: CheckRun) throws -> StoreClock {
        let clock = try run.bench().store.ping(CallContext())
        guard try run.level("clock").level == .none else {
            guard let clock else {
                throw CheckFailure(
                    "the store reports the capability clock, but ping reports no clock")
            }
            return clock
        }
        try require(
            clock == nil,
            "ping reports the clock \"\(clock?.domain ?? "")\", but the store not the capability",
            do: "report the capability clock")
        throw Refused("clock")
    }

    static func reported(_ run: CheckRun) throws {
        let clock = try reading(run)
        try require(
            clock.uncertaintyNanoseconds >= 0,
            "the clock is uncertain by \(clock.uncertaintyNanoseconds) ns")
        try require(clock.domain.utf8.count <= 256, "the clock's domain is longer than 256 bytes")
    }

    static func steady(_ run: CheckRun) throws {
        var last = try reading(run)
        let store = try run.bench().store
        for _ in 0..<500 {
            guard let next = try store.ping(CallContext()) else {
                throw CheckFailure("ping does not always report a clock")
            }
            try require(
                next.domain == last.domain,
                "the clock's domain changes from \(last.domain) to \(next.domain)")
            try require(
                next.nowNanoseconds >= last.nowNanoseconds,
                "the clock runs backwards by \(last.nowNanoseconds - next.nowNanoseconds) ns")
            last = next
        }
    }

    static func runs(_ run: CheckRun) throws {
        let first = try reading(run)
        pause(milliseconds: 1200)
        let second = try reading(run)
        let moved = second.nowNanoseconds - first.nowNanoseconds
        let slack = max(first.uncertaintyNanoseconds, second.uncertaintyNanoseconds)
        try require(
            moved + 2 * slack >= 1_000_000_000, "in 1.2 s the clock moves on by \(moved) ns",
            do: "read the clock at each ping, in nanoseconds")
    }

    static func shared(_ run: CheckRun) throws {
        let first = try reading(run)
        let second: StoreClock
        if try run.isExclusive() {
            try run.close(try run.bench().store)
            second = try reading(run)
        } else {
            guard let other = try run.open().ping(CallContext()) else {
                throw CheckFailure("a second store of the same place reports no clock")
            }
            second = other
            if try !run.isVolatile() { try compare(second, try elsewhere(try run.peer())) }
        }
        try compare(first, second)
    }

    /// The clock as another process sees it.
    private static func elsewhere(_ peer: Peer) throws -> StoreClock {
        let answer = try peer.ask("clock")
        guard answer.count == 3, let now = Int64(answer[1]), let doubt = Int64(answer[2]) else {
            throw CheckFailure("a second process that opens the same place reports no clock")
        }
        return StoreClock(
            domain: String(decoding: PeerMessage.bytes(answer[0]), as: UTF8.self),
            nowNanoseconds: now, uncertaintyNanoseconds: doubt)
    }

    private static func compare(_ first: StoreClock, _ second: StoreClock) throws {
        try require(
            second.domain == first.domain,
            "two openings of one place have the clocks \(first.domain) and \(second.domain)",
            do: "name the clock, not the connection")
        let slack = first.uncertaintyNanoseconds + second.uncertaintyNanoseconds
        try require(
            second.nowNanoseconds + slack >= first.nowNanoseconds,
            "a later reading through another opening is behind by more than the uncertainty")
    }

    static func bootClock(_ run: CheckRun) throws {
        let clock = try reading(run)
        guard clock.domain.hasPrefix("boot:") else {
            run.note = "the clock is \(clock.domain), not this machine's"
            return
        }
        let file = try readFile("/proc/sys/kernel/random/boot_id", most: 100)
        let boot = "boot:" + String(decoding: file, as: UTF8.self).trimmedLine
        try require(clock.domain == boot, "the clock is \(clock.domain), this boot is \(boot)")
        let before = bootNanoseconds()
        let now = try reading(run)
        let after = bootNanoseconds()
        let slack = now.uncertaintyNanoseconds
        try require(
            (before - slack...after + slack).contains(now.nowNanoseconds),
            "the clock reads \(now.nowNanoseconds) ns; CLOCK_BOOTTIME is \(before) to \(after) ns")
    }

    private static func bootNanoseconds() -> Int64 {
        var now = timespec()
        _ = unsafe clock_gettime(CLOCK_BOOTTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}

extension String {
    /// The first line.
    fileprivate var trimmedLine: String { String(prefix { !$0.isNewline }) }
}
