internal import HoldfastLoader

// What a driver declares of how it may be used, which the kit respects.

extension CheckRun {
    /// Whether the descriptor reports a capability.
    func declares(_ capability: String) throws(CheckFailure) -> Bool {
        try descriptor().capabilities.contains { $0.id == capability && $0.level != .none }
    }

    /// Whether a store can be open only once at a time, in all processes together.
    func isExclusive() throws(CheckFailure) -> Bool { try declares("exclusive") }

    /// Whether objects are gone when their process ends, and seen by no other process.
    func isVolatile() throws(CheckFailure) -> Bool { try declares("volatile") }

    /// Whether no opening finds what another one keeps: a volatile store that is isolated, where each
    /// opening has a process of its own.
    ///
    /// - Returns: Whether that is so; the note then says what cannot be looked at.
    /// - Throws: ``CheckFailure``.
    func isAlone() throws(CheckFailure) -> Bool {
        guard driverHost != nil, try isVolatile() else { return false }
        note =
            "the driver declares volatile, so two openings in processes of their own share nothing"
        return true
    }

    /// A second process that has opened the same store.
    ///
    /// - Parameter mayDie: Whether it may end in the middle.
    /// - Returns: The process.
    /// - Throws: ``CheckFailure``, or `DriverFailure` of the open.
    func peer(mayDie: Bool = false) throws -> Peer {
        let peer = try Peer(mayDie: mayDie)
        try peer.ask("open")
        return peer
    }

    /// Someone who may call while a call of the bench is under way; `nil`, with a note, where the
    /// driver's declarations leave nobody.
    func bystander() throws -> Client? {
        let bench = try bench()
        let hasOneOpening = try isExclusive() ? true : isAlone()
        switch (try driver().threadModel, hasOneOpening) {
        case (.parallel, true): return Client(bench)
        case (.parallel, false), (.perStore, false):
            return Client(Bench(store: try open(), space: bench.space))
        case (.perDriver, false):
            if try !isVolatile() { return Client(try peer()) }
        case (.perStore, true), (.perDriver, true): break
        }
        note =
            "the driver takes one call at a time and one opener, so nobody can look during a call"
        return nil
    }
}
