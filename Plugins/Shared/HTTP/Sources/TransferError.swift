internal import CCurl
internal import HoldfastDriver

/// A failed transfer as the interface's error.
///
/// libcurl's own long message is left out, because it may quote a header or a proxy's password.
func transferError(
    _ result: CURLcode, server: String, applied: DriverError.Applied
) -> DriverError {
    let text = unsafe curl_easy_strerror(result).map { unsafe String(cString: $0) } ?? ""
    let (name, code, advice) = classified(result)
    var message = "no answer from \(server): \(text) (\(name))"
    if !advice.isEmpty { message += "; \(advice)" }
    return DriverError(
        code, message, applied: applied,
        retry: code == .unavailable ? .same(afterNanoseconds: 200_000_000) : .never,
        vendorCode: Int64(result.rawValue), vendorName: name)
}

private func classified(_ result: CURLcode) -> (String, DriverError.Code, String) {
    switch result {
    case CURLE_COULDNT_RESOLVE_HOST:
        ("CURLE_COULDNT_RESOLVE_HOST", .unavailable, "check the endpoint's name and the DNS")
    case CURLE_COULDNT_RESOLVE_PROXY:
        ("CURLE_COULDNT_RESOLVE_PROXY", .unavailable, "check the proxy's name and the DNS")
    case CURLE_COULDNT_CONNECT:
        ("CURLE_COULDNT_CONNECT", .unavailable, "check that the service runs and can be reached")
    case CURLE_OPERATION_TIMEDOUT:
        ("CURLE_OPERATION_TIMEDOUT", .unavailable, "the connection was not made in time")
    case CURLE_PEER_FAILED_VERIFICATION:
        (
            "CURLE_PEER_FAILED_VERIFICATION", .invalid,
            "the server's certificate is not trusted; name its authority's file (ca_file)"
        )
    case CURLE_SSL_CACERT_BADFILE:
        ("CURLE_SSL_CACERT_BADFILE", .invalid, "the file of ca_file has no usable certificates")
    case CURLE_SSL_CONNECT_ERROR:
        ("CURLE_SSL_CONNECT_ERROR", .unavailable, "check that the server speaks TLS at this port")
    case CURLE_URL_MALFORMAT: ("CURLE_URL_MALFORMAT", .invalid, "check the endpoint")
    case CURLE_UNSUPPORTED_PROTOCOL:
        ("CURLE_UNSUPPORTED_PROTOCOL", .invalid, "the endpoint must begin with http:// or https://")
    case CURLE_SEND_ERROR: ("CURLE_SEND_ERROR", .unavailable, "")
    case CURLE_ABORTED_BY_CALLBACK:
        ("CURLE_ABORTED_BY_CALLBACK", .unavailable, "a kept connection was closed by the server")
    case CURLE_RECV_ERROR: ("CURLE_RECV_ERROR", .unavailable, "")
    case CURLE_GOT_NOTHING: ("CURLE_GOT_NOTHING", .unavailable, "")
    case CURLE_PARTIAL_FILE: ("CURLE_PARTIAL_FILE", .unavailable, "")
    case CURLE_HTTP2, CURLE_HTTP2_STREAM: ("CURLE_HTTP2", .unavailable, "")
    case CURLE_OUT_OF_MEMORY: ("CURLE_OUT_OF_MEMORY", .unavailable, "")
    default: ("CURLE_\(result.rawValue)", .unavailable, "")
    }
}
