// Measures operations through the host, the driver interface and a real driver:
//
//     holdfast-bench put|get|put16 DRIVER DRIVER_FOLDER PROJECT COUNT
//     holdfast-bench get DRIVER DRIVER_FOLDER PROJECT COUNT OBJECTS
//     holdfast-bench gets|puts|replaces|locks DRIVER DRIVER_FOLDER PROJECT COUNT CLIENTS
//     holdfast-bench threads DRIVER DRIVER_FOLDER PROJECT COUNT CLIENTS
//     holdfast-bench up|down DRIVER DRIVER_FOLDER PROJECT COUNT
//     holdfast-bench random DRIVER DRIVER_FOLDER PROJECT COUNT TOTAL
//     holdfast-bench list DRIVER DRIVER_FOLDER PROJECT COUNT
//
// With OBJECTS it gets one of as many that are there already. Values have 4 KiB, those of up and down 1 GiB.
// Options of a driver come from its variables in the environment, the bucket from HOLDFAST_BENCH_BUCKET. The
// baselines beside it measure the same work without Holdfast; run.py compares them.

internal import Glibc
internal import Host

func run(_ arguments: [String]) async throws -> String? {
    let numbers = arguments.dropFirst(5).compactMap(Int.init)
    guard arguments.count >= 6, numbers.count == arguments.count - 5,
        let count = numbers.first, count > 0
    else { return nil }
    let open = {
        try Workload(driver: arguments[2], driverFolder: arguments[3], project: arguments[4])
    }
    if arguments[1] == "threads", numbers.count == 2 {
        return try ThreadsWorkload(clients: numbers[1]).run(rounds: count) { try open().store }
    }
    let workload = try open()
    defer { workload.store.close(Call(timeout: .seconds(30))) }
    switch (arguments[1], numbers.count) {
    case ("put", 1), ("get", 1), ("put16", 1):
        return try await alone(arguments[1], workload, count).json
    case ("up", 1): return try LargeWorkload(store: workload.store).up(count: count).json
    case ("down", 1): return try LargeWorkload(store: workload.store).down(count: count).json
    case ("list", 1):
        return try SharedWorkload(store: workload.store, clients: 1).list(count: count)
    case ("random", 2):
        return try await SharedWorkload(store: workload.store, clients: 1)
            .random(count: count, total: numbers[1]).json
    case ("get", 2) where numbers[1] > 0:
        return try Measurement(count: count) { try workload.get($0, of: numbers[1]) }.json
    case (_, 2):
        return try await shared(
            arguments[1], SharedWorkload(store: workload.store, clients: numbers[1]), count)?.json
    default: return nil
    }
}

func alone(_ operation: String, _ workload: Workload, _ count: Int) async throws -> Measurement {
    try workload.put()
    switch operation {
    case "put": return try Measurement(count: count) { _ in try workload.put() }
    case "get": return try Measurement(count: count) { _ in try workload.get() }
    default: return try await workload.putFromMany(count: count)
    }
}

func shared(
    _ operation: String, _ workload: SharedWorkload, _ count: Int
) async throws -> Measurement? {
    switch operation {
    case "gets": try await workload.get(count: count)
    case "puts": try await workload.put(count: count)
    case "replaces": try await workload.replace(count: count)
    case "locks": try await workload.lock(count: count)
    default: nil
    }
}

guard let line = try await run(CommandLine.arguments) else {
    print("usage: holdfast-bench OPERATION DRIVER DRIVER_FOLDER PROJECT COUNT [CLIENTS]")
    exit(2)
}
print(line)
