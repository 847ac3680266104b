internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// A refusal, as a client sees it: a status, a code to act on, a sentence and what to do next.
struct APIError: Error {
    /// The HTTP status.
    var status: HTTPResponse.Status
    /// A word that stays the same across versions; see `docs/http.md`.
    var code: String
    /// What failed and why.
    var message: String
    /// What to do next; empty when there is nothing to advise.
    var hint = ""
    /// Headers besides those of every answer.
    var headers = HTTPFields()
    /// A lock holder's seven fields, which Terraform wants in place of our own body.
    var holder: [UInt8]?

    init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, hint: String = "",
        headers: HTTPFields = HTTPFields(), holder: [UInt8]? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = headers
        self.holder = holder
    }

    /// The answer.
    var response: Response {
        Response(status: status, json: holder ?? body, headers: headers)
    }

    private var body: [UInt8] {
        var object = JSONObject()
        object.add("ok", false)
        object.add("error", message)
        object.add("code", code)
        object.add("hint", hint)
        return object.finished()
    }
}

extension APIError {
    static func badRequest(_ message: String, hint: String = "") -> APIError {
        APIError(.badRequest, "invalid", message, hint: hint)
    }

    static func bodyTooLarge(_ what: String, limit: UInt64) -> APIError {
        APIError(
            .contentTooLarge, "too-large", "\(what) is over the limit of \(limit) bytes",
            hint: "send less, or have the operator raise --body-limit")
    }

    static func methodNotAllowed(_ method: String, allowed: String) -> APIError {
        APIError(
            .methodNotAllowed, "method-not-allowed", "\(method) is not possible here",
            hint: "use one of: \(allowed)", headers: [.allow: allowed])
    }
}

extension Response {
    /// An answer with a JSON body.
    init(status: HTTPResponse.Status, json: [UInt8], headers: HTTPFields = HTTPFields()) {
        var headers = headers
        headers[.contentType] = "application/json"
        headers[.contentLength] = String(json.count)
        self.init(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json)))
    }
}
