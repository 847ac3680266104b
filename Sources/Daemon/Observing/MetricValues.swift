internal import Metrics
internal import Synchronization

/// A number that only rises.
final class CounterValue: CounterHandler {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) {
        value.add(max(0, amount), ordering: .relaxed)
    }

    func reset() { value.store(0, ordering: .relaxed) }

    var current: Int64 { value.load(ordering: .relaxed) }
}

/// A number that rises and falls.
final class GaugeValue: RecorderHandler, MeterHandler {
    private let value = Mutex(0.0)

    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }

    var current: Double { value.withLock { $0 } }
}

/// How often a value fell into each range.
final class HistogramValue: RecorderHandler, TimerHandler {
    struct Reading {
        /// Counts for each of the bounds, and one for what lies above them all.
        var counts: [UInt64]
        var sum = 0.0
    }

    /// The upper ends of the ranges.
    let bounds: [Double]
    private let reading: Mutex<Reading>

    init(bounds: [Double]) {
        self.bounds = bounds
        reading = Mutex(Reading(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        reading.withLock { reading in
            reading.counts[index] += 1
            reading.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    var current: Reading { reading.withLock { $0 } }
}
