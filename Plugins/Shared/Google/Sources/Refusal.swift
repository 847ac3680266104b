internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

/// Why a token endpoint gave no token.
struct Refusal {
    let error: DriverError

    /// Reads a refusal.
    ///
    /// The endpoint's description is judged and not shown: it may quote what was sent.
    ///
    /// - Parameters:
    ///   - answer: The answer.
    ///   - server: The endpoint's host.
    ///   - subject: Whose token was asked for.
    init(_ answer: HTTPResponse, _ server: String, _ subject: String) {
        let document = (try? JSONValue(answer.body)) ?? .null
        let name = String(
            (document["error"]?.text ?? "").unicodeScalars.prefix(60).filter(Self.isPlain))
        let words = document["error_description"]?.text ?? ""
        let passes = answer.status >= 500 || answer.status == 429
        var message = "no token for \(subject): \(server) answered \(answer.status)"
        if !name.isEmpty { message += " \(name)" }
        let advice = Self.advice(name, words, answer)
        if !passes, !advice.isEmpty { message += "; \(advice)" }
        error = DriverError(
            passes ? .unavailable : .unauthenticated, message,
            retry: passes ? .same(afterNanoseconds: 1_000_000_000) : .never,
            vendorCode: Int64(answer.status), vendorName: name)
    }

    private static func advice(_ name: String, _ words: String, _ answer: HTTPResponse) -> String {
        if words.contains("iat and exp") || words.contains("timeframe") {
            return "this machine's clock\(offset(answer)): set the clock"
        }
        if words.contains("Signature") {
            return "the key does not belong to the account, or was deleted: make a new key"
        }
        if words.contains("account not found") {
            return "there is no such service account: check the credentials file"
        }
        if words.contains("expired or revoked") {
            return "log in again: gcloud auth application-default login"
        }
        switch name {
        case "invalid_grant": return "check the credentials file, its key and this machine's clock"
        case "invalid_client": return "check client_id and client_secret in the credentials file"
        case "invalid_target", "invalid_request":
            return "check the audience and the type of the subject token in the credentials file"
        default: return ""
        }
    }

    /// By how much the clocks differ, where the endpoint says what time it is.
    private static func offset(_ answer: HTTPResponse) -> String {
        guard let date = answer["date"].flatMap({ HTTPDate.seconds($0) }) else {
            return " and the endpoint's differ"
        }
        let seconds = nowSeconds() - date
        return " is \(abs(seconds)) seconds \(seconds < 0 ? "behind" : "ahead of") the endpoint's"
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && scalar.value > 0x20 && scalar.value != 0x7f
    }
}

extension String {
    fileprivate init(_ scalars: [Unicode.Scalar]) {
        self = String(String.UnicodeScalarView(scalars))
    }
}
