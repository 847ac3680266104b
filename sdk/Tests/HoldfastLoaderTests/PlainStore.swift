import HoldfastLoader
import SDKTestSupport

/// A store of the fixture's driver, which runs in this process.
func openPlainStore() throws -> OpenStore { try DriverFixture().store() }
