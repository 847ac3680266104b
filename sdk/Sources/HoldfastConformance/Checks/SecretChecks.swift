internal import HoldfastLoader
internal import Synchronization

// What a driver says, and what it must never say.

/// Checks of secrets and of what objects hold.
enum SecretChecks {
    /// Everything that a driver says, by where it said it.
    private final class Listener: Sendable {
        private let said = Mutex<[(where: String, text: String)]>([])

        init() {
            DriverEvents.setHandler { [self] _, message, _ in hear("an event", message) }
        }

        func hear(_ place: String, _ text: String) { said.withLock { $0.append((place, text)) } }

        func expectSilence(about secret: String, _ what: String) throws {
            let place = said.withLock { said in
                said.first { $0.text.contains(secret) }?.where
            }
            try require(
                place == nil, "\(what) appears in \(place ?? "")",
                do: "leave it out of every message, descriptor and event")
        }
    }

    static func secrets(_ run: CheckRun) throws {
        let listener = Listener()
        let (driver, options) = (try run.driver(), try run.options())
        let described = try run.descriptor().options.filter { $0.type == .secret }
        if described.isEmpty { run.note = "no option is a secret" }
        for option in described {
            let canary = "canary-\(run.random.word(20))"
            var changed = options.filter { $0.name != option.name }
            changed.append(OptionValue(name: option.name, type: .secret, value: .text(canary)))
            hearFailure(listener, "the error of open") {
                let store = try driver.open(changed, CallContext())
                defer { hearFailure(listener, "an error") { try store.close(CallContext()) } }
                for report in try store.capabilities(CallContext()) {
                    listener.hear("the capability \(report.id)", report.note)
                }
                listener.hear("the clock", try store.ping(CallContext())?.domain ?? "")
                try provoke(Bench(store: store, space: try run.space()), listener)
            }
            listener.hear("the descriptor", text(try driver.describe(CallContext())))
            listener.hear("standard output", captured(1))
            listener.hear("standard error", captured(2))
            try listener.expectSilence(about: canary, "the secret of the option \(option.name)")
        }
    }

    static func contents(_ run: CheckRun) throws {
        let listener = Listener()
        let canary = "canary-\(run.random.word(20))"
        let bench = try run.bench()
        try bench.put("canary", Array(canary.utf8))
        let info = try bench.put("canary", Array(canary.utf8))
        hearFailure(listener, "an error") {
            try bench.put("canary", Array(canary.utf8), if: .absent)
        }
        hearFailure(listener, "an error") {
            try bench.put(
                "canary", Array(canary.utf8), if: .version(Version(token: info.version.token + [1]))
            )
        }
        try provoke(bench, listener)
        listener.hear("standard output", captured(1))
        listener.hear("standard error", captured(2))
        try listener.expectSilence(about: canary, "what an object holds")
    }

    /// Makes calls that fail.
    private static func provoke(_ bench: Bench, _ listener: Listener) throws {
        let cancelled = CallContext()
        cancelled.cancel()
        let calls: [() throws -> Void] = [
            { _ = try bench.head("nothing") }, { _ = try bench.get("nothing") },
            { try bench.put("late", [1], cancelled) }, { _ = try bench.list("", cancelled) },
            { _ = try bench.store.ping(cancelled) },
        ]
        for call in calls { hearFailure(listener, "an error", call) }
    }

    private static func hearFailure(
        _ listener: Listener, _ place: String, _ body: () throws -> Void
    ) {
        do { try body() } catch {
            listener.hear(place, "\(error)")
        }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func captured(_ descriptor: Int32) -> String {
        text((try? readFile("/proc/self/fd/\(descriptor)", most: 1 << 20)) ?? [])
    }
}
