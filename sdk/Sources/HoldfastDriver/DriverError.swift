/// Why a call failed, as section 5 of `holdfast/driver.h` asks for it.
public struct DriverError: Error, Sendable {
    /// The class of a failure.
    ///
    /// More may come; act on those you know.
    public struct Code: Sendable, Hashable {
        /// The number in `holdfast/driver.h`, negative.
        public let status: Int32

        init(_ status: Int32) { self.status = status }
    }

    /// Whether a failed write took effect.
    public enum Applied: UInt32, Sendable {
        /// It did not.
        case no = 0
        /// It did.
        case yes = 1
        /// The driver cannot know; the host reads back.
        case unknown = 2
    }

    /// Whether trying again makes sense.
    public enum Retry: Sendable, Hashable {
        /// The same call will fail again.
        case never
        /// The same call may succeed after at least this time.
        case same(afterNanoseconds: UInt64)
        /// Only after the store was opened anew.
        case reopen
    }

    /// The class of the failure.
    public var code: Code
    /// What failed, on what and why, without secrets.
    public var message: String
    /// Whether the write took effect.
    public var applied: Applied
    /// Whether trying again makes sense.
    public var retry: Retry
    /// The store's own code: errno, SQLite's, an HTTP status; 0 for none.
    public var vendorCode: Int64
    /// The name of that code, such as `SQLITE_BUSY`; empty for none.
    public var vendorName: String
    /// With ``Code/condition``: the object's version; `nil` when absent or unknown.
    public var currentVersion: Version?
    /// In a commit: which change failed, from 1; 0 for none or unknown.
    public var change: UInt32 = 0

    /// Makes an error; the defaults are those of a call that changed nothing and will fail again.
    public init(
        _ code: Code, _ message: String, applied: Applied = .no, retry: Retry = .never,
        vendorCode: Int64 = 0, vendorName: String = "", currentVersion: Version? = nil
    ) {
        self.code = code
        self.message = message
        self.applied = applied
        self.retry = retry
        self.vendorCode = vendorCode
        self.vendorName = vendorName
        self.currentVersion = currentVersion
    }
}

extension DriverError.Code {
    /// No such object.
    public static let notFound = Self(-1)
    /// The condition did not hold; nothing changed.
    public static let condition = Self(-2)
    /// The store's own concurrency control refused.
    public static let conflict = Self(-3)
    /// The store does not know who is asking.
    public static let unauthenticated = Self(-4)
    /// The store does not allow it.
    public static let forbidden = Self(-5)
    /// The store asks to slow down.
    public static let throttled = Self(-6)
    /// The store cannot be reached now.
    public static let unavailable = Self(-7)
    /// The call's deadline passed.
    public static let deadline = Self(-8)
    /// The call was cancelled.
    public static let cancelled = Self(-9)
    /// An argument or option is wrong.
    public static let invalid = Self(-10)
    /// This store cannot do it.
    public static let unsupported = Self(-11)
    /// Over a declared limit.
    public static let tooLarge = Self(-12)
    /// Disk full, quota used up.
    public static let full = Self(-13)
    /// What is stored is damaged.
    public static let corrupt = Self(-14)
    /// What is stored was written by a newer driver.
    public static let newerFormat = Self(-15)
    /// An input or output error.
    public static let io = Self(-16)
    /// The source failed or ended early.
    public static let source = Self(-17)
    /// A defect of the driver.
    public static let internalError = Self(-18)
    /// The host's sink asked to stop or failed.
    ///
    /// Made by the SDK; a driver only passes it on.
    public static let sinkStopped = Self(.min)
}
