internal import CHoldfast
internal import HoldfastLoader

// What a driver does with the options of a store.

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
        if try run.isAlone() { return }
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

    // MARK: - Values

    /// Values of an option that its description allows and nobody would choose.
    private static func extremes(_ option: Descriptor.Option) -> [OptionValue.Value] {
        let long = String(repeating: "x", count: 70_000)
        switch option.type {
        case .string, .secret: return [.text(""), .text(long), .text("%s%n\u{10ffff}\n'\";--")]
        case .path:
            return [
                .text("/"), .text("/" + long),
                .text(
                    "/"
                        + Array(repeating: "d", count: 3000)
                        .joined(separator: "/")), .text("/dev/null"), .text("/proc/self/mem/x"),
            ]
        case .integer: return [.number(.min), .number(-1), .number(0), .number(.max)]
        case .boolean: return [.number(0), .number(1)]
        case .duration, .size: return [.number(0), .number(1), .number(.max)]
        case .choice: return option.choices.map { .text($0) }
        }
    }

    static func values(_ run: CheckRun) throws {
        let (driver, options) = (try run.driver(), try run.options())
        for option in try run.descriptor().options {
            for value in extremes(option) where option.allows(value) {
                let changed =
                    options.filter { $0.name != option.name }
                    + [OptionValue(name: option.name, type: option.type, value: value)]
                let words = "open with an extreme value of the option \(option.name)"
                do {
                    try driver.open(changed, CallContext()).close(CallContext())
                } catch {
                    try require(
                        error.code != .internalError && !error.message.isEmpty,
                        "\(words) answers \"\(error)\"",
                        do: "say which value cannot be used and why, with the class that fits")
                }
            }
        }
        try LifecycleChecks.work(try run.bench())
    }

    /// A terminator inside a text is a byte of it; C functions would cut the text there.
    static func terminators(_ run: CheckRun) throws {
        let (driver, options) = (try run.driver(), try run.options())
        let paths = options.indices.filter { options[$0].type == .path }
        if paths.isEmpty { run.note = "no path is among the options" }
        for index in paths {
            var changed = options
            changed[index].value = .text("\(run.folder)/cut\u{0}off")
            let words = "open with a path that holds a zero byte (\(changed[index].name))"
            let failure = try refusal(driver, changed, words)
            try require(
                failure.code == .invalid, "\(words) answers \"\(failure)\"",
                do: "answer HOLDFAST_INVALID: no file can have such a name")
            let made = names(in: run.folder)
            try require(
                !made.contains("cut"), "\(words) makes \(made)",
                do: "use the size of a text, not a terminator, and refuse a zero byte")
        }
    }
}
