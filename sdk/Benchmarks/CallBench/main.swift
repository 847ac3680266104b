// Measures what one call costs more through the driver interface than without it:
//
//     call-bench DRIVER_FOLDER NAME [DRIVER_FOLDER NAME]… [--quick]
//
// DRIVER_FOLDER holds a driver that does nothing. Prints one object of JSON: for each operation the
// nanoseconds of a direct call of the same function in Swift, and for each NAME those through the loader
// and the C table. Each figure is the median over batches; direct and through take turns.

internal import Glibc
internal import HoldfastLoader

/// One operation on a store that does nothing.
struct Operation: Sendable {
    let name: String
    let run: @Sendable (any Callable) throws -> Void
}

let small = ObjectKey(
    collection: "terraform", workspace: "/srv/deployments/production", path: "empty/network")
let large = ObjectKey(
    collection: "terraform", workspace: "/srv/deployments/production", path: "stacks/network")
let value = [UInt8](repeating: 1, count: 4096)

@Sendable func get(_ key: ObjectKey, _ store: any Callable) throws {
    var count: UInt64 = 0
    let outcome = try store.get(
        key, .whole, CallContext(deadlineNanoseconds: .max),
        onInfo: { info in
            count = info.byteCount
            return .more
        },
        onBytes: { bytes in
            count -= UInt64(bytes.byteCount)
            return .more
        })
    precondition(outcome == .complete && count == 0)
}

let operations = [
    Operation(name: "head") { store in
        let info = try store.head(large, CallContext(deadlineNanoseconds: .max))
        precondition(info.byteCount == 4096)
    },
    Operation(name: "get 0 B") { try get(small, $0) },
    Operation(name: "get 4 KiB") { try get(large, $0) },
    Operation(name: "put 4 KiB") { store in
        var rest = value[...]
        let info = try unsafe store.put(
            large, PutRequest(length: 4096), CallContext(deadlineNanoseconds: .max)
        ) { buffer in
            let count = min(buffer.count, rest.count)
            unsafe buffer.copyBytes(from: rest.prefix(count))
            rest = rest.dropFirst(count)
            return count
        }
        precondition(info.byteCount == 4096)
    },
]

/// The nanoseconds of one call, over a batch.
func batch(_ operation: Operation, _ store: any Callable, _ count: Int) throws -> Double {
    let before = CallContext.monotonicNanoseconds()
    for _ in 0..<count { try operation.run(store) }
    return Double(CallContext.monotonicNanoseconds() - before) / Double(count)
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

func open(_ folder: String) throws -> OpenStore {
    let driver = try LoadedDriver.load(
        folder: folder, host: HostIdentity(name: "call-bench", version: "0"))
    try driver.start(CallContext())
    return try driver.open([], CallContext())
}

func main(_ arguments: [String]) throws {
    let isQuick = arguments.contains("--quick")
    let words = arguments.filter { $0 != "--quick" }
    var subjects: [(name: String, store: any Callable)] = [("direct", DirectStore())]
    for index in stride(from: 0, to: words.count - 1, by: 2) {
        subjects.append((words[index + 1], try open(words[index])))
    }
    let (batches, count) = isQuick ? (3, 10) : (301, 2000)
    let lines = try operations.map { operation in
        var times = subjects.map { _ in [Double]() }
        for _ in 0..<batches {
            for (index, subject) in subjects.enumerated() {
                times[index].append(try batch(operation, subject.store, count))
            }
        }
        let figures = subjects.indices.map { "\"\(subjects[$0].name)\": \(median(times[$0]))" }
        return "  \"\(operation.name)\": {\(figures.joined(separator: ", "))}"
    }
    print("{\n\(lines.joined(separator: ",\n"))\n}")
}

do {
    try main(Array(CommandLine.arguments.dropFirst()))
} catch {
    print("call-bench: \(error)")
    exit(1)
}
