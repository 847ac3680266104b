internal import Glibc
internal import Hummingbird
internal import Logging
internal import ServiceLifecycle

/// The server as a service that ends in order: unready at once, then no new connections, then the end
/// of the running requests.
struct ServingService: Service {
    let application: Application<FrontDoor>
    let readiness: Readiness
    let drainTime: Duration
    let sink: LogSink
    let logger: Logger

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await application.run()
        } onGracefulShutdown: {
            readiness.beginDraining()
            logger.info("ending: running requests may finish")
            endInTime()
        }
    }

    /// A request whose store hangs in a system call cannot be cancelled, and must not keep the process.
    private func endInTime() {
        Task {
            try? await Task.sleep(for: drainTime + .seconds(10))
            logger.warning("ended with requests that could not be cancelled")
            sink.flush()
            _exit(0)
        }
    }
}
