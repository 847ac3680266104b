internal import ArgumentParser
internal import Glibc

/// The process: parses its flags, serves, and ends with a status of the design.
@main
enum Main {
    static func main() async {
        let command: DaemonCommand
        do {
            command = try DaemonCommand.parse()
        } catch {
            end(parsing: error)
        }
        let sink = LogSink()
        do throws(StartupFailure) {
            let settings = try DaemonSettings(command)
            try await Daemon(settings, sink: sink).run()
            sink.flush()
            end(0)
        } catch {
            sink.write(Array("holdfastd: \(error.message)\n".utf8))
            if !error.advice.isEmpty { sink.write(Array("  \(error.advice)\n".utf8)) }
            sink.flush()
            end(error.status)
        }
    }

    /// Ends the process without the exit handlers of the drivers' libraries.
    ///
    /// Those of OpenSSL free what threads that end at the same moment free as well, which corrupts the
    /// heap now and then. The stores are closed already.
    private static func end(_ status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }

    /// Help and version go to stdout with status 0; all else to stderr with 2, where the parser's own
    /// status would be 64.
    private static func end(parsing error: any Error) -> Never {
        let isHelp = DaemonCommand.exitCode(for: error) == .success
        let text = Array((DaemonCommand.fullMessage(for: error) + "\n").utf8)
        _ = unsafe text.withUnsafeBytes { unsafe write(isHelp ? 1 : 2, $0.baseAddress, $0.count) }
        exit(isHelp ? 0 : 2)
    }
}
