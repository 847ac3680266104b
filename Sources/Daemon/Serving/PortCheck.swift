internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Whether the daemon may listen where it is told to.
enum PortCheck {
    /// Listens for a moment, before a store is opened: a driver may create files, and a daemon that does
    /// not start leaves nothing behind.
    ///
    /// - Throws: ``StartupFailure`` with status 1.
    static func check(_ settings: DaemonSettings) async throws(StartupFailure) {
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                .bind(host: settings.address, port: settings.port).get()
            try await channel.close()
        } catch {
            throw failure(error, settings)
        }
    }

    /// What to tell an operator whose daemon cannot listen.
    static func failure(_ error: any Error, _ settings: DaemonSettings) -> StartupFailure {
        let place = "\(settings.address) port \(settings.port)"
        guard let error = error as? IOError else {
            return StartupFailure(status: 1, "serving on \(place) failed: \(error)")
        }
        switch error.errnoCode {
        case EADDRINUSE:
            return StartupFailure(
                status: 1, "\(place) is in use by another process",
                advice:
                    "end that process, or choose another port with --port, or any free one with "
                    + "--port 0")
        case EACCES:
            return StartupFailure(
                status: 1, "this user may not listen on \(place)",
                advice: "choose a port of 1024 or above with --port")
        case EADDRNOTAVAIL:
            return StartupFailure(
                status: 1, "no interface of this machine has the address \(settings.address)",
                advice: "give the address of one interface, or 0.0.0.0 for all")
        default:
            return StartupFailure(status: 1, "serving on \(place) failed: \(error)")
        }
    }
}
