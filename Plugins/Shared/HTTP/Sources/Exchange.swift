public import HoldfastDriver

/// One of several requests that ``HTTPClient/sendAll(most:_:next:)`` sends at once.
public struct Exchange {
    /// Takes the answer, or why there is none.
    public typealias Completion = (Result<HTTPResponse, DriverError>) throws(DriverError) -> Void

    let request: HTTPRequest
    let limit: Int
    let receiver: HTTPClient.Receiver?
    let completion: Completion

    /// Makes an exchange.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - limit: The most bytes of a body that are kept in memory.
    ///   - receiver: Takes the body of an answer with a status from 200 to 299, of any length.
    ///   - completion: Takes the answer, or why there is none; what it throws ends all of them.
    public init(
        _ request: HTTPRequest, limit: Int, into receiver: HTTPClient.Receiver? = nil,
        completion: @escaping Completion
    ) {
        self.request = request
        self.limit = limit
        self.receiver = receiver
        self.completion = completion
    }
}

extension HTTPClient {
    /// Sends several requests at once, all on the calling thread, over connections of one line.
    ///
    /// Every closure runs on the calling thread, one at a time. The first request goes alone until its
    /// connection is there, so that the server's name is looked up once.
    ///
    /// - Parameters:
    ///   - most: The most requests on their way at a time.
    ///   - control: The deadline and cancellation.
    ///   - next: Gives another request, or `nil` when there is none at this moment. It is asked again
    ///     after each answer, and the call ends when it has none and nothing is on its way.
    /// - Throws: What `next` or a completion throws, or that the call is over; requests that are then on
    ///   their way are dropped, and the server may have done them or not.
    public func sendAll(
        most: Int, _ control: some CallControl, next: () throws(DriverError) -> Exchange?
    ) throws(DriverError) {
        if control.isOver { throw control.overError("nothing was sent", applied: .no) }
        try onLine(control) { line, whenBegun throws(DriverError) in
            let group = TransferGroup(line, settings, whenBegun: whenBegun)
            defer { group.drop() }
            while true {
                while group.count < (group.hasConnection ? most : 1), let exchange = try next() {
                    try check(exchange.request)
                    try group.start(exchange)
                }
                if group.count == 0 { return }
                if try !group.step(control) { group.wait(control) }
            }
        }
    }
}
