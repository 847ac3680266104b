// One of several processes that raise a counter under a lock with a short lease, for
// Tests/Long/leases.py. Prints a line for each turn that wrote or was refused.

internal import Glibc
internal import Host
internal import Logging

private func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    // One write for each line: the process may be killed at any moment.
    _ = unsafe bytes.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}

private func sleep(_ milliseconds: ClosedRange<UInt32>) {
    usleep(UInt32.random(in: milliseconds) * 1000)
}

private func work(_ options: Options) throws {
    let logger = Logger(label: "lease-worker") { _ in SwiftLogNoOpLogHandler() }
    let search = DriverSearchPath(
        explicit: [options.driverPath], environment: [:], executablePath: "")
    let host = Host(search: search, logger: logger, hostVersion: "0")
    let specification = StoreSpecification(
        name: "default", driver: options.driver, projectRoot: options.project)
    let store = try host.open(specification, Call(timeout: .seconds(30)))
    let counter = try Counter(store, options)
    while true {
        switch try counter.raise(thinking: { sleep(0...20) }) {
        case .accepted(let value, let fence): say("accepted \(value) \(fence)")
        case .refused: say("refused")
        case .waiting: sleep(1...10)
        }
    }
}

do {
    try work(try Options(CommandLine.arguments))
} catch {
    say("error \(error)")
    exit(1)
}
