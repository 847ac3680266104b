internal import HoldfastConfiguration
internal import Host
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Reads the API key again on SIGHUP, so that it can be changed without a restart.
///
/// Everything else takes a restart. A daemon that asks for a key never stops asking for one.
struct KeyReload: Service {
    let keyGuard: KeyGuard?
    let request: ConfigurationRequest
    let pool: BlockingPool
    let logger: Logger

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { await reload() }
    }

    private func reload() async {
        guard let keyGuard else {
            return logger.notice("SIGHUP: this daemon asks for no key, so there is none to read")
        }
        do {
            let key = try await pool.run(.control, Call(timeout: .seconds(10))) { [request] in
                try Configuration.load(request).daemon.apiKey?.value
            }
            guard let key else {
                return logger.error("SIGHUP: no API key is configured any more; the old one stays")
            }
            keyGuard.replaceKey(by: key)
            logger.notice("SIGHUP: the API key was read again")
        } catch let error as ConfigurationError {
            logger.error("SIGHUP: \(error.description); the old API key stays")
        } catch {
            logger.error("SIGHUP: the configuration was not read in time; the old API key stays")
        }
    }
}
