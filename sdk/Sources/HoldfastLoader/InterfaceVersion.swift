internal import CHoldfast

/// The version of the driver interface that this build speaks.
public enum InterfaceVersion {
    /// The major version: drivers of another are refused.
    public static var major: UInt32 { HOLDFAST_ABI_MAJOR }
    /// The minor version.
    public static var minor: UInt32 { HOLDFAST_ABI_MINOR }
    /// The number of the draft; 0 once the interface is frozen.
    public static var draft: UInt32 { HOLDFAST_DRAFT }
}
