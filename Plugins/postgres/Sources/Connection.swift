internal import CPostgres
internal import Glibc
internal import HoldfastDriver

/// A connection to the server, used by one call at a time, always in libpq's pipeline mode.
///
/// Statements that are sent together are one transaction: the server commits at the end of what was
/// sent, or undoes all of it at the first error.
@safe final class Connection: @unchecked Sendable {
    // SAFETY: the pool lends a connection to one call at a time.
    private let handle: OpaquePointer
    private var arena = ParameterArena()
    private var prepared: [Bool] = []
    /// Whether statements may be left prepared, and settings be set, on this connection.
    var keepsState = false
    /// The server's limit for a statement, where it was set on the connection; in milliseconds.
    private var limitMilliseconds: Int64 = 0
    /// Whether an answer is outstanding: then nothing can be sent on it any more.
    private(set) var isSpoiled = false
    /// When it was opened, and last given back.
    let openedNanoseconds = monotonicNanoseconds()
    var idleSince = monotonicNanoseconds()

    /// Whether the server limits what was sent last.
    private var isLimited = false
    /// How long after its end a call still waits for an answer that is due.
    private static let patienceNanoseconds: Int64 = 300_000_000

    private enum Sent { case preparation(Int), statement(Int), limit }

    private static let setLimit = Statement(
        once: "SELECT set_config('statement_timeout', $1, $2)", [.text, .flag])
    private static let setWriting = Statement(
        once: """
            SELECT set_config('statement_timeout', $1, true), set_config('synchronous_commit',
              CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on'
              ELSE current_setting('synchronous_commit') END, true)
            """, [.text])

    /// Takes over a connection that libpq has opened.
    init(taking handle: OpaquePointer) throws(PostgresFailure) {
        unsafe self.handle = handle
        guard unsafe PQsetnonblocking(handle, 1) == 0, unsafe PQenterPipelineMode(handle) == 1
        else { throw lost(wasSent: false) }
    }

    deinit { unsafe PQfinish(handle) }

    /// The server's version, such as 150018.
    var serverVersion: Int { Int(unsafe PQserverVersion(handle)) }
    /// The number of the server's process, as it was told when the connection was made.
    var announcedProcess: Int64 { Int64(unsafe PQbackendPID(handle)) }

    /// The shortest time that a packet took to be answered, by the kernel; 0 on this machine's own sockets.
    var roundTripMicroseconds: Int {
        Int(unsafe holdfast_postgres_round_trip(PQsocket(handle)))
    }

    /// Whether notifications have come; they are taken away.
    var hasNotifications: Bool {
        var hasAny = false
        while let notice = unsafe PQnotifies(handle) {
            hasAny = true
            unsafe PQfreemem(notice)
        }
        return hasAny
    }

    /// Waits for a notification, but not longer than a call may go without being looked at.
    func waitForNotification(_ call: Call) -> Bool {
        var descriptor = pollfd(fd: unsafe PQsocket(handle), events: Int16(POLLIN), revents: 0)
        if unsafe poll(&descriptor, 1, call.sliceMilliseconds) > 0,
            unsafe PQconsumeInput(handle) == 0
        {
            spoil()
        }
        return hasNotifications
    }

    /// Whether the connection is still there and nothing unexpected lies on it; asks nobody.
    var isHealthy: Bool {
        guard !isSpoiled, unsafe PQstatus(handle) == CONNECTION_OK else { return false }
        var descriptor = pollfd(fd: unsafe PQsocket(handle), events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&descriptor, 1, 0) != 0 else { return true }
        // A notice, or the end.
        return unsafe PQconsumeInput(handle) == 1 && PQstatus(handle) == CONNECTION_OK
            && poll(&descriptor, 1, 0) == 0
    }

    /// Marks the connection as one that must not be used again.
    func spoil() { isSpoiled = true }

    /// Sends statements together and waits for all answers.
    ///
    /// - Parameters:
    ///   - steps: The statements, one transaction unless one was begun before.
    ///   - isWrite: Whether they change something: then the server limits them, too.
    ///   - call: The call that waits.
    /// - Returns: The rows of each statement.
    /// - Throws: ``PostgresFailure``.
    func run(
        _ steps: [Step], isWrite: Bool, _ call: Call
    ) throws(PostgresFailure) -> [Rows] {
        guard !isSpoiled else { throw .lost("the connection is not usable", wasSent: false) }
        isSpoiled = true
        var sent: [Sent] = []
        try limit(isWrite: isWrite, call, &sent)
        for (number, step) in steps.enumerated() { try send(step, number, &sent) }
        guard unsafe PQpipelineSync(handle) == 1 else { throw lost(wasSent: false) }
        let rows = try receive(sent, call)
        isSpoiled = false
        return try rows.get()
    }

    // MARK: - Sending

    private func limit(
        isWrite: Bool, _ call: Call, _ sent: inout [Sent]
    ) throws(PostgresFailure) {
        let wanted = call.statementMilliseconds
        isLimited = keepsState || isWrite
        if keepsState {
            guard wanted != limitMilliseconds else { return }
            limitMilliseconds = 0
            try send(Step(Self.setLimit, [.text("\(wanted)"), .flag(false)]), nil, &sent)
            limitMilliseconds = wanted
        } else if isWrite {
            try send(Step(Self.setWriting, [.text("\(wanted)")]), nil, &sent)
        }
    }

