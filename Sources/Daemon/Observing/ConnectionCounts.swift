internal import Metrics

/// Counts connections, and those that were closed for being slow.
struct ConnectionCounts: Sendable {
    /// Connections open now.
    let open = Meter(label: "holdfast_http_connections_open")
    /// Closed because their headers were not complete in time.
    let slowHeader = closed("slow-header")
    /// Closed because their body stood still or trickled.
    let slowBody = closed("slow-body")
    /// Closed because their answer was not read.
    let stalledReader = closed("stalled-reader")

    private static func closed(_ reason: String) -> Counter {
        Counter(
            label: "holdfast_http_connections_closed_total", dimensions: [("reason", reason)])
    }
}
