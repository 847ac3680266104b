internal import CoreMetrics
internal import Synchronization

/// Counts and times every operation by store, operation and outcome.
final class MetricsLayer: ObservingLayer {
    private struct Series: Hashable {
        var operation: ObservedOperation
        var outcome: String
    }

    private struct Instruments {
        var counter: Counter
        var timer: Timer
    }

    let base: any StoreOperations
    private let store: String
    private let driver: String
    // Made once for each outcome, because a backend looks every new one up by its name.
    private let instruments = Mutex<[Series: Instruments]>([:])

    init(base: any StoreOperations, store: String, driver: String) {
        self.base = base
        self.store = store
        self.driver = driver
    }

    func observe<R>(
        _ operation: ObservedOperation, _ call: Call, _ body: (Call) throws(HostError) -> R
    ) throws(HostError) -> R {
        let start = Monotonic.now
        do throws(HostError) {
            let result = try body(call)
            record(operation, "ok", since: start)
            return result
        } catch {
            record(operation, error.code.rawValue, since: start)
            throw error
        }
    }

    private func record(_ operation: ObservedOperation, _ outcome: String, since start: Int64) {
        let series = Series(operation: operation, outcome: outcome)
        let instruments = instruments.withLock { known in
            if let found = known[series] { return found }
            let made = make(series)
            known[series] = made
            return made
        }
        instruments.counter.increment()
        instruments.timer.recordNanoseconds(Monotonic.now - start)
    }

    private func make(_ series: Series) -> Instruments {
        let dimensions = [
            ("store", store), ("driver", driver), ("operation", series.operation.rawValue),
            ("outcome", series.outcome),
        ]
        return Instruments(
            counter: Counter(label: "holdfast_store_operations_total", dimensions: dimensions),
            timer: Timer(label: "holdfast_store_operation_seconds", dimensions: dimensions))
    }
}
