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
///
/// Without a lock: every operation of every thread records here.
final class HistogramValue: RecorderHandler, TimerHandler {
    /// The upper ends of the ranges.
    let bounds: [Double]
    /// Counts for each of the bounds, and one for what lies above them all.
    private let counts: [CounterValue]
    private let sumBits = Atomic<UInt64>(0)

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = (0...bounds.count).map { _ in CounterValue() }
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count].increment(by: 1)
        var known = sumBits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: known) + value).bitPattern
            let (exchanged, original) = sumBits.weakCompareExchange(
                expected: known, desired: sum, ordering: .relaxed)
            if exchanged { return }
            known = original
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    /// The counts of all ranges, and the sum of all values.
    var current: (counts: [Int64], sum: Double) {
        (counts.map(\.current), Double(bitPattern: sumBits.load(ordering: .relaxed)))
    }
}
