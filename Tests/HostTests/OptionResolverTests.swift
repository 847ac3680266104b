import TestSupport
import Testing

@testable import Host

/// What an operator may write, and what comes of it.
@Suite struct OptionResolverTests {
    private func option(
        _ name: String, _ kind: OptionDescriptor.Kind, default defaultValue: String? = nil,
        isRequired: Bool = false, environment: [String] = [], flatKeys: [String] = []
    ) -> OptionDescriptor {
        OptionDescriptor(
            name: name, kind: kind, summary: "what it does", isRequired: isRequired,
            defaultValue: defaultValue, environment: environment, flatKeys: flatKeys)
    }

    private func resolve(
        _ options: [OptionDescriptor], _ given: [String: OptionInput] = [:],
        _ style: StoreSpecification.KeyStyle = .names, environment: [String: String] = [:],
        project: [String: OptionInput] = [:]
    ) throws(HostError) -> [String: ResolvedOption.Value] {
        let descriptor = DriverDescriptor(
            id: "drv", version: "1", vendor: "v", summary: "s", addressing: .place,
            grace: .seconds(1), options: options, capabilities: Capabilities([]))
        let specification = StoreSpecification(
            name: "st", driver: "drv", options: given, keyStyle: style, projectRoot: "/proj",
            location: "holdfast.yml:2:1", environment: environment,
            projectValues: project)
        let resolved = try OptionResolver(descriptor, specification).resolve()
        return Dictionary(uniqueKeysWithValues: resolved.map { ($0.descriptor.name, $0.value) })
    }

    private func error(_ body: () throws -> Void) -> HostError? {
        do { try body() } catch { return error as? HostError }
        return nil
    }

    @Test(arguments: [
        (OptionDescriptor.Kind.string, "x y", ResolvedOption.Value.text("x y")),
        (.string, "", .text("")), (.secret, "hunter2", .text("hunter2")),
        (.integer(1...10), "1", .number(1)), (.integer(1...10), "10", .number(10)),
        (.integer(Int64.min...Int64.max), "-9223372036854775808", .number(.min)),
        (.boolean, "true", .number(1)), (.boolean, "No", .number(0)), (.boolean, "ON", .number(1)),
        (.duration, "250ms", .number(250_000_000)), (.duration, "5s", .number(5_000_000_000)),
        (.duration, "2m", .number(120_000_000_000)), (.duration, "1h", .number(3_600_000_000_000)),
        (.duration, "0", .number(0)), (.size, "64MiB", .number(64 << 20)),
        (.size, "10MB", .number(10_000_000)), (.size, "123", .number(123)),
        (.size, "1kB", .number(1000)), (.size, "2TiB", .number(2 << 40)),
        (.path, "/abs/p", .text("/abs/p")), (.path, "rel/p", .text("/proj/rel/p")),
        (.path, "~/p", .text("/home/me/p")), (.path, "~", .text("/home/me")),
        (.path, "~other", .text("/proj/~other")), (.choice(["a", "b"]), "b", .text("b")),
    ])
    func values(
        kind: OptionDescriptor.Kind, text: String, expected: ResolvedOption.Value
    ) throws {
        let result = try resolve(
            [option("o", kind)], ["o": OptionInput(text)], environment: ["HOME": "/home/me"])
        #expect(result == ["o": expected])
    }

