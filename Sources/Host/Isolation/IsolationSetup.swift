/// What the host needs to run drivers in processes of their own.
package struct IsolationSetup: Sendable {
    /// The path of `holdfast-driver-host`.
    package var program: String
    /// Which drivers are not run any more.
    package var quarantine: Quarantine
    /// How soon a process is replaced.
    package var delays: RestartDelays

    /// Makes a setup with the program that lies beside another.
    ///
    /// - Parameters:
    ///   - executablePath: The path of the running executable.
    ///   - quarantine: Which drivers are not run any more.
    ///   - delays: How soon a process is replaced.
    package init(
        executablePath: String, quarantine: Quarantine, delays: RestartDelays = .standard
    ) {
        program = "\(parent(of: resolved(executablePath)))/holdfast-driver-host"
        self.quarantine = quarantine
        self.delays = delays
    }
}
