internal import CPostgres
internal import Glibc
internal import HoldfastDriver

/// Opens connections.
struct Connector: Sendable {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    /// Opens a connection to the first server that is there and is what is wanted.
    ///
    /// - Parameter call: The call that waits.
    /// - Returns: The connection, ready for statements.
    /// - Throws: ``PostgresFailure``, that of the last server tried.
    func connect(_ call: Call) throws(PostgresFailure) -> Connection {
        let wanted = settings.connection.wantedSession
        // libpq tries all servers twice for this word; here each is tried by itself.
        let sessions = wanted == "prefer-standby" ? ["standby", "any"] : [wanted]
        var last: PostgresFailure?
        for session in sessions {
            for target in settings.connection.targets {
                do throws(PostgresFailure) {
                    return try connect(to: target, session, call)
                } catch {
                    if case .over = error.cause { throw error }
                    // A server that answers "wrong password" is not asked again at another address.
                    if error.sqlState.hasPrefix("28") { throw error }
                    last = error
                }
            }
        }
        throw last ?? .lost("the connection string names no server", wasSent: false)
    }

    private func connect(
        to target: ConnectionString.Target, _ session: String, _ call: Call
    ) throws(PostgresFailure) -> Connection {
        let deadline = limit(call)
        var last: PostgresFailure?
        for address in try addresses(of: target, deadline, call) {
            var numbered = target
            numbered.address = address
            do throws(PostgresFailure) {
                let text = settings.connection.text(for: numbered, session: session)
                let connection = try open(text, limit(call), call)
                try introduce(connection, call)
                return connection
            } catch {
                if case .over = error.cause { throw error }
                last = error
            }
        }
        throw last ?? .lost("\(target.host) has no address", wasSent: false)
    }

    private func limit(_ call: Call) -> Int64 {
        min(call.deadlineNanoseconds, monotonicNanoseconds() + settings.connectNanoseconds)
    }

    private func addresses(
        of target: ConnectionString.Target, _ deadline: Int64, _ call: Call
    ) throws(PostgresFailure) -> [String] {
        let isSocket =
            target.host.isEmpty || target.host.hasPrefix("/") || target.host.hasPrefix("@")
        if isSocket || !target.address.isEmpty { return [target.address] }
        return try Resolver.addresses(of: target.host, deadline: deadline, call)
    }

    private func open(
        _ text: String, _ deadline: Int64, _ call: Call
    ) throws(PostgresFailure) -> Connection {
        guard let handle = unsafe PQconnectStart(text) else {
            throw .lost("libpq has no memory", wasSent: false)
        }
        do throws(PostgresFailure) {
            // Without this libpq prints the server's notices to standard error.
            unsafe PQsetNoticeReceiver(handle, { _, _ in }, nil)
            unsafe PQsetErrorContextVisibility(handle, PQSHOW_CONTEXT_NEVER)
            try unsafe poll(handle, deadline, call)
        } catch {
            unsafe PQfinish(handle)
            throw error
        }
        return try unsafe Connection(taking: handle)
    }

    private func poll(
        _ handle: OpaquePointer, _ deadline: Int64, _ call: Call
    ) throws(PostgresFailure) {
        guard unsafe PQstatus(handle) != CONNECTION_BAD else { throw unsafe failure(handle) }
        var wanted = PGRES_POLLING_WRITING
        while wanted != PGRES_POLLING_OK {
            guard wanted != PGRES_POLLING_FAILED else { throw unsafe failure(handle) }
            let events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT
            var descriptor = pollfd(
                fd: unsafe PQsocket(handle), events: Int16(events), revents: 0)
            let ready = unsafe Glibc.poll(&descriptor, 1, call.sliceMilliseconds)
            if ready <= 0 {
                if let code = call.overCode { throw .over(code, wasSent: false) }
                if monotonicNanoseconds() >= deadline {
                    throw .lost("connecting took longer than connect_timeout", wasSent: false)
                }
                continue
            }
            wanted = unsafe PQconnectPoll(handle)
        }
    }

    /// Why connecting failed.
    ///
    /// libpq keeps the SQLSTATE of this to itself, but not the words.
    private func failure(_ handle: OpaquePointer) -> PostgresFailure {
        let message = unsafe String(cString: PQerrorMessage(handle))
        return .lost(message, sqlState: ConnectingWords.state(of: message), wasSent: false)
    }

    // MARK: - Introduction

    private static let facts = Statement(
        once: """
            SELECT pg_backend_pid(), current_setting('server_encoding'), current_setting('fsync'),
              current_setting('synchronous_commit')
            """)

    /// Finds out who answers, and sets what a session of our own needs.
    private func introduce(_ connection: Connection, _ call: Call) throws(PostgresFailure) {
        let rows = try connection.run([Step(Self.facts)], isWrite: false, call)[0]
        guard connection.serverVersion >= 120_000 else {
            throw unfit(
                "the server is PostgreSQL \(connection.serverVersion / 10_000); 12 or newer is needed"
            )
        }
        guard rows.text(0, 1) == "UTF8" else {
            throw unfit("the database has the encoding \(rows.text(0, 1)); UTF8 is needed")
        }
        guard rows.text(0, 2) == "on" else {
            throw unfit("the server runs with fsync = off and would lose acknowledged writes")
        }
        // A pooler announces a number of its own, and hands each transaction to any of its servers.
        let isDirect = rows.number(0, 0) == connection.announcedProcess
        switch settings.preparing {
        case .auto: connection.keepsState = isDirect
        case .on: connection.keepsState = true
        case .off: connection.keepsState = false
        }
        if connection.keepsState { try set(up: connection, rows.text(0, 3), call) }
    }

    private func set(
        up connection: Connection, _ commit: String, _ call: Call
    ) throws(PostgresFailure) {
        var wanted = [("idle_in_transaction_session_timeout", "60s")]
        // The server ends what nobody waits for any more, also while it waits for a lock.
        if connection.serverVersion >= 140_000 {
            wanted.append(("client_connection_check_interval", "500ms"))
        }
        if commit == "off" || commit == "local" { wanted.append(("synchronous_commit", "on")) }
        let list = wanted.map { "set_config('\($0.0)', '\($0.1)', false)" }.joined(separator: ", ")
        _ = try connection.run([Step(Statement(once: "SELECT \(list)"))], isWrite: false, call)
    }

    private func unfit(_ message: String) -> PostgresFailure {
        PostgresFailure(cause: .refused, sqlState: "0A000", message: message)
    }
}

/// What the server's words at connecting mean, because libpq does not give their SQLSTATE.
///
/// They are in the server's language; for others than English the failure stays `unavailable`.
private enum ConnectingWords {
    private static let known: [(words: String, state: String)] = [
        ("password authentication failed", "28P01"),
        ("authentication failed", "28000"),
        ("no pg_hba.conf entry", "28000"),
        ("pg_hba.conf rejects", "28000"),
        ("is not permitted to log in", "28000"),
        ("role \"", "28000"),
        ("SASL authentication", "28000"),
        ("too many connections", "53300"),
        ("remaining connection slots", "53300"),
        ("sorry, too many clients", "53300"),
        ("no more connections allowed", "53300"),
        ("permission denied for database", "42501"),
        ("session is read-only", "25006"),
        ("server is in hot standby mode", "25006"),
        ("the database system is", "57P03"),
        ("no such database", "3D000"),
        ("no such user", "28000"),
    ]

    static func state(of message: String) -> String {
        if message.contains("database \""), message.contains("does not exist") { return "3D000" }
        return known.first { message.contains($0.words) }?.state ?? ""
    }
}
