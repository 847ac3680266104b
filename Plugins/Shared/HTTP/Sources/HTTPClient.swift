internal import CCurl
public import HoldfastDriver
internal import Synchronization

/// Sends requests over kept connections, on the thread of each call.
///
/// It starts no thread of its own (libcurl starts one while it looks up a name, of which one is found for
/// all), follows no redirect and repeats nothing. Any number of threads may use it at once.
public final class HTTPClient: Sendable {
    /// Takes a piece of a successful answer's body, with its head.
    public typealias Receiver = (HTTPResponse, RawSpan) throws(DriverError) -> Void

    let settings: HTTPSettings
    private let pool = Lines()
    private let gate = Gate()

    /// Makes a client.
    ///
    /// - Parameter settings: How servers are reached.
    /// - Throws: ``DriverError`` when libcurl cannot be used in this process.
    public init(_ settings: HTTPSettings) throws(DriverError) {
        guard isLibraryReady else {
            throw DriverError(
                .unsupported,
                "the installed libcurl cannot be used: 7.87 or newer, with TLS and built for threads,"
                    + " is needed")
        }
        self.settings = settings
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - limit: The most bytes of a body that are kept in memory.
    ///   - control: The deadline and cancellation.
    ///   - receiver: Takes the body of an answer with a status from 200 to 299, of any length.
    /// - Returns: The answer, whatever its status.
    /// - Throws: ``DriverError``; ``DriverError/applied`` is `no` only where the server cannot have got
    ///   the whole request.
    public func send(
        _ request: HTTPRequest, limit: Int, _ control: some CallControl,
        into receiver: Receiver? = nil
    ) throws(DriverError) -> HTTPResponse {
        try check(request)
        if control.isOver { throw control.overError("nothing was sent", applied: .no) }
        return try onLine(control) { line, whenBegun throws(DriverError) in
            let transfer = Transfer(request, limit: limit, receiver, whenBegun: whenBegun)
            return try transfer.run(on: line, settings, control).get()
        }
    }

    /// Refuses what would end a line or the head of a request.
    func check(_ request: HTTPRequest) throws(DriverError) {
        guard let flaw = request.flaw else { return }
        throw DriverError(.invalid, "\(flaw) holds a character that cannot be sent")
    }

    /// Runs transfers on a line of the pool; `body` tells when its first connection is there.
    func onLine<Result>(
        _ control: some CallControl,
        _ body: (Line, @escaping () -> Void) throws(DriverError) -> Result
    ) throws(DriverError) -> Result {
        let isFirst = gate.enter(control)
        defer { if isFirst { gate.leave() } }
        guard let line = pool.take() else { throw noMemory }
        // A transfer that did not end takes its connection with it; the line itself stays good.
        defer { pool.give(line) }
        return try body(line) { [gate] in gate.open() }
    }

    /// Closes the kept connections; a client that is used again makes new ones.
    public func closeIdle() { pool.empty() }
}

/// What a call fails with when libcurl cannot make a handle.
let noMemory = DriverError(
    .unavailable, "libcurl has no memory for a transfer",
    retry: .same(afterNanoseconds: 100_000_000))

/// Whether libcurl is fit for use; its one-time preparation happens with the first look.
private let isLibraryReady = holdfast_curl_prepare() != 0
