/// One demand of the driver interface, and how to find out whether a driver meets it.
public struct Check: Sendable {
    /// A part of the interface that a driver can be held to by itself.
    public enum Profile: String, Sendable, CaseIterable {
        /// What every driver must do.
        case core
        /// Conditions on writes, which locks and history need.
        case cas
        /// Listing.
        case list
        /// The store's clock, which leases need.
        case clock
        /// Changes of several objects at once.
        case transaction
        /// Waiting for changes.
        case watch
        /// Objects of several GiB, which take minutes; only run when asked for.
        case large

        /// The profiles that run when none is named.
        public static let ordinary: [Profile] = allCases.filter { $0 != .large }
    }

    /// The group and the name, such as `condition.absent-refused`.
    public let id: String
    /// The part of the interface that it belongs to.
    public let profile: Profile
    /// What the interface demands.
    public let title: String
    /// How long the check's process may take before it counts as hung.
    public var seconds: Int
    let body: @Sendable (CheckRun) throws -> Void

    /// Makes a check.
    ///
    /// - Parameters:
    ///   - id: The group and the name, such as `condition.absent-refused`.
    ///   - profile: The part of the interface that it belongs to.
    ///   - title: What the interface demands, as a sentence without a full stop.
    ///   - seconds: How long its process may take.
    ///   - body: Returns when the driver passes; throws ``CheckFailure`` when it does not, and
    ///     ``Refused`` when it lacks a capability and said so.
    public init(
        _ id: String, _ profile: Profile, _ title: String, seconds: Int = 60,
        _ body: @escaping @Sendable (CheckRun) throws -> Void
    ) {
        self.id = id
        self.profile = profile
        self.title = title
        self.seconds = seconds
        self.body = body
    }

    /// The part of the id before the dot.
    public var group: String { String(id.prefix { $0 != "." }) }
}

/// What a driver did wrong, and what its author can do about it.
public struct CheckFailure: Error, Sendable, Hashable {
    /// What was found.
    public var found: String
    /// What to do about it.
    public var remedy: String

    /// Makes a failure.
    ///
    /// - Parameters:
    ///   - found: What was found, as a sentence without a full stop.
    ///   - remedy: What to do about it; empty where the check's title says it.
    public init(_ found: String, do remedy: String = "") {
        self.found = found
        self.remedy = remedy
    }
}

/// The driver lacks a capability that a check needs, and refused it as the interface demands.
public struct Refused: Error, Sendable, Hashable {
    /// The capability's id.
    public var capability: String

    /// Makes the outcome.
    public init(_ capability: String) { self.capability = capability }
}

/// Fails a check unless something holds.
///
/// - Parameters:
///   - condition: What must hold.
///   - found: What was found when it does not.
///   - remedy: What to do about it.
/// - Throws: ``CheckFailure``.
public func require(
    _ condition: Bool, _ found: @autoclosure () -> String,
    do remedy: @autoclosure () -> String = ""
) throws(CheckFailure) {
    guard condition else { throw CheckFailure(found(), do: remedy()) }
}
