internal import HTTPTypes
internal import Host
internal import Hummingbird
internal import NIOCore
internal import NIOHTTPTypes
internal import Synchronization

/// What a request is for, as metrics name it.
enum Route: String {
    case terraform, health, readiness, version, metrics, unknown
}

/// One request on its way to its answer.
struct Exchange: Sendable {
    /// What a handler leaves for the log.
    final class Notes: Sendable {
        private let storage = Mutex<String?>(nil)

        /// The lock id that came with the request.
        var lockID: String? {
            get { storage.withLock { $0 } }
            set { storage.withLock { $0 = newValue } }
        }
    }

    /// The request as it came.
    let request: Request
    /// The connection it came on.
    let channel: any Channel
    /// A name for it in the log and in `X-Request-Id`.
    let id: String
    /// Who sent it.
    let client: String
    /// When its head was read, by `CLOCK_MONOTONIC`.
    let startedNanoseconds = Monotonic.now
    /// What it is for, as far as that is known.
    var route = Route.unknown
    /// Its path without the query, which may hold a secret.
    let loggedPath: String
    /// What a handler leaves for the log.
    let notes = Notes()

    init(_ request: Request, channel: any Channel, id: String, client: String) {
        self.request = request
        self.channel = channel
        self.id = id
        self.client = client
        let target = request.head.path ?? ""
        loggedPath = String(target.prefix { $0 != "?" }.prefix(1024))
    }

    /// A header's value.
    subscript(_ name: HTTPField.Name) -> String? { request.headers[name] }

    /// A call that ends after `timeout` and carries the client's trace.
    func call(_ timeout: Duration) -> Call {
        Call(timeout: timeout, traceParent: traceParent)
    }

    /// The client's `traceparent`; empty unless it has the form of one.
    private var traceParent: String {
        guard let value = self[.traceParent], value.utf8.count == 55,
            value.utf8.allSatisfy({
                $0 == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            })
        else { return "" }
        return value
    }

    /// Tells a client that waits for it to send its body.
    func continueIfExpected() {
        guard self[.expect]?.lowercased() == "100-continue" else { return }
        channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)), promise: nil)
    }
}
