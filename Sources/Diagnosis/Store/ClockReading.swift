internal import Host
internal import State

/// How far a store's clock is ahead of this machine's.
struct ClockReading: Sendable, Hashable {
    /// Nanoseconds; negative when it is behind.
    var aheadNanoseconds: Int64
    /// The most that the reading can be off.
    var uncertaintyNanoseconds: Int64
    /// From which difference on the service refuses requests; `nil` where it does not mind.
    var toleranceNanoseconds: Int64?
    /// Where it comes from, for people.
    var source: String

    /// From this difference on it is worth a warning.
    static let warningNanoseconds: Int64 = 5_000_000_000

    /// Makes a reading.
    init(ahead: Int64, uncertainty: Int64, tolerance: Int64? = nil, source: String) {
        aheadNanoseconds = ahead
        uncertaintyNanoseconds = uncertainty
        toleranceNanoseconds = tolerance
        self.source = source
    }

    /// A reading of a clock that shows `time`, taken between two times of this machine.
    init(_ time: Int64, between before: Int64, and after: Int64, uncertainty: Int64, source: String)
    {
        let middle = before + (after - before) / 2
        self.init(
            ahead: time &- middle, uncertainty: uncertainty &+ (after - before) / 2, source: source)
    }

    /// What a driver says of its service's clock: `clock` in the result of `ID.identity`.
    init?(_ json: JSONValue?) {
        guard let members = json?.members,
            let ahead = members["ahead_ns"]?.integer(Int64.self)
        else { return nil }
        self.init(
            ahead: ahead, uncertainty: max(0, members["uncertainty_ns"]?.integer() ?? 0),
            tolerance: members["tolerance_ns"]?.integer(), source: "the service's answers")
    }

    /// What it means.
    var finding: Finding {
        let distance = aheadNanoseconds.magnitude
        let sure =
            distance > UInt64(uncertaintyNanoseconds)
            ? distance - UInt64(uncertaintyNanoseconds) : 0
        var measured: [(name: String, value: JSONValue)] = [
            ("ahead_ms", .integer(aheadNanoseconds / 1_000_000)),
            ("uncertainty_ms", .integer(uncertaintyNanoseconds / 1_000_000)),
        ]
        if let toleranceNanoseconds {
            measured.append(("tolerance_ms", .integer(toleranceNanoseconds / 1_000_000)))
        }
        let words = "by \(source)"
        guard sure > UInt64(Self.warningNanoseconds) else {
            return Finding(
                .ok,
                "the clocks agree to within \(Self.seconds(distance + UInt64(uncertaintyNanoseconds))), \(words)",
                measured: measured)
        }
        let way = aheadNanoseconds > 0 ? "behind" : "ahead of"
        let seen = "this machine's clock is \(Self.seconds(distance)) \(way) the store's, \(words)"
        let advice = "set this machine's clock, and keep it in step (chrony, systemd-timesyncd)"
        guard let toleranceNanoseconds, sure > UInt64(max(0, toleranceNanoseconds)) else {
            return Finding(.warning, seen, advice: advice, measured: measured)
        }
        return Finding(
            .failed,
            "\(seen); the service refuses what is off by more than"
                + " \(Self.seconds(UInt64(toleranceNanoseconds)))",
            advice: advice, code: .unauthenticated, measured: measured)
    }

    private static func seconds(_ nanoseconds: UInt64) -> String {
        let tenths = nanoseconds / 100_000_000
        return tenths < 10
            ? "\(nanoseconds / 1_000_000) ms" : "\(tenths / 10).\(tenths % 10) s"
    }
}
