internal import HoldfastDriver

/// Makes this library's driver known to the SDK, which calls it before anything else.
@c(holdfast_swift_register)
public func register() { DriverRegistration.register(LocalDriver.self) }
