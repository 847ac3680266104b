internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

/// What is asked for: reading and writing of objects.
let storageScope = "https://www.googleapis.com/auth/devstorage.read_write"

/// Somebody who gives tokens.
protocol TokenSource: Sendable {
    /// What it is, for people.
    var place: String { get }

    /// Whose tokens it gives; `nil` when there is nothing here.
    func owner(_ control: some CallControl) throws(DriverError) -> TokenOwner?

    /// Asks for a new token.
    ///
    /// - Parameter control: The deadline and cancellation.
    /// - Returns: `nil` when there is nothing here and the next source counts.
    /// - Throws: ``DriverError`` when there is something and no token can be had.
    func token(_ control: some CallControl) throws(DriverError) -> AccessToken?
}

/// How servers of tokens are asked.
struct TokenClient: Sendable {
    private let client: HTTPClient

    init(_ client: HTTPClient) { self.client = client }

    /// Sends a request, whose answer is short and comes within some seconds.
    func ask(
        _ request: HTTPRequest, seconds: Int64 = 10, _ control: some CallControl
    ) throws(DriverError) -> HTTPResponse {
        do throws(DriverError) {
            return try client.send(
                request, limit: 65_536,
                LimitedControl(control, nanoseconds: seconds * 1_000_000_000))
        } catch {
            var error = error
            error.message = "Google credentials: \(error.message)"
            // Nothing of the store was written.
            error.applied = .no
            // A limit of the look itself is no deadline of the call.
            if error.code == .deadline, !control.isOver { error.code = .unavailable }
            if error.code == .unavailable { error.retry = .same(afterNanoseconds: 1_000_000_000) }
            throw error
        }
    }

    /// Sends a form to a token endpoint.
    ///
    /// - Parameters:
    ///   - endpoint: The endpoint.
    ///   - form: The names and values.
    ///   - subject: Whose token is asked for, for messages.
    ///   - control: The deadline and cancellation.
    /// - Returns: The token.
    /// - Throws: ``DriverError`` that names the mend.
    func exchange(
        _ endpoint: Endpoint, _ form: [(String, String)], for subject: String,
        _ control: some CallControl
    ) throws(DriverError) -> AccessToken {
        let request = HTTPRequest(
            "POST", endpoint.url,
            headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: .bytes(Array(URLText.query(form).utf8)))
        let answer = try ask(request, control)
        guard answer.isSuccess else {
            throw Refusal(answer, endpoint.authority, subject).error
        }
        return try AccessToken(answer, from: endpoint.authority)
    }
}

extension AccessToken {
    /// Reads the answer of a token endpoint or of the metadata server.
    init(_ answer: HTTPResponse, from server: String) throws(DriverError) {
        let document = (try? JSONValue(answer.body)) ?? .null
        guard let text = document["access_token"]?.text, isTokenText(text),
            let seconds = document["expires_in"]?.seconds
        else { throw unusableAnswer(server, answer) }
        self.init(text: text, expirySeconds: nowSeconds() + seconds)
    }
}

extension JSONValue {
    /// A number of seconds, which some servers write as text.
    fileprivate var seconds: Int64? {
        guard let number = integer ?? text.flatMap({ Int64($0) }), (0...1_000_000).contains(number)
        else { return nil }
        return number
    }
}

/// Whether text can stand in a header.
func isTokenText(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
}

/// The time by this machine's clock.
func nowSeconds() -> Int64 { unixNanoseconds() / 1_000_000_000 }

/// The error of an answer that has no token in it.
func unusableAnswer(_ server: String, _ answer: HTTPResponse) -> DriverError {
    let passes = answer.status >= 500 || answer.status == 429
    return DriverError(
        passes ? .unavailable : .unauthenticated,
        "\(server) answered \(answer.status) without a Google access token",
        retry: passes ? .same(afterNanoseconds: 1_000_000_000) : .never,
        vendorCode: Int64(answer.status))
}
