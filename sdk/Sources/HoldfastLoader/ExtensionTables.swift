internal import CHoldfast
internal import Synchronization

/// The functions of the extensions with one function each, checked.
///
/// Each is looked for once, as soon as the driver is started: a driver's tables never change.
@safe final class ExtensionTables: Sendable {
    typealias Commit =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafePointer<holdfast_call>?,
            UnsafePointer<holdfast_commit>?, UnsafePointer<holdfast_commit_sink>?
        ) -> holdfast_status
    typealias Watch =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafePointer<holdfast_call>?,
            UnsafePointer<holdfast_watch_request>?, UnsafePointer<holdfast_cursor_sink>?
        ) -> holdfast_status

    private let commit = unsafe Mutex<Result<Commit?, DriverFailure>?>(nil)
    private let watch = unsafe Mutex<Result<Watch?, DriverFailure>?>(nil)

    /// The function `commit`; `nil` when the driver has none or is not started.
    func commit(of driver: LoadedDriver) throws(DriverFailure) -> Commit? {
        unsafe try find(commit, driver, HOLDFAST_TRANSACTION_ID) { address throws(Defect) in
            let table = unsafe try copyStruct(
                address, over: holdfast_transaction(), "a table of transactions")
            try check(unsafe unsafeBitCast(table.commit, to: UInt.self), "commit", driver)
            return unsafe table.commit
        }
    }

    /// The function `watch`; `nil` when the driver has none or is not started.
    func watch(of driver: LoadedDriver) throws(DriverFailure) -> Watch? {
        unsafe try find(watch, driver, HOLDFAST_WATCH_ID) { address throws(Defect) in
            guard driver.threadModel == .parallel else {
                throw Defect("has watches but takes one call at a time, so one would block all,")
            }
            let table = unsafe try copyStruct(address, over: holdfast_watch(), "a table of watches")
            try check(unsafe unsafeBitCast(table.watch, to: UInt.self), "watch", driver)
            return unsafe table.watch
        }
    }

    private func find<Function: Sendable>(
        _ place: borrowing Mutex<Result<Function?, DriverFailure>?>, _ driver: LoadedDriver,
        _ id: String, _ read: (UnsafeRawPointer) throws(Defect) -> Function?
    ) throws(DriverFailure) -> Function? {
        if let known = place.withLock({ $0 }) { return try known.get() }
        guard driver.isStarted else { return nil }
        var found: Result<Function?, DriverFailure> = .success(nil)
        if let address = unsafe driver.extensionTable(id) {
            do throws(Defect) {
                found = .success(unsafe try read(address))
            } catch {
                found = .failure(
                    CallOutcome(driver: driver, function: "its extensions", isWrite: false)
                        .failure(error))
            }
        }
        place.withLock { $0 = found }
        return try found.get()
    }

    private func check(
        _ address: UInt, _ name: String, _ driver: LoadedDriver
    ) throws(Defect) {
        guard address != 0 else { throw Defect("gave a table without the function \(name)") }
        guard driver.table.code.contains(where: { $0.contains(address) }) else {
            throw Defect("gave a function \(name) that is not its own code")
        }
    }
}
