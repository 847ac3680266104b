internal import HoldfastDriver

/// Makes the driver known to the library's C entry, which calls this before anything else.
@c(holdfast_swift_register)
public func register() { DriverRegistration.register(AzureBlobDriver.self) }
