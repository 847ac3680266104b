import HoldfastDriver
import Synchronization

/// Keeps objects in the memory of one process; stores of the same name share them.
struct MyDriver: Driver {
    static let description = DriverDescription(
        id: "@ID@", version: "0.1.0", vendor: "Unpublished",
        summary: "Objects in the memory of one process.", threadModel: .parallel,
        addressing: .rows,
        options: [
            OptionDescription(
                "name", .string, "Stores of the same name share their objects.",
                default: "default")
        ],
        capabilities: [
            Capability("condition.absent", .native),
            Capability("condition.version", .native),
            Capability("range", .native),
            Capability("list.attributes", .native),
            Capability("value", .native, limit: MyStore.mostBytes),
            // Gone with the process: take this away when the objects have another place.
            Capability("volatile", .native),
        ])

    /// What each name keeps, also while no store of it is open.
    private let places = Places()

    init(host: HostServices) throws(DriverError) {}

    func open(_ options: Options, _ call: Call) throws(DriverError) -> MyStore {
        try call.check()
        let name = options.text("name") ?? "default"
        return try places.byName.withLock { places throws(DriverError) in
            if let place = places[name] { return MyStore(place) }
            if options.mustExist {
                throw DriverError(.notFound, "no store of the name '\(name)' was opened yet")
            }
            let place = Place()
            places[name] = place
            return MyStore(place)
        }
    }
}

/// All places of the driver.
private final class Places: Sendable {
    let byName = Mutex<[String: Place]>([:])
}

/// Called by the SDK before anything else.
@c(holdfast_swift_register)
public func register() { DriverRegistration.register(MyDriver.self) }
