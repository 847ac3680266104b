internal import HoldfastConfiguration
internal import Host
internal import State

extension LockStoreChoice {
    /// The configured store for another's locks, opened by `host` when it is needed.
    init(_ locks: LocksConfiguration, _ host: Host) {
        self.init(name: locks.name, origin: locks.origin) { mustExist, call throws(HostError) in
            let specification: StoreSpecification
            do throws(ConfigurationError) { specification = try locks.specification() } catch {
                throw HostError(.invalid, "\(error)", advice: error.advice)
            }
            return try host.open(specification, mustExist: mustExist, call)
        }
    }
}
