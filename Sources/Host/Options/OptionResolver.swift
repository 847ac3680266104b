/// An option of a store, checked, as the driver receives it.
package struct ResolvedOption: Sendable, Hashable {
    /// Its value in the driver's form.
    package enum Value: Sendable, Hashable {
        /// Of a string, secret, path or choice.
        case text(String)
        /// Of an integer, boolean (0 or 1), duration (nanoseconds) or size (bytes).
        case number(Int64)
    }

    /// The option's description.
    package var descriptor: OptionDescriptor
    /// Its value.
    package var value: Value
    /// Where the value comes from.
    package var origin: String
}

/// Turns what an operator wrote into the options of a driver, or says what is wrong with it.
///
/// Nothing of a secret's value ever gets into a message.
package struct OptionResolver {
    private let descriptor: DriverDescriptor
    private let specification: StoreSpecification

    /// Makes a resolver for a store of the driver that `descriptor` describes.
    package init(_ descriptor: DriverDescriptor, _ specification: StoreSpecification) {
        self.descriptor = descriptor
        self.specification = specification
    }

    /// Every option that was given or has a default, each once, in the descriptor's order.
    ///
    /// - Throws: ``HostError`` with code `invalid`, which begins with the place in the file.
    package func resolve() throws(HostError) -> [ResolvedOption] {
        let given = try optionsByName()
        var result: [ResolvedOption] = []
        for option in descriptor.options where !option.kind.isVariable {
            guard let input = try chosen(option, given) ?? fallback(for: option) else {
                guard !option.isRequired else { throw missing(option) }
                continue
            }
            let value = try value(of: input, for: option)
            result.append(
                ResolvedOption(descriptor: option, value: value, origin: input.origin))
        }
        return result
    }

    // MARK: - Names

    private func keys(of option: OptionDescriptor) -> [String] {
        switch specification.keyStyle {
        case .names: [option.name]
        case .flatKeys: option.flatKeys
        }
    }

    /// The key under which an option was given.
    private func givenKey(of option: OptionDescriptor) -> String? {
        keys(of: option).first { specification.options[$0] != nil }
    }

    private func optionsByName() throws(HostError) -> [String: OptionInput] {
        let known = Set(descriptor.options.flatMap(keys))
        for (key, input) in specification.options.sorted(by: { $0.key < $1.key })
        where !known.contains(key) {
            throw unknown(key, input, known: known)
        }
        var result: [String: OptionInput] = [:]
        for option in descriptor.options {
            if let key = givenKey(of: option) {
                result[option.name] = specification.options[key]
            }
        }
        return result
    }

    /// What the operator gave for an option: itself, or the name of a variable that holds it.
    private func chosen(
        _ option: OptionDescriptor, _ given: [String: OptionInput]
    ) throws(HostError) -> OptionInput? {
        let ways = descriptor.options.filter {
            ($0.name == option.name || $0.kind == .variable(of: option.name))
                && given[$0.name] != nil
        }
        guard let way = ways.first, let input = given[way.name] else { return nil }
        if ways.count > 1 {
            throw error(
                given[ways[1].name] ?? input,
                "\(subject(ways[1])) says the same as \(shown(givenKey(of: way) ?? way.name))",
                advice: "give only one of them")
        }
        return way.kind.isVariable ? try lookUp(input, for: way) : input
    }

    /// The value of the environment variable that an option of the type variable names.
    private func lookUp(
        _ input: OptionInput, for option: OptionDescriptor
    ) throws(HostError) -> OptionInput {
        let name = input.value.hasPrefix("env:") ? String(input.value.dropFirst(4)) : input.value
        let isName =
            !name.isEmpty && name.utf8.first.map { !(0x30...0x39).contains($0) } == true
            && name.utf8.allSatisfy {
                (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
            }
        // The text itself may be the secret that was meant to be in the variable.
        guard isName else {
            throw error(
                input, "\(subject(option)) is not the name of an environment variable",
                advice: "write NAME or env:NAME, and put the value into that variable")
        }
        guard let text = specification.environment[name], !text.isEmpty else {
            throw error(
                input,
                "\(subject(option)) names the environment variable \(name), which is not set",
                advice: "set it: \(summary(of: option.kind) ?? option.summary)")
        }
        return OptionInput(text, location: "environment \(name)", origin: "environment \(name)")
    }

    /// What the option is that a variable speaks of.
    private func summary(of variable: OptionDescriptor.Kind) -> String? {
        guard case .variable(let other) = variable else { return nil }
        return descriptor.options.first { $0.name == other }?.summary
    }

    private func fallback(for option: OptionDescriptor) -> OptionInput? {
        if let input = specification.projectValues[option.name] { return input }
        for name in option.environment {
            guard let text = specification.environment[name], !text.isEmpty else { continue }
            return OptionInput(text, location: "environment \(name)", origin: "environment \(name)")
        }
        // Without a home there is no file there: a default is not what anybody asked for.
        if option.kind == .path, option.defaultValue?.hasPrefix("~") == true,
            specification.environment["HOME"]?.hasPrefix("/") != true
        {
            return nil
        }
        return option.defaultValue.map { OptionInput($0, origin: "default") }
    }

    // MARK: - Values

    private func value(
        of input: OptionInput, for option: OptionDescriptor
    ) throws(HostError) -> ResolvedOption.Value {
        let text = input.value
        guard !text.utf8.contains(0) else {
            throw error(input, "\(subject(option)) holds a NUL character")
        }
        switch option.kind {
        case .string, .secret, .variable:
            guard !option.isRequired || !text.isEmpty else {
                throw error(input, "\(subject(option)) is empty")
            }
            return .text(text)
        case .choice(let words):
            guard words.contains(text) else { throw notChoice(words, input, option) }
            return .text(text)
        case .path: return .text(try path(input, option))
        case .integer(let bounds): return .number(try integer(bounds, input, option))
        case .boolean:
            guard let value = ScalarText.boolean(text) else {
                throw mismatch(input, option, "neither true nor false")
            }
            return .number(value ? 1 : 0)
        case .duration:
            guard let value = ScalarText.duration(text) else {
                throw mismatch(input, option, "not a duration such as 250ms, 5s, 2m or 1h")
            }
            return .number(value)
        case .size:
            guard let value = ScalarText.size(text) else {
                throw mismatch(input, option, "not a size such as 64MiB, 10MB or 4096")
            }
            return .number(value)
        }
    }

    private func integer(
        _ bounds: ClosedRange<Int64>, _ input: OptionInput, _ option: OptionDescriptor
    ) throws(HostError) -> Int64 {
        guard let value = ScalarText.integer(input.value) else {
            throw mismatch(input, option, "not a whole number")
        }
        guard bounds.contains(value) else {
            throw mismatch(
                input, option, "not from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return value
    }

    private func path(
        _ input: OptionInput, _ option: OptionDescriptor
    ) throws(HostError) -> String {
        let text = input.value
        guard !text.isEmpty else { throw error(input, "\(subject(option)) is empty") }
        if text == "~" || text.hasPrefix("~/") {
            guard let home = specification.environment["HOME"], home.hasPrefix("/") else {
                throw error(
                    input, "\(subject(option)) begins with ~ and HOME is not set",
                    advice: "write the path out")
            }
            return home + text.dropFirst()
        }
        if text.hasPrefix("/") { return text }
        let root = specification.projectRoot
        return root.hasSuffix("/") ? root + text : "\(root)/\(text)"
    }

    // MARK: - Errors

    /// How a message names the option: as it stands in the configuration.
    private func subject(_ option: OptionDescriptor) -> String {
        "the option \(shown(givenKey(of: option) ?? keys(of: option).first ?? option.name)) of the store "
            + shown(specification.name)
    }

    private func error(
        _ input: OptionInput, _ message: String, advice: String = ""
    ) -> HostError {
        located(input.location ?? specification.location, message, advice)
    }

    private func located(
        _ location: String?, _ message: String, _ advice: String
    ) -> HostError {
        HostError(
            .invalid, location.map { "\($0): \(message)" } ?? message, advice: advice,
            store: specification.name, driver: descriptor.id)
    }

    private func mismatch(
        _ input: OptionInput, _ option: OptionDescriptor, _ reason: String
    ) -> HostError {
        error(input, "\(subject(option)) is \(shown(input.value)), \(reason)")
    }

    private func notChoice(
        _ words: [String], _ input: OptionInput, _ option: OptionDescriptor
    ) -> HostError {
        error(
            input,
            "\(subject(option)) is \(shown(input.value)), which is not one of its values"
                + DidYouMean.hint(for: input.value, among: words),
            advice: "use one of \(words.joined(separator: ", "))")
    }

    private func unknown(
        _ key: String, _ input: OptionInput, known: some Sequence<String>
    ) -> HostError {
        let names = known.sorted()
        return error(
            input,
            "the driver \(descriptor.id) has no option \(shown(key))"
                + DidYouMean.hint(for: key, among: names),
            advice: names.isEmpty
                ? "it takes no options" : "its options are \(names.joined(separator: ", "))")
    }

    private func missing(_ option: OptionDescriptor) -> HostError {
        let variable =
            option.environment.isEmpty
            ? "" : " or the environment variable \(option.environment.joined(separator: " or "))"
        return located(
            specification.location, "\(subject(option)) is required and not given",
            "set it\(variable): \(option.summary)")
    }
}
