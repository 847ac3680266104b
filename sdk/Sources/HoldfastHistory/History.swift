/// What clients asked of the objects of a store, and what they were told.
///
/// Every key starts absent: what was there before is the first operation of its history.
public struct History: Sendable, Hashable {
    /// The operations, in any order.
    public var operations: [Operation]

    /// Makes a history.
    public init(_ operations: [Operation] = []) { self.operations = operations }

    /// The keys that occur, in order.
    public var keys: [String] { Set(operations.map(\.key)).sorted() }

    /// One operation of one client on one key.
    public struct Operation: Sendable, Hashable {
        /// The client; each has at most one operation under way.
        public var client: Int
        /// The object.
        public var key: String
        /// What was asked.
        public var action: Action
        /// What came back.
        public var outcome: Outcome
        /// When the call began, by a clock that all clients share and that never runs backwards.
        public var invocation: UInt64
        /// When it returned, by the same clock; of no meaning where the outcome is unknown.
        public var response: UInt64

        /// Makes an operation.
        public init(
            client: Int, key: String, action: Action, outcome: Outcome, invocation: UInt64,
            response: UInt64
        ) {
            self.client = client
            self.key = key
            self.action = action
            self.outcome = outcome
            self.invocation = invocation
            self.response = response
        }
    }

    /// A version of an object: a token, compared only for equality.
    public struct Version: Sendable, Hashable {
        /// The token's bytes.
        public var token: [UInt8]

        /// Makes a version from the bytes of a token.
        public init(token: [UInt8]) { self.token = token }

        /// Makes a version from a token that is text.
        public init(_ text: String) { token = Array(text.utf8) }
    }

    /// What a write requires.
    public enum Condition: Sendable, Hashable {
        /// Nothing.
        case none
        /// No object has the key.
        case absent
        /// The object exists and has this version.
        case version(Version)
    }

    /// What was asked.
    public enum Action: Sendable, Hashable {
        /// Write the bytes that `value` stands for: equal bytes have equal numbers.
        case put(value: UInt64, Condition)
        /// Remove the object.
        case remove(Condition)
        /// Read the bytes and the version.
        case read
        /// Read the version only.
        case head
    }

    /// What came back.
    public enum Outcome: Sendable, Hashable {
        /// A put succeeded and reported this new version.
        case wrote(Version)
        /// A remove succeeded.
        case removed
        /// The condition did not hold; `current` is what was reported of the object's version.
        case refused(current: Version?)
        /// A read found these bytes under this version; bytes that nobody wrote have a number that no
        /// put has.
        case found(value: UInt64, Version)
        /// A head found this version.
        case saw(Version)
        /// A read or head found no object.
        case absent
        /// A failure that had no effect and tells nothing of the object.
        case notApplied
        /// A write that may take effect, once, at any time after its start, or never.
        case unknown
    }
}
