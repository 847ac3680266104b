internal import HTTPTypes
internal import Host
internal import Hummingbird
internal import NIOCore

/// What operators and their machines ask: `/healthz`, `/readyz`, `/version`, `/metrics`.
struct OperationsEndpoint: Sendable {
    let readiness: Readiness
    let metrics: PrometheusMetrics

    func answer(_ exchange: Exchange) async throws -> Response {
        let method = exchange.request.method
        guard method == .get || method == .head else {
            throw APIError.methodNotAllowed(method.rawValue, allowed: "GET, HEAD")
        }
        switch exchange.route {
        case .readiness: return try await ready()
        case .version: return version()
        case .metrics: return metricsText()
        default: return healthy()
        }
    }

    /// The process answers; no store is asked, so that one that is away restarts no daemon.
    private func healthy() -> Response {
        var object = JSONObject()
        object.add("ok", true)
        return Response(status: .ok, json: object.finished())
    }

    private func ready() async throws -> Response {
        try await readiness.check()
        return healthy()
    }

    private func version() -> Response {
        var object = JSONObject()
        object.add("name", "holdfastd")
        object.add("version", HoldfastVersion.current)
        return Response(status: .ok, json: object.finished())
    }

    private func metricsText() -> Response {
        let text = metrics.text()
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/plain; version=0.0.4; charset=utf-8",
                .contentLength: "\(text.count)",
            ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: text)))
    }
}
