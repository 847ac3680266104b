internal import HoldfastDriver
internal import SharedHTTP

/// The service account of a machine or a workload in Google's cloud.
struct MetadataServer: TokenSource {
    private static let path = "/computeMetadata/v1/instance/service-accounts/default/token"

    let client: TokenClient
    let endpoint: Endpoint

    func token(_ control: some CallControl) throws(DriverError) -> AccessToken? {
        let request = HTTPRequest(
            "GET", endpoint.url + Self.path + "?" + URLText.query([("scopes", storageScope)]),
            headers: [("Metadata-Flavor", "Google")])
        let answer: HTTPResponse
        do throws(DriverError) {
            // Outside of Google's cloud nobody answers; that must not take long.
            answer = try client.ask(request, seconds: 2, control)
        } catch {
            if control.isOver { throw error }
            return nil
        }
        // A machine without a service account; anything else that answers is no metadata server.
        if answer.status == 404 || answer["metadata-flavor"] != "Google" && !answer.isPassing {
            return nil
        }
        guard answer.isSuccess else { throw unusableAnswer("the metadata server", answer) }
        return try AccessToken(answer, from: "the metadata server")
    }
}

extension HTTPResponse {
    /// Whether a later answer may differ.
    fileprivate var isPassing: Bool { status >= 500 || status == 429 }
}
