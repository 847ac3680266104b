internal import CHoldfast

/// Why a sink or source ended a call before the driver did.
enum Ending {
    /// The consumer has enough.
    case stopped
    /// The consumer failed; this error comes out of the call.
    case failed(any Error)
    /// The driver broke the interface.
    case defect(Defect)

    /// What the driver is told.
    var status: holdfast_status {
        switch self {
        case .stopped: HOLDFAST_STOPPED
        case .failed: HOLDFAST_CANCELLED
        case .defect: HOLDFAST_INTERNAL
        }
    }
}

/// Judges what a driver's function returned.
struct CallOutcome {
    /// The driver, for messages.
    let driver: LoadedDriver
    /// The function, for messages.
    let function: StaticString
    /// Whether the call can change what is stored, so that its effect can be unknown.
    let isWrite: Bool
    /// The operation that was called by its id; empty for the interface's own functions.
    var operation = ""
    /// Of a commit: how many changes it has, one of which a failure may name.
    var changeCount = 0

    /// What was called, for messages.
    private var name: String { operation.isEmpty ? "\(function)" : operation }

    /// Turns a status into success or a failure.
    ///
    /// - Parameters:
    ///   - status: What the function returned.
    ///   - context: Where the driver's report is.
    /// - Throws: ``DriverFailure``, unless the status is `HOLDFAST_OK`.
    func check(_ status: holdfast_status, _ context: CallContext) throws(DriverFailure) {
        guard status == HOLDFAST_OK else { throw failure(status, context) }
        context.forgetReport()
    }

    /// The failure that a status other than `HOLDFAST_OK` stands for.
    func failure(_ status: holdfast_status, _ context: CallContext) -> DriverFailure {
        let report = context.takeReport()
        let code = DriverFailure.Code(status: status)
        guard code.isKnown else { return failure(Defect("returned the unknown status \(status)")) }
        guard var report else {
            let applied: DriverFailure.Applied = isWrite && !code.impliesNotApplied ? .unknown : .no
            return DriverFailure(
                code, "\(name) failed; the driver gave no reason", applied: applied)
        }
        guard report.code == code else {
            return failure(
                Defect("returned \(status) but reported \(report.code.status): \(report.message)"))
        }
        if !isWrite { report.applied = .no }
        if changeCount == 0 { report.change = nil }
        if let change = report.change, change > changeCount {
            return failure(
                Defect("named the change \(change) of \(changeCount), \(report.message),"))
        }
        return report
    }

    /// A failure that names a driver's defect.
    ///
    /// What a write did is then unknown.
    func failure(_ defect: Defect) -> DriverFailure {
        DriverFailure(
            .internalError,
            "the driver \(driver.id) \(defect.text) in \(name); report it to its author",
            applied: isWrite ? .unknown : .no)
    }
}
