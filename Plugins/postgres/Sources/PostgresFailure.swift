internal import HoldfastDriver

/// What the server or libpq said when something failed.
struct PostgresFailure: Error {
    /// Who failed.
    enum Cause: Sendable {
        /// The server refused a statement; its transaction is undone.
        case refused
        /// The connection is gone, or was never there.
        case lost
        /// The call ended first.
        case over(DriverError.Code)
    }

    /// Who failed.
    let cause: Cause
    /// The SQLSTATE; empty where there is none.
    var sqlState = ""
    /// The server's or libpq's own words.
    let message: String
    /// Whether all of the statements had been given to the server.
    var wasSent = false
    /// Which of the statements that were sent together failed, from 0.
    var step: Int?

    /// A connection that is gone.
    static func lost(_ message: String, sqlState: String = "", wasSent: Bool) -> PostgresFailure {
        PostgresFailure(cause: .lost, sqlState: sqlState, message: message, wasSent: wasSent)
    }

    /// A call that ended.
    static func over(_ code: DriverError.Code, wasSent: Bool) -> PostgresFailure {
        let message = code == .deadline ? "the deadline passed" : "the call was cancelled"
        return PostgresFailure(cause: .over(code), message: message, wasSent: wasSent)
    }

    /// Whether the connection is gone.
    var isLost: Bool { if case .lost = cause { true } else { false } }

    /// Whether a write may have taken effect.
    var mayBeApplied: Bool { if case .refused = cause { false } else { wasSent } }

    /// Whether the server no longer knows what was prepared: so it is behind some poolers.
    var isForgotten: Bool { sqlState == "26000" || sqlState == "42P05" }

    /// Whether the table changed under a prepared statement, which a new connection mends.
    var isOutdated: Bool { sqlState == "0A000" && message.contains("cached plan") }

    /// Whether the server's own time limit ended the statement.
    var isTimedOut: Bool { sqlState == "57014" }
}

extension PostgresFailure {
    /// This failure as the interface's error.
    ///
    /// - Parameters:
    ///   - action: What failed, such as `cannot write terraform/a`.
    ///   - settings: Where it failed, and what may not be said.
    ///   - call: The call, whose end explains a statement that was given up.
    ///   - isWrite: Whether something may have been changed.
    /// - Returns: The error, with what an operator can do about it.
    func located(
        _ action: String, _ settings: Settings, _ call: Call, isWrite: Bool
    ) -> DriverError {
        let answer = classified(call)
        var text = "\(action) in the \(settings.connection.shown): "
        text += settings.connection.scrubbed(message)
        if !sqlState.isEmpty { text += " (SQLSTATE \(sqlState))" }
        if !answer.advice.isEmpty { text += "; \(answer.advice)" }
        return DriverError(
            answer.code, shortened(text), applied: isWrite && mayBeApplied ? .unknown : .no,
            retry: answer.retry, vendorName: sqlState)
    }

    private func classified(_ call: Call) -> SQLState.Answer {
        if case .over(let code) = cause { return SQLState.Answer(code, .never) }
        if isTimedOut, call.isNearlyOver {
            return SQLState.Answer(call.overCode ?? .deadline, .never)
        }
        if sqlState.isEmpty { return unstated }
        return SQLState.answer(sqlState)
    }

    /// libpq tells what it found out by itself in words only.
    private var unstated: SQLState.Answer {
        let soon = DriverError.Retry.same(afterNanoseconds: 100_000_000)
        if message.contains("no password supplied") {
            return SQLState.Answer(
                .unauthenticated, .never, "put the password into the connection string")
        }
        if ["certificate", "SSL", "private key"].contains(where: message.contains) {
            return SQLState.Answer(
                .unavailable, .never,
                "check sslmode, sslrootcert and the certificates of both sides")
        }
        return SQLState.Answer(
            .unavailable, soon, wasSent ? "" : "check that the server runs and can be reached")
    }
}

private func shortened(_ text: String) -> String {
    guard text.utf8.count > 3900 else { return text }
    return String(decoding: text.utf8.prefix(3900), as: UTF8.self) + "…"
}

extension Call {
    /// Whether there is no time left to send a statement again.
    var isNearlyOver: Bool { isOver || remainingNanoseconds < 50_000_000 }

    /// Why the call is over, or `nil` while it is not.
    var overCode: DriverError.Code? {
        guard isOver else { return nil }
        return remainingNanoseconds == 0 ? .deadline : .cancelled
    }
}
