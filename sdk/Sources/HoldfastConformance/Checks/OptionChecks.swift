internal import CHoldfast
internal import HoldfastLoader
internal import Synchronization

// What a driver does with the options of a store, above all with its secrets.

/// Checks of opening stores.
enum OptionChecks {
    static func unknownFlags(_ run: CheckRun) throws {
        let session = try RawSession(run)
        for flag in [UInt32(2), 1 << 30, 1 << 31] {
            let opened = session.open(flags: flag)
            try require(
                opened.status == HOLDFAST_UNSUPPORTED,
                "open with the unknown flag \(flag) answers \(opened.words)",
                do: "answer HOLDFAST_UNSUPPORTED to a flag that is not known")
            try require(!session.isOpen, "open fails and sets the store all the same")
        }
        let opened = session.open()
        try require(opened.status == HOLDFAST_OK, "open without flags answers \(opened.words)")
        try session.finish()
    }

    static func existing(_ run: CheckRun) throws {
        let (driver, options) = (try run.driver(), try run.options())
        let isFresh = run.optionsFile.isFresh(options, folder: run.folder)
        if isFresh {
            let failure = try failure(
                {
                    let store = try driver.open(options, mustExist: true, CallContext())
                    try store.close(CallContext())
                }, orFound: "open with HOLDFAST_OPEN_EXISTING succeeds where there is no store")
            try require(
                failure.code == .notFound,
                "open with HOLDFAST_OPEN_EXISTING answers \"\(failure)\" where there is no store",
                do: "answer HOLDFAST_NOT_FOUND")
            let made = names(in: run.folder)
            try require(made.isEmpty, "open with HOLDFAST_OPEN_EXISTING makes \(made)")
        } else {
            run.note =
                "the options name no place of the check's own, so a missing store was not tried"
        }
        let bench = try run.bench()
        let info = try bench.put("there", [1])
        try run.close(bench.store)
        let store = try mustWork("open with HOLDFAST_OPEN_EXISTING where there is a store") {
            () throws(DriverFailure) in
            try driver.open(options, mustExist: true, CallContext())
        }
        try Bench(store: store, space: bench.space).expect("there", [1], info, "opened as existing")
        try store.close(CallContext())
    }

    static func required(_ run: CheckRun) throws {
        let (driver, options) = (try run.driver(), try run.options())
        let required = try run.descriptor().options.filter(\.isRequired).map(\.name)
        if required.isEmpty { run.note = "no option is required" }
        for name in required {
            let failure = try refusal(
                driver, options.filter { $0.name != name },
                "open without the required option \(name)")
            try require(
                failure.code == .invalid && failure.message.contains(name),
                "open without the required option \(name) answers \"\(failure)\"",
                do: "answer HOLDFAST_INVALID with a message that names the option")
        }
    }

    static func unusablePath(_ run: CheckRun) throws {
        let (driver, options) = (try run.driver(), try run.options())
        let paths = options.indices.filter { options[$0].type == .path }
        if paths.isEmpty { run.note = "no path is among the options" }
        for index in paths {
            var changed = options
            changed[index].value = .text("/proc/holdfast-conformance/none")
            let words = "open with \(changed[index])"
            let failure = try refusal(driver, changed, words)
            try require(
                failure.code != .internalError && !failure.message.isEmpty,
                "\(words) answers \"\(failure)\"",
                do: "say which path cannot be used and why, with the class that fits")
        }
        try LifecycleChecks.work(try run.bench())
    }

    private static func refusal(
        _ driver: LoadedDriver, _ options: [OptionValue], _ words: String
    ) throws -> DriverFailure {
        try failure(
            { try driver.open(options, CallContext()).close(CallContext()) },
            orFound: "\(words) succeeds")
    }

    // MARK: - Secrets

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
