internal import CIsolation

/// A limit of a process that runs already, for what tests drivers in want.
package enum ProcessLimit: Sendable {
    /// The most bytes of a file that it writes.
    case fileSize
    /// The most bytes of its address space.
    case memory

    /// Sets what is in force.
    ///
    /// - Parameters:
    ///   - bytes: The limit; `nil` for as much as the process may have.
    ///   - process: The process's id.
    /// - Returns: `nil` when it worked, else why it did not.
    package func set(_ bytes: UInt64?, of process: Int32) -> String? {
        let which =
            switch self {
            case .fileSize: ISOLATION_LIMIT_FILE_SIZE
            case .memory: ISOLATION_LIMIT_MEMORY
            }
        let code = isolation_limit_of(process, which, bytes ?? .max)
        return code < 0 ? systemReason(-code) : nil
    }
}
