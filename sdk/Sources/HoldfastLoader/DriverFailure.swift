/// Why a call of a driver failed, as section 5 of `holdfast/driver.h` describes it.
public struct DriverFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The class of a failure.
    ///
    /// More may come; act on those you know.
    public struct Code: Sendable, Hashable {
        /// The number in `holdfast/driver.h`, negative.
        public let status: Int32

        /// Makes a code from its number.
        public init(status: Int32) { self.status = status }
    }

    /// Whether a failed write took effect.
    public enum Applied: UInt32, Sendable {
        /// It did not.
        case no = 0
        /// It did.
        case yes = 1
        /// The driver cannot know: read back.
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
    /// What failed, on what and why; without secrets.
    public var message: String
    /// Whether the write took effect.
    public var applied: Applied
    /// Whether trying again makes sense.
    public var retry: Retry
    /// The store's own code (errno, SQLite's, an HTTP status), or 0.
    public var vendorCode: Int64
    /// The name of that code, or empty.
    public var vendorName: String
    /// With ``Code/condition``: the object's version; `nil` when absent or unknown.
    public var currentVersion: Version?
    /// Of a commit: which change failed, from 1; `nil` when none did or it is not known.
    public var change: Int?

    /// Makes a failure; the defaults are those of a call that changed nothing and will fail again.
    public init(
        _ code: Code, _ message: String, applied: Applied = .no, retry: Retry = .never,
        vendorCode: Int64 = 0, vendorName: String = "", currentVersion: Version? = nil,
        change: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.applied = applied
        self.retry = retry
        self.vendorCode = vendorCode
        self.vendorName = vendorName
        self.currentVersion = currentVersion
        self.change = change
    }

    /// The class, the message and the store's own code.
    public var description: String {
        let vendor = vendorName.isEmpty && vendorCode != 0 ? String(vendorCode) : vendorName
        return "\(code.name): \(message)" + (vendor.isEmpty ? "" : " (\(vendor))")
    }
}

extension DriverFailure.Code {
    /// No such object.
    public static let notFound = Self(status: -1)
    /// The condition did not hold; nothing changed.
    public static let condition = Self(status: -2)
    /// The store's own concurrency control refused.
    public static let conflict = Self(status: -3)
    /// The store does not know who is asking.
    public static let unauthenticated = Self(status: -4)
    /// The store does not allow it.
    public static let forbidden = Self(status: -5)
    /// The store asks to slow down.
    public static let throttled = Self(status: -6)
    /// The store cannot be reached now.
    public static let unavailable = Self(status: -7)
    /// The call's deadline passed.
    public static let deadline = Self(status: -8)
    /// The call was cancelled.
    public static let cancelled = Self(status: -9)
    /// An argument or option is wrong.
    public static let invalid = Self(status: -10)
    /// This store cannot do it.
    public static let unsupported = Self(status: -11)
    /// Over a declared limit.
    public static let tooLarge = Self(status: -12)
    /// Disk full, quota used up.
    public static let full = Self(status: -13)
    /// What is stored is damaged.
    public static let corrupt = Self(status: -14)
    /// What is stored was written by a newer driver.
    public static let newerFormat = Self(status: -15)
    /// An input or output error.
    public static let io = Self(status: -16)
    /// The source failed or ended early; nothing was applied.
    public static let source = Self(status: -17)
    /// A defect of the driver.
    public static let internalError = Self(status: -18)

    private static let names = [
        "not found", "condition failed", "conflict", "unauthenticated", "forbidden", "throttled",
        "unavailable", "deadline passed", "cancelled", "invalid", "unsupported", "too large",
        "full",
        "corrupt", "newer format", "input or output error", "source failed", "driver defect",
    ]

    /// The class in words, such as `not found`.
    public var name: String {
        isKnown ? Self.names[Int(-(status + 1))] : "unknown class \(status)"
    }

    /// Whether this is one of the classes above.
    var isKnown: Bool { (-18...(-1)).contains(status) }

    /// Whether the class itself says that a write took no effect.
    var impliesNotApplied: Bool {
        let harmless: [Self] = [.notFound, .condition, .invalid, .unsupported, .source]
        return harmless.contains(self)
    }
}
