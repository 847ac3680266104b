/// Where the code of a driver runs.
package enum Isolation: String, Sendable, CaseIterable {
    /// In the host's own process: fastest, and a crash of the driver is one of the host.
    case inProcess = "in-process"
    /// In a process for each store: a crash costs that store's calls in flight and nothing else.
    case process

    /// Where a driver runs for which nobody said anything.
    ///
    /// Only what an operator, or whoever built this program, pinned by its hash is trusted with the
    /// host's own memory. A manifest is the driver's own word: it can ask for a process, never for less.
    ///
    /// - Parameters:
    ///   - isPinned: Whether a lock file pins the driver.
    ///   - asked: What its manifest asks for.
    /// - Returns: Where it runs.
    static func standard(isPinned: Bool, asked: Isolation) -> Isolation {
        isPinned ? asked : .process
    }
}
