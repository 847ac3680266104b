internal import CoreMetrics
internal import Synchronization

/// Counts and times every operation by store, operation and outcome.
final class MetricsLayer: ObservingLayer {
    private final class Instruments: Sendable {
        let counter: Counter
        let timer: Timer

        init(_ dimensions: [(String, String)]) {
            counter = Counter(label: "holdfast_store_operations_total", dimensions: dimensions)
            timer = Timer(label: "holdfast_store_operation_seconds", dimensions: dimensions)
        }
    }

    /// The instruments of one operation, each pair made once, because a backend looks every new one up
    /// by its name.
    private final class Series: Sendable {
        /// Read without a lock: every call that succeeds passes here, many at once.
        let succeeded = AtomicLazyReference<Instruments>()
        let failed = Mutex<[String: Instruments]>([:])
    }

    let base: any StoreOperations
    private let store: String
    private let driver: String
    private let series: [ObservedOperation: Series]

    init(base: any StoreOperations, store: String, driver: String) {
        self.base = base
        self.store = store
        self.driver = driver
        series = Dictionary(
            uniqueKeysWithValues: ObservedOperation.allCases.map { ($0, Series()) })
    }

    func observe<R>(
        _ operation: ObservedOperation, _ call: Call, _ body: (Call) throws(HostError) -> R
    ) throws(HostError) -> R {
        let start = Monotonic.now
        do throws(HostError) {
            let result = try body(call)
            record(succeeded(operation), since: start)
            return result
        } catch {
            record(failed(operation, error.code), since: start)
            throw error
        }
    }

    private func record(_ instruments: Instruments?, since start: Int64) {
        instruments?.counter.increment()
        instruments?.timer.recordNanoseconds(Monotonic.now - start)
    }

    private func succeeded(_ operation: ObservedOperation) -> Instruments? {
        guard let series = series[operation] else { return nil }
        return series.succeeded.load()
            ?? series.succeeded.storeIfNil(make(operation, outcome: "ok"))
    }

    private func failed(_ operation: ObservedOperation, _ code: HostError.Code) -> Instruments? {
        series[operation]?.failed.withLock { known in
            if let found = known[code.rawValue] { return found }
            let made = make(operation, outcome: code.rawValue)
            known[code.rawValue] = made
            return made
        }
    }

    private func make(_ operation: ObservedOperation, outcome: String) -> Instruments {
        Instruments([
            ("store", store), ("driver", driver), ("operation", operation.rawValue),
            ("outcome", outcome),
        ])
    }
}
