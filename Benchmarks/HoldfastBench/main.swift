// Measures gets and puts of 4 KiB through the host, the driver interface and a real driver:
//
//     holdfast-bench put|get|put16 DRIVER DRIVER_FOLDER PROJECT COUNT
//     holdfast-bench get DRIVER DRIVER_FOLDER PROJECT COUNT OBJECTS
//
// With OBJECTS it gets one of as many that are there already.
// The baselines beside it measure the same work without Holdfast; run.py compares them.

internal import Glibc
internal import Host

func run(_ arguments: [String]) async throws -> Measurement? {
    guard [6, 7].contains(arguments.count), let count = Int(arguments[5]), count > 0 else {
        return nil
    }
    let workload = try Workload(
        driver: arguments[2], driverFolder: arguments[3], project: arguments[4])
    defer { workload.store.close(Call(timeout: .seconds(30))) }
    if arguments.count == 7 {
        guard arguments[1] == "get", let objects = Int(arguments[6]), objects > 0 else {
            return nil
        }
        return try Measurement(count: count) { try workload.get($0, of: objects) }
    }
    try workload.put()
    switch arguments[1] {
    case "put": return try Measurement(count: count) { _ in try workload.put() }
    case "get": return try Measurement(count: count) { _ in try workload.get() }
    case "put16": return try await workload.putFromMany(count: count)
    default: return nil
    }
}

guard let measurement = try await run(CommandLine.arguments) else {
    print("usage: holdfast-bench put|get|put16 DRIVER DRIVER_FOLDER PROJECT COUNT [OBJECTS]")
    exit(2)
}
print(measurement.json)
