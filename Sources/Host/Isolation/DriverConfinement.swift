internal import HoldfastIsolation

/// Where a driver runs, and what holds it in.
package struct DriverConfinement: Sendable, Hashable {
    /// One part of what holds a driver's process in.
    package struct Part: Sendable, Hashable {
        /// Its name, such as `seccomp`.
        package var name: String
        /// Whether it is active.
        package var isActive: Bool
        /// More about it: what it limits, or why it is not active; may be empty.
        package var detail: String
    }

    /// Where it runs.
    package var isolation: Isolation
    /// What holds its process in; empty for one without a process.
    package var parts: [Part]

    init(_ isolation: Isolation, _ report: SandboxReport?) {
        self.isolation = isolation
        parts = (report?.parts ?? []).map {
            Part(name: $0.name, isActive: $0.isActive, detail: $0.detail)
        }
    }
}
