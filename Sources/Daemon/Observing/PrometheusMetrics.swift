internal import Metrics
internal import Synchronization

/// Collects what is measured through swift-metrics and writes it in Prometheus's text format.
///
/// A backend of our own because none of the package's dependencies has one; it keeps to the four kinds
/// of series that this project makes.
final class PrometheusMetrics: MetricsFactory {
    private struct Series: Hashable {
        var name: String
        var labels: String
    }

    private enum Value {
        case counter(CounterValue)
        case gauge(GaugeValue)
        case histogram(HistogramValue)

        var type: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private let values = Mutex<[Series: Value]>([:])
    /// Labels that a client can choose must not fill the memory; what comes beyond is not kept.
    private static let seriesCountMax = 10_000
    private static let secondBounds = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]
    private static let amountBounds = (0...16).map { Double(UInt64(1) << (2 * UInt64($0))) }

    // MARK: What swift-metrics asks for

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        aggregate
            ? histogram(label, dimensions, bounds: Self.amountBounds) : gauge(label, dimensions)
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = label.hasSuffix("_seconds") ? label : label + "_seconds"
        return histogram(name, dimensions, bounds: Self.secondBounds)
    }

    // A series lives as long as the process: a scraper must not see a counter start again.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    // MARK: Series

    func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterValue {
        let value = series(label, dimensions) { .counter(CounterValue()) }
        return if case .counter(let counter) = value { counter } else { CounterValue() }
    }

    func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeValue {
        let value = series(label, dimensions) { .gauge(GaugeValue()) }
        return if case .gauge(let gauge) = value { gauge } else { GaugeValue() }
    }

    private func histogram(
        _ label: String, _ dimensions: [(String, String)], bounds: [Double]
    ) -> HistogramValue {
        let value = series(label, dimensions) { .histogram(HistogramValue(bounds: bounds)) }
        return if case .histogram(let histogram) = value { histogram } else {
            HistogramValue(bounds: bounds)
        }
    }

    private func series(
        _ label: String, _ dimensions: [(String, String)], _ make: () -> Value
    ) -> Value {
        let key = Series(name: Self.name(label), labels: Self.labels(dimensions))
        return values.withLock { values in
            if let value = values[key] { return value }
            let value = make()
            if values.count < Self.seriesCountMax { values[key] = value }
            return value
        }
    }

    // MARK: Text

    /// All series in the text format, version 0.0.4.
    func text() -> [UInt8] {
        let sorted = values.withLock { $0 }.sorted {
            ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels)
        }
        var text = ""
        var lastName = ""
        for (series, value) in sorted {
            if series.name != lastName { text += "# TYPE \(series.name) \(value.type)\n" }
            lastName = series.name
            switch value {
            case .counter(let counter): text += Self.line(series, "", counter.current)
            case .gauge(let gauge): text += Self.line(series, "", gauge.current)
            case .histogram(let histogram): text += Self.lines(series, histogram)
            }
        }
        return Array(text.utf8)
    }

    private static func lines(_ series: Series, _ histogram: HistogramValue) -> String {
        let reading = histogram.current
        var text = ""
        var total: Int64 = 0
        let bounds = histogram.bounds.map { "\($0)" } + ["+Inf"]
        for (bound, count) in zip(bounds, reading.counts) {
            total += count
            var bucket = series
            bucket.labels += (series.labels.isEmpty ? "" : ",") + "le=\"\(bound)\""
            text += line(bucket, "_bucket", total)
        }
        return text + line(series, "_sum", reading.sum) + line(series, "_count", total)
    }

    private static func line(_ series: Series, _ suffix: String, _ value: some Any) -> String {
        let labels = series.labels.isEmpty ? "" : "{\(series.labels)}"
        return "\(series.name)\(suffix)\(labels) \(value)\n"
    }

    private static func name(_ label: String) -> String {
        let characters = label.unicodeScalars.map { scalar -> Character in
            let isAllowed =
                scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isAllowed ? Character(scalar) : "_"
        }
        return String(characters)
    }

    private static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.map { name, value in
            let escaped = value.reduce(into: "") { text, character in
                switch character {
                case "\\": text += "\\\\"
                case "\"": text += "\\\""
                case "\n": text += "\\n"
                default: text.append(character)
                }
            }
            return "\(self.name(name))=\"\(escaped)\""
        }.joined(separator: ",")
    }
}
