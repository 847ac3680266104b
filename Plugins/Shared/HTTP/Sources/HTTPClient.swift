internal import CCurl
public import HoldfastDriver
internal import Synchronization

/// Sends requests over kept connections, one transfer on the thread of each call.
///
/// It starts no thread of its own (libcurl starts one while it looks up a name), follows no redirect and
/// repeats nothing. Any number of threads may use it at once.
public final class HTTPClient: Sendable {
    /// Takes a piece of a successful answer's body, with its head.
    public typealias Receiver = (HTTPResponse, RawSpan) throws(DriverError) -> Void

    private let settings: HTTPSettings
    private let pool = Lines()

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
        if let flaw = request.flaw {
            throw DriverError(.invalid, "\(flaw) holds a character that cannot be sent")
        }
        if control.isOver { throw control.overError("nothing was sent", applied: .no) }
        guard let line = pool.take() else {
            throw DriverError(
                .unavailable, "libcurl has no memory for a transfer",
                retry: .same(afterNanoseconds: 100_000_000))
        }
        let transfer = Transfer(request, limit: limit, receiver)
        let outcome = transfer.run(on: line, settings, control)
        // A transfer that did not end takes its connection with it; the line itself stays good.
        pool.give(line)
        return try outcome.get()
    }

    /// Closes the kept connections; a client that is used again makes new ones.
    public func closeIdle() { pool.empty() }
}

/// Whether libcurl is fit for use; its one-time preparation happens with the first look.
private let isLibraryReady = holdfast_curl_prepare() != 0