    @Test(arguments: [
        (OptionDescriptor.Kind.integer(1...10), "0", "not from 1 to 10"),
        (.integer(1...10), "11", "not from 1 to 10"), (.integer(1...10), "ten", "not a whole"),
        (.integer(1...10), "1.5", "not a whole"), (.integer(1...10), "+5", "not a whole"),
        (.integer(1...10), "", "not a whole"),
        (.integer(1...10), "99999999999999999999", "not a whole"),
        (.boolean, "1", "neither true nor false"), (.boolean, "treu", "neither true nor false"),
        (.duration, "5", "not a duration"), (.duration, "5 s", "not a duration"),
        (.duration, "-5s", "not a duration"), (.duration, "s", "not a duration"),
        (.duration, "5d", "not a duration"), (.duration, "9999999999999h", "not a duration"),
        (.size, "64Mib", "not a size"), (.size, "-1", "not a size"), (.size, "1.5MB", "not a size"),
        (.size, "9999999TiB", "not a size"), (.path, "", "is empty"),
        (.path, "~/x", "HOME is not set"), (.string, "a\u{0}b", "NUL"),
        (.choice(["alpha", "beta"]), "alhpa", "(did you mean \"alpha\"?)"),
        (.choice(["alpha", "beta"]), "", "not one of its values"),
    ])
    func badValues(kind: OptionDescriptor.Kind, text: String, message: String) throws {
        let input = OptionInput(text, location: "holdfast.yml:12:5")
        let failure = try #require(error { _ = try resolve([option("o", kind)], ["o": input]) })
        #expect(failure.code == .invalid)
        #expect(
            failure.message.hasPrefix("holdfast.yml:12:5: the option \"o\" of the store \"st\""))
        #expect(failure.message.contains(message), "\(failure.message)")
        #expect(failure.store == "st")
        #expect(failure.driver == "drv")
    }

    @Test func unknownNamesAreRefusedWithTheNearest() throws {
        let options = [option("bucket", .string), option("region", .string)]
        let input = OptionInput("secretvalue", location: "holdfast.yml:7:3")
        let near = try #require(error { _ = try resolve(options, ["buckte": input]) })
        #expect(
            near.message
                == "holdfast.yml:7:3: the driver drv has no option \"buckte\" (did you mean \"bucket\"?)"
        )
        #expect(near.advice == "its options are bucket, region")
        let far = try #require(error { _ = try resolve(options, ["zzz": input]) })
        #expect(!far.message.contains("did you mean"))
        #expect(!"\(far)".contains("secretvalue"))
    }

    @Test func theGivenValueComesBeforeTheEnvironmentBeforeTheDefault() throws {
        let options = [option("o", .string, default: "d", isRequired: true, environment: ["O_VAR"])]
        let given = ["o": OptionInput("g")]
        #expect(try resolve(options, given, environment: ["O_VAR": "e"]) == ["o": .text("g")])
        #expect(try resolve(options, environment: ["O_VAR": "e"]) == ["o": .text("e")])
        #expect(try resolve(options, environment: ["O_VAR": ""]) == ["o": .text("d")])
        #expect(try resolve(options) == ["o": .text("d")])
        #expect(try resolve([option("o", .string)]).isEmpty)
    }

    @Test func whatTheProjectSaysElsewhereComesBeforeTheEnvironment() throws {
        let options = [option("o", .integer(0...9), default: "1", environment: ["O_VAR"])]
        let project = ["o": OptionInput("3", location: "holdfast.yml:7:9"), "x": OptionInput("y")]
        let environment = ["O_VAR": "2"]
        #expect(
            try resolve(options, environment: environment, project: project) == ["o": .number(3)])
        #expect(
            try resolve(options, ["o": OptionInput("4")], project: project) == ["o": .number(4)])
        let error = error {
            _ = try resolve(options, project: ["o": OptionInput("b", location: "holdfast.yml:7:9")])
        }
        #expect(error?.message.hasPrefix("holdfast.yml:7:9: ") == true)
    }

    @Test("A variable's name stands for the option it speaks of", arguments: ["O_X", "env:O_X"])
    func variables(name: String) throws {
        let options = [
            option("url", .secret, isRequired: true, environment: ["O_A", "O_B"]),
            option("url_source", .variable(of: "url")),
        ]
        let given = ["url_source": OptionInput(name)]
        #expect(
            try resolve(options, given, environment: ["O_X": "x", "O_A": "a"])
                == ["url": .text("x")])
        #expect(try resolve(options, environment: ["O_B": "b"]) == ["url": .text("b")])
        #expect(throws: HostError.self) { try resolve(options, given) }
        #expect(throws: HostError.self) {
            try resolve(
                options, given.merging(["url": OptionInput("u")]) { $1 }, environment: ["O_X": "x"])
        }
    }

    @Test("What is no variable's name is not repeated: it may be the secret itself")
    func misplacedSecret() {
        let options = [option("url", .secret), option("url_source", .variable(of: "url"))]
        #expect {
            try resolve(options, ["url_source": OptionInput("postgres://u:hunter2@h/d")])
        } throws: {
            !"\($0)".contains("hunter2") && "\($0)".contains("environment variable")
        }
    }

    @Test("A default in the home is not given where there is no home")
    func homelessDefault() throws {
        let options = [option("file", .path, default: "~/.aws/config")]
        #expect(try resolve(options).isEmpty)
        #expect(
            try resolve(options, environment: ["HOME": "/h"]) == ["file": .text("/h/.aws/config")])
    }

    @Test("The first flat key that is given counts")
    func flatKeys() throws {
        let options = [option("table", .string, flatKeys: ["receiptTable", "lockTable"])]
        let both = ["lockTable": OptionInput("l"), "receiptTable": OptionInput("r")]
        #expect(try resolve(options, both, .flatKeys) == ["table": .text("r")])
        #expect(
            try resolve(options, ["lockTable": OptionInput("l")], .flatKeys)
                == ["table": .text("l")])
    }

    @Test func aBadValueOfTheEnvironmentNamesTheVariable() throws {
        let options = [option("o", .size, environment: ["O_VAR"])]
        let failure = try #require(
            error { _ = try resolve(options, environment: ["O_VAR": "big"]) })
        #expect(failure.message.hasPrefix("environment O_VAR: "))
    }

    @Test func requiredOptionsMustBeThere() throws {
        let options = [option("o", .string, isRequired: true, environment: ["O_VAR"])]
        let missing = try #require(error { _ = try resolve(options) })
        #expect(
            missing.message
                == "holdfast.yml:2:1: the option \"o\" of the store \"st\" is required and not given"
        )
        #expect(missing.advice.contains("O_VAR"))
        let empty = try #require(error { _ = try resolve(options, ["o": OptionInput("")]) })
        #expect(empty.message.contains("is empty"))
    }

    @Test func secretsStayOutOfMessages() throws {
        let options = [option("token", .secret, isRequired: true)]
        let failure = try #require(
            error { _ = try resolve(options, ["token": OptionInput("hunter2\u{0}")]) })
        #expect(!"\(failure)".contains("hunter2"))
    }

    @Test func flatKeysNameTheirOptions() throws {
        let options = [
            option("path", .string, flatKeys: ["sqlitePath"]), option("mode", .string),
        ]
        let given = ["sqlitePath": OptionInput("p", location: "holdfast.yml:4:3")]
        #expect(try resolve(options, given, .flatKeys) == ["path": .text("p")])
        let wrong = try #require(
            error { _ = try resolve(options, ["path": OptionInput("p")], .flatKeys) })
        #expect(wrong.message.contains("no option \"path\""))
        let typo = try #require(
            error { _ = try resolve(options, ["sqlitePaht": OptionInput("p")], .flatKeys) })
        #expect(typo.message.contains("did you mean \"sqlitePath\""))
    }

    // MARK: - Names that are nearly right

    @Test(
        arguments: [
            ("loca", ["local", "sqlite"], "local"), ("sqllite", ["local", "sqlite"], "sqlite"),
            ("SQLITE", ["local", "sqlite"], "sqlite"), ("s3", ["s3", "gcs"], "s3"),
            ("ab", ["xy"], nil), ("postgres", ["sqlite", "local"], nil), ("", ["a"], nil),
            ("lcoal", ["local", "loyal"], "local"),
        ] as [(String, [String], String?)])
    func nearest(word: String, candidates: [String], expected: String?) {
        #expect(DidYouMean.closest(to: word, among: candidates) == expected)
    }

    @Test(arguments: [
        ("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("abc", "xabc", 1),
        ("abc", "axc", 1), ("kitten", "sitting", 3), ("", "abc", 3), ("ca", "abc", 3),
    ])
    func distances(left: String, right: String, expected: Int) {
        #expect(DidYouMean.editDistance(Array(left.utf8), Array(right.utf8)) == expected)
        #expect(DidYouMean.editDistance(Array(right.utf8), Array(left.utf8)) == expected)
    }

    // MARK: - The descriptor

    private func descriptor(_ change: (String) -> String = { $0 }) throws -> DriverDescriptor {
        let json = """
            {"format":1,"id":"drv","version":"1.2.3","vendor":"V","summary":"S","addressing":"rows",
            "grace_ms":250,"options":[
            {"name":"path","type":"path","summary":"p","required":true,"flat_key":"drvPath"},
            {"name":"n","type":"integer","summary":"n","required":false,"default":"3",
            "environment":"N","minimum":1,"maximum":9},
            {"name":"c","type":"choice","summary":"c","required":false,"choices":["x","y"]}],
            "capabilities":[{"id":"value","level":20,"limit":18446744073709551615,"note":""}]}
            """
        return try DriverDescriptor(json: Array(change(json).utf8), driver: "drv")
    }

    @Test func descriptorsAreRead() throws {
        let descriptor = try descriptor()
        #expect(descriptor.version == "1.2.3")
        #expect(descriptor.addressing == .rows)
        #expect(descriptor.grace == .milliseconds(250))
        #expect(descriptor.options.map(\.kind) == [.path, .integer(1...9), .choice(["x", "y"])])
        #expect(descriptor.options[0].isRequired)
        #expect(descriptor.options[0].flatKeys == ["drvPath"])
        #expect(descriptor.options[1].defaultValue == "3")
        #expect(descriptor.options[1].environment == ["N"])
        #expect(descriptor.capabilities.limit("value") == .max)
    }

    @Test(arguments: [
        ("\"format\":1", "\"format\":2", "format 2 is not known"),
        ("\"format\":1", "\"format\":", "not a document"),
        ("\"id\":\"drv\"", "\"id\":\"other\"", "it says it is \"other\""),
        ("\"rows\"", "\"moon\"", "addressing \"moon\""), ("250", "70000", "a grace of 70000 ms"),
        ("250", "-1", "a grace of -1 ms"), ("\"name\":\"n\"", "\"name\":\"path\"", "two options"),
        ("\"type\":\"integer\"", "\"type\":\"float\"", "\"n\" is not complete"),
        ("[\"x\",\"y\"]", "[]", "\"c\" is not complete"),
        ("\"minimum\":1", "\"minimum\":10", "\"n\" is not complete"),
    ])
    func badDescriptorsAreRefused(part: String, replacement: String, message: String) throws {
        let failure = try #require(
            error {
                _ = try descriptor { $0.replacing(part, with: replacement, maxReplacements: 1) }
            })
        #expect(failure.code == .driverRefused)
        #expect(failure.message.contains(message), "\(failure.message)")
        #expect(failure.driver == "drv")
    }
}
