/// Who may reach the daemon, and whether that is safe enough to start.
enum ExposureRule {
    /// Judges an address.
    ///
    /// This version has no TLS, so a key alone travels in the clear and earns a warning.
    ///
    /// - Returns: A warning for the operator; `nil` when there is nothing to warn of.
    /// - Throws: ``StartupFailure`` with status 2 when everyone on the network could read and replace
    ///   every state.
    static func check(
        address: String, hasKey: Bool, isInsecure: Bool
    ) throws(StartupFailure) -> String? {
        if address == "localhost" || IPAddress(address)?.isLoopback == true { return nil }
        guard hasKey || isInsecure else {
            throw StartupFailure(
                status: 2,
                "on \(address), with neither an API key nor TLS, anyone on the network could read and "
                    + "replace every state",
                advice:
                    "set --api-key-file FILE, or listen on 127.0.0.1, or accept it with --insecure")
        }
        return hasKey
            ? "listening on \(address) without TLS: the API key and all states cross the network in "
                + "the clear; put a TLS proxy in front"
            : "listening on \(address) with neither an API key nor TLS, as --insecure allows: anyone "
                + "on the network can read and replace every state"
    }
}
