internal import Glibc
internal import Host
internal import Logging

/// Writes each log event as one JSON object on one line.
struct JSONLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let sink: LogSink

    init(label: String, level: Logger.Level, sink: LogSink) {
        self.label = label
        self.sink = sink
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = JSONObject()
        line.add("time", Self.timestamp())
        line.add("level", event.level.rawValue)
        line.add("logger", label)
        line.add("message", event.message.description)
        var fields = metadata
        if let given = event.metadata { fields.merge(given) { $1 } }
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            if case .stringConvertible(let number as Int64) = value {
                line.add(name, number)
            } else {
                line.add(name, value.description)
            }
        }
        if let error = event.error { line.add("error", String(describing: error)) }
        sink.write(line.finished() + [UInt8(ascii: "\n")])
    }

    /// The time as RFC 3339 with microseconds, in UTC.
    private static func timestamp() -> String {
        let now = WallClock.now
        var seconds = time_t(now / 1_000_000_000)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        let date = unsafe [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map {
            pad(Int($0), 2)
        }
        let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { pad(Int($0), 2) }
        let fraction = pad(Int(now % 1_000_000_000 / 1000), 6)
        return date.joined(separator: "-") + "T" + clock.joined(separator: ":") + ".\(fraction)Z"
    }

    private static func pad(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
