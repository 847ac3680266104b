/// How a driver stands for one store: what it is, who trusts it and where it runs.
package struct DriverStanding: Sendable {
    /// What it says of itself.
    package var descriptor: DriverDescriptor
    /// Its folder.
    package var folder: String
    /// The pin that counts for it; `nil` when no lock file pins it.
    package var pin: DriverPin?
    /// Where it runs, and what holds it in.
    package var confinement: DriverConfinement
}
