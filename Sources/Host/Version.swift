internal import HoldfastLoader

/// What this build is.
package enum HoldfastVersion {
    /// The version of Holdfast.
    package static let current = "0.1.0"

    /// The version of the driver interface, such as `1.0-draft.1`.
    package static var driverInterface: String {
        let version = "\(InterfaceVersion.major).\(InterfaceVersion.minor)"
        let draft = InterfaceVersion.draft
        return draft == 0 ? version : "\(version)-draft.\(draft)"
    }
}
