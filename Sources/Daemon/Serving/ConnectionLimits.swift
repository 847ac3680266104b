internal import NIOCore

/// What one connection may take.
///
/// `docs/http.md` lists the values.
struct ConnectionLimits: Sendable {
    /// Bytes of the request line and all headers.
    var headerBytes = 16 * 1024
    /// The number of header fields.
    var headerCount = 100
    /// From the first byte of a request, or from the connection, to the end of its headers.
    ///
    /// A total: a client that keeps sending a byte now and then does not extend it.
    var headerTime = TimeAmount.seconds(10)
    /// How long a connection may rest between two requests.
    var restTime = TimeAmount.seconds(60)
    /// How long a body may stand still, and how long a client may leave its answer unread.
    var stallTime = TimeAmount.seconds(30)
    /// What a body must bring in each ``stallTime`` of waiting, if it has not ended by then: a byte now
    /// and then would keep a connection, and the thread behind a large body, for ever.
    var windowBytes = 32 << 10
    /// How long to keep reading after an answer that did not wait for the body: closing at once would
    /// reset the connection, and the client would lose the answer.
    var lingerTime = TimeAmount.seconds(2)
    /// How many connections are open at one time; more wait in the listener's queue.
    var connectionCount = 1024
}