    private func send(
        _ step: Step, _ number: Int?, _ sent: inout [Sent]
    ) throws(PostgresFailure) {
        let statement = step.statement
        let isKept = keepsState && statement.place >= 0
        if isKept, !isPrepared(statement.place), !isBeingPrepared(statement.place, sent) {
            let isSent = unsafe PQsendPrepare(
                handle, statement.name, statement.sql, Int32(statement.types.count),
                statement.types)
            guard isSent == 1 else { throw lost(wasSent: false) }
            sent.append(.preparation(statement.place))
        }
        let isSent = unsafe arena.lend(step.parameters) { count, values, lengths, formats in
            isKept
                ? unsafe PQsendQueryPrepared(
                    handle, statement.name, count, values, lengths, formats, 1)
                : unsafe PQsendQueryParams(
                    handle, statement.sql, count, statement.types, values, lengths, formats, 1)
        }
        guard isSent == 1 else { throw lost(wasSent: false) }
        sent.append(number.map { .statement($0) } ?? .limit)
    }

    private func isPrepared(_ place: Int) -> Bool { place < prepared.count && prepared[place] }

    /// Whether an earlier step of the same turn prepares it.
    private func isBeingPrepared(_ place: Int, _ sent: [Sent]) -> Bool {
        sent.contains { if case .preparation(place) = $0 { true } else { false } }
    }

    private func setPrepared(_ place: Int) {
        while prepared.count <= place { prepared.append(false) }
        prepared[place] = true
    }

    // MARK: - Receiving

    private func receive(
        _ sent: [Sent], _ call: Call
    ) throws(PostgresFailure) -> Result<[Rows], PostgresFailure> {
        var rows: [Rows] = []
        var failure: PostgresFailure?
        for item in sent {
            while let result = unsafe try next(call) {
                let status = unsafe PQresultStatus(result)
                if status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK {
                    let taken = unsafe Rows(taking: result)
                    switch item {
                    case .preparation(let place): setPrepared(place)
                    case .statement: rows.append(taken)
                    case .limit: break
                    }
                    continue
                }
                if failure == nil { failure = unsafe refusal(result, item) }
                unsafe PQclear(result)
            }
        }
        // What is committed is only known when the end of the transaction was answered.
        while let result = unsafe try next(call) {
            let status = unsafe PQresultStatus(result)
            if status != PGRES_PIPELINE_SYNC, failure == nil {
                failure = unsafe refusal(result, nil)
            }
            unsafe PQclear(result)
            if status == PGRES_PIPELINE_SYNC { break }
        }
        if let failure {
            if failure.isLost { throw failure }
            if case .limit = sent.first { limitMilliseconds = 0 }
            isSpoiled = false
            return .failure(failure)
        }
        return .success(rows)
    }

    private func refusal(_ result: OpaquePointer, _ item: Sent?) -> PostgresFailure {
        func field(_ text: UnsafeMutablePointer<CChar>?) -> String {
            unsafe text.map { unsafe String(cString: $0) } ?? ""
        }
        let state = unsafe field(holdfast_postgres_sqlstate(result))
        let severity = unsafe field(holdfast_postgres_severity(result))
        let message = unsafe field(holdfast_postgres_message(result))
        // After FATAL the server is gone, and whether it had committed is not known.
        if severity == "FATAL" || severity == "PANIC" || state.isEmpty {
            let words = message.isEmpty ? unsafe String(cString: PQerrorMessage(handle)) : message
            return .lost(words, sqlState: state, wasSent: true)
        }
        var failure = PostgresFailure(cause: .refused, sqlState: state, message: message)
        failure.wasSent = true
        if case .statement(let number) = item { failure.step = number }
        return failure
    }

    /// The next result, waiting for it while the call lasts.
    private func next(_ call: Call) throws(PostgresFailure) -> OpaquePointer? {
        while unsafe PQisBusy(handle) == 1 { try waitForServer(call) }
        return unsafe PQgetResult(handle)
    }

    private func waitForServer(_ call: Call) throws(PostgresFailure) {
        let flushed = unsafe PQflush(handle)
        let isUnsent = flushed != 0
        var descriptor = pollfd(
            fd: unsafe PQsocket(handle), events: Int16(flushed == 1 ? POLLIN | POLLOUT : POLLIN),
            revents: 0)
        guard flushed >= 0, descriptor.fd >= 0 else { throw lost(wasSent: !isUnsent) }
        let ready = unsafe poll(&descriptor, 1, call.sliceMilliseconds)
        if ready > 0 {
            guard unsafe PQconsumeInput(handle) == 1 else { throw lost(wasSent: !isUnsent) }
        } else if let code = call.overCode, !isAnswerDue(call, code) {
            throw .over(code, wasSent: !isUnsent)
        }
    }

    /// Whether the server, which was given less time than the call had, must answer at any moment.
    ///
    /// Its answer is certain, where closing the connection would leave a write unknown.
    private func isAnswerDue(_ call: Call, _ code: DriverError.Code) -> Bool {
        isLimited && code == .deadline
            && monotonicNanoseconds() < call.deadlineNanoseconds + Self.patienceNanoseconds
    }

    private func lost(wasSent: Bool) -> PostgresFailure {
        .lost(unsafe String(cString: PQerrorMessage(handle)), wasSent: wasSent)
    }
}

extension Call {
    /// The longest sleep, so that a cancellation, which wakes nobody, is seen in time.
    private static var sliceMilliseconds: Int64 { 100 }

    /// How long to wait before the call is looked at again, in milliseconds, at least 1.
    var sliceMilliseconds: Int32 {
        Int32(max(1, min(Self.sliceMilliseconds, remainingNanoseconds / 1_000_000 + 1)))
    }

    /// The limit that the server is given for a statement, in milliseconds.
    ///
    /// It lies between half of the remaining time and all of it, at steps of powers of two, so that a
    /// connection rarely has to be told another one; and it is never over about a minute.
    var statementMilliseconds: Int64 {
        let remaining = max(1, min(remainingNanoseconds / 1_000_000, 65_536))
        return 1 << Int64(63 - remaining.leadingZeroBitCount)
    }
}
