/// One fault that a store shall show, and when.
///
/// As text: `KIND [NAME=VALUE]…`, such as `error code=throttled on=get,list rate=0.1`,
/// `lost-answer key=terraform-records/ nth=3` or `delay for=200ms`. `docs/configuration.md` lists the
/// kinds and names.
package struct FaultRule: Sendable, Hashable {
    /// What goes wrong.
    package enum Kind: String, Sendable, CaseIterable {
        /// The call fails and does nothing.
        case error
        /// The call takes longer.
        case delay
        /// The call takes longer and hears neither of its deadline nor of cancellation.
        case hang
        /// A read ends before the last byte and is reported as whole.
        case shortRead = "short-read"
        /// A write keeps a part of the bytes and reports all of them.
        case truncate
        /// A read brings one wrong bit.
        case bitFlip = "bit-flip"
        /// A write takes effect and fails.
        case lostAnswer = "lost-answer"
        /// A write is done twice; the second time may be refused.
        case duplicate
        /// A read brings what was there before the last write.
        case staleRead = "stale-read"

        /// The operations that it can strike.
        var operations: Set<ObservedOperation> {
            switch self {
            case .error, .delay, .hang: Set(ObservedOperation.allCases)
            case .shortRead, .bitFlip: [.get]
            case .truncate: [.put, .commit]
            case .lostAnswer: [.put, .remove, .commit, .operation]
            case .duplicate: [.put, .remove, .commit]
            case .staleRead: [.head, .get]
            }
        }
    }

    /// Which of the calls that match it strikes.
    enum Trigger: Sendable, Hashable {
        case always
        /// Each with this probability.
        case rate(Double)
        /// This one alone, counted from 1.
        case nth(UInt64)
        /// Each whose number is a multiple of this.
        case every(UInt64)
    }

    /// What goes wrong.
    package var kind: Kind
    /// What it strikes.
    var operations: Set<ObservedOperation>
    /// How the key's `collection/path` starts; empty for all, and for calls without a key.
    var keyPrefix = ""
    var trigger = Trigger.always
    /// The failure's class, for ``Kind/error``.
    var code = HostError.Code.unavailable
    /// How long, for ``Kind/delay`` and ``Kind/hang``.
    var duration = Duration.seconds(1)
    /// The rule as it was written.
    let text: String

    /// Whether the rule is about a call of these objects.
    func matches(_ operation: ObservedOperation, _ keys: [ObjectKey]) -> Bool {
        guard operations.contains(operation) else { return false }
        guard !keyPrefix.isEmpty else { return true }
        return keys.contains { $0.description.utf8.starts(with: keyPrefix.utf8) }
    }
}
