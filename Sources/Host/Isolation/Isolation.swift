/// Where the code of a driver runs.
package enum Isolation: String, Sendable, CaseIterable {
    /// In the host's own process: fastest, and a crash of the driver is one of the host.
    case inProcess = "in-process"
    /// In a process for each store: a crash costs that store's calls in flight and nothing else.
    case process

    /// Where a driver runs for which nobody said anything.
    ///
    /// Only what an operator, or whoever built this program, pinned by its hash is trusted with the
    /// host's own memory; a manifest's word would be the driver's own.
    static func standard(isPinned: Bool) -> Isolation { isPinned ? .inProcess : .process }
}
