internal import HoldfastDriver

/// What PostgreSQL's error codes mean to a caller.
///
/// https://www.postgresql.org/docs/current/errcodes-appendix.html names them. An error of this table undid the
/// transaction, so that nothing was applied; only a lost connection leaves that open.
enum SQLState {
    /// What a caller is told.
    struct Answer {
        let code: DriverError.Code
        let retry: DriverError.Retry
        let advice: String

        init(_ code: DriverError.Code, _ retry: DriverError.Retry, _ advice: String = "") {
            self.code = code
            self.retry = retry
            self.advice = advice
        }
    }

    private static let soon = DriverError.Retry.same(afterNanoseconds: 100_000_000)
    private static let later = DriverError.Retry.same(afterNanoseconds: 1_000_000_000)

    /// The answer for a code, else for its class (the first two characters).
    static func answer(_ state: String) -> Answer {
        exact[state] ?? classes[String(state.prefix(2))] ?? Answer(.internalError, .never)
    }

    private static let exact: [String: Answer] = [
        "28P01": Answer(.unauthenticated, .never, "check user and password"),
        "28000": Answer(
            .unauthenticated, .never, "check the user, and the server's pg_hba.conf"),
        "42501": Answer(
            .forbidden, .never, "grant the role the rights that the driver's README lists"),
        "3D000": Answer(.invalid, .never, "create the database, or correct the connection string"),
        "3F000": Answer(.invalid, .never, "create the schema, or correct the option schema"),
        "42P01": Answer(
            .invalid, .reopen, "a table is missing: open the store with bootstrap: true"),
        "42703": Answer(
            .invalid, .reopen, "a column is missing: the tables were changed by other hands"),
        "25006": Answer(
            .unavailable, .same(afterNanoseconds: 1_000_000_000),
            "the server only reads, as a standby does: name the primary, or add "
                + "target_session_attrs=read-write to the connection string"),
        "40001": Answer(.conflict, .same(afterNanoseconds: 0)),
        "40P01": Answer(.conflict, .same(afterNanoseconds: 0)),
        "55P03": Answer(.conflict, soon, "another transaction holds the row"),
        "53100": Answer(.full, .never, "free some space on the server's disk"),
        "53200": Answer(.unavailable, later, "the server is out of memory"),
        "53300": Answer(
            .throttled, later,
            "the server has no connection left: lower pool_size or raise max_connections"),
        "57014": Answer(.throttled, soon, "the statement was cancelled on the server"),
        "57P01": Answer(.unavailable, soon),
        "57P02": Answer(.unavailable, soon),
        "57P03": Answer(.unavailable, soon, "the server is starting or stopping"),
        "57P04": Answer(.unavailable, .never, "the database was dropped"),
        "57P05": Answer(.unavailable, soon),
        "54000": Answer(.tooLarge, .never),
        "0A000": Answer(.unsupported, .never),
        "58030": Answer(.io, later, "check the server's disk"),
    ]

    private static let classes: [String: Answer] = [
        "08": Answer(.unavailable, soon),
        "2B": Answer(.invalid, .never, "something in the database depends on the table"),
        "22": Answer(.invalid, .never),
        "23": Answer(.corrupt, .never, "the tables were changed by other hands"),
        "25": Answer(.internalError, .reopen),
        "26": Answer(.internalError, .reopen, "set prepared_statements: off"),
        "28": Answer(.unauthenticated, .never),
        "40": Answer(.conflict, .same(afterNanoseconds: 0)),
        "42": Answer(.internalError, .never),
        "53": Answer(.throttled, later),
        "54": Answer(.tooLarge, .never),
        "55": Answer(.unavailable, soon),
        "57": Answer(.unavailable, soon),
        "58": Answer(.io, later, "check the server's disk and log"),
        "XX": Answer(.corrupt, .never, "look into the server's log, and check the tables"),
    ]
}
