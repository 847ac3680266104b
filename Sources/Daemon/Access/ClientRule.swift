internal import HTTPTypes
internal import NIOCore

/// Who sent a request, for the log and the record of writes.
struct ClientRule: Sendable {
    /// Proxies whose `X-Forwarded-For` counts.
    let trustedProxies: [AddressRange]

    /// The client's address.
    ///
    /// From the right of `X-Forwarded-For`, the first address that is no trusted proxy: everything
    /// left of it is the client's own claim.
    func client(of channel: any Channel, headers: HTTPFields) -> String {
        let direct = channel.remoteAddress?.ipAddress ?? "unknown"
        guard !trustedProxies.isEmpty, let address = IPAddress(direct), isTrusted(address),
            let forwarded = headers[.forwardedFor]
        else { return direct }
        var client = direct
        for hop in forwarded.split(separator: ",").reversed() {
            let text = hop.filter { $0 != " " && $0 != "\t" }
            guard let address = IPAddress(text) else { break }
            client = text
            if !isTrusted(address) { break }
        }
        return client
    }

    private func isTrusted(_ address: IPAddress) -> Bool {
        trustedProxies.contains { $0.contains(address) }
    }
}
