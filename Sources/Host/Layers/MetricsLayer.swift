internal import CoreMetrics
internal import Synchronization

/// Counts and times every operation by store, operation and outcome.
final class MetricsLayer: ObservingLayer {
    private struct Failure: Hashable {
        var operation: ObservedOperation
        var code: HostError.Code
    }

    private struct Instruments {
        var counter: Counter
        var timer: Timer

        init(_ dimensions: [(String, String)]) {
            counter = Counter(label: "holdfast_store_operations_total", dimensions: dimensions)
            timer = Timer(label: "holdfast_store_operation_seconds", dimensions: dimensions)
        }
    }

    let base: any StoreOperations
    private let store: String
    private let driver: String
    /// By the place of the operation among all: every call that succeeds looks here, many at once.
    private let succeeded: [Instruments]
    // Made once for each outcome, because a backend looks every new one up by its name.
    private let failed = Mutex<[Failure: Instruments]>([:])

    init(base: any StoreOperations, store: String, driver: String) {
        self.base = base
        self.store = store
        self.driver = driver
        let operations = ObservedOperation.allCases.sorted { $0.place < $1.place }
        succeeded = operations.map { operation in
            Instruments(Self.dimensions(store, driver, operation, outcome: "ok"))
        }
    }

    func observe<R>(
        _ operation: ObservedOperation, _ call: Call, _ body: (Call) throws(HostError) -> R
    ) throws(HostError) -> R {
        let start = Monotonic.now
        do throws(HostError) {
            let result = try body(call)
            record(succeeded[operation.place], since: start)
            return result
        } catch {
            record(failed(operation, error.code), since: start)
            throw error
        }
    }

    private func record(_ instruments: Instruments, since start: Int64) {
        instruments.counter.increment()
        instruments.timer.recordNanoseconds(Monotonic.now - start)
    }

    private func failed(_ operation: ObservedOperation, _ code: HostError.Code) -> Instruments {
        failed.withLock { known in
            let failure = Failure(operation: operation, code: code)
            if let found = known[failure] { return found }
            let made = Instruments(
                Self.dimensions(store, driver, operation, outcome: code.rawValue))
            known[failure] = made
            return made
        }
    }

    private static func dimensions(
        _ store: String, _ driver: String, _ operation: ObservedOperation, outcome: String
    ) -> [(String, String)] {
        [
            ("store", store), ("driver", driver), ("operation", operation.rawValue),
            ("outcome", outcome),
        ]
    }
}
