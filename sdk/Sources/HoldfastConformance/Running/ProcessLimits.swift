internal import Glibc
internal import HoldfastIsolation
internal import Synchronization

/// The processes that run an isolated driver now.
final class ProcessList: Sendable {
    private let ids = Mutex<Set<pid_t>>([])

    var all: [pid_t] { ids.withLock { $0.sorted() } }

    func note(_ event: DriverProcessEvent) {
        switch event {
        case .started(let id, _): ids.withLock { _ = $0.insert(id) }
        case .ended(let id, _, _): ids.withLock { _ = $0.remove(id) }
        }
    }
}

extension CheckRun {
    /// Lets the driver's processes make no file that is larger; `nil` lifts the limit.
    func limitFiles(_ bytes: Int?) throws(CheckFailure) {
        let processes = driverProcesses
        // None is left to be lifted for where the driver's process has ended since.
        try require(
            !processes.isEmpty || bytes == nil, "the driver has no process that could be limited")
        for process in processes {
            try set(.fileSize, to: bytes.map { UInt64($0) }, of: process)
        }
    }

    /// Lets the driver's processes have no more than so much more memory, for ever.
    func limitMemory(growth: Int) throws(CheckFailure) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let processes = driverProcesses
        try require(!processes.isEmpty, "the driver has no process that could be limited")
        for process in processes {
            let text = String(
                decoding: try readFile("/proc/\(process)/statm", most: 4096), as: UTF8.self)
            let pages = text.split(separator: " ").first.flatMap { Int($0) } ?? 0
            try require(pages > 0, "the kit cannot read how much memory the driver has")
            try set(.memory, to: UInt64(pages * page + growth), of: process)
        }
    }

    private func set(
        _ limit: ProcessLimit, to bytes: UInt64?, of process: pid_t
    ) throws(CheckFailure) {
        let problem = limit.set(bytes, of: process)
        try require(
            problem == nil, "the kit cannot limit the driver's process: \(problem ?? "")")
    }
}
