import HoldfastLoader
import SDKTestSupport

/// A store of the fixture's driver, which runs in this process.
func openPlainStore(_ defines: [String] = []) throws -> OpenStore {
    try DriverFixture(defines).store()
}

/// Whether operations have functions here, rather than `invoke` alone.
let hasFunctions = true
