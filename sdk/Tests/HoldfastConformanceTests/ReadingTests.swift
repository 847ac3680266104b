import HoldfastLoader
import Testing

@testable import HoldfastConformance

@Suite("Documents and options") struct ReadingTests {
    @Test("JSON is read strictly") func json() throws {
        let text = #" {"a": [1, -2.5e3, true, null, "x\u00fc\ud83d\ude42\n"], "b": {}} "#
        let members = try #require(try JSONValue(Array(text.utf8)).members)
        #expect(members["a"]?.elements?.last?.text == "xü🙂\n")
        #expect(members["a"]?.elements?.first?.integer == 1)
        #expect(members["b"] == .object([:]))
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            "", "{", "{\"a\"}", "{\"a\":1,}", "[1 2]", "nul", "01", "+1", "\"\\x\"", "\"\\ud800\"",
            "{\"a\":1,\"a\":2}", "1 1", "\"a\nb\"", String(repeating: "[", count: 99),
        ])
    func wrongJSON(_ text: String) {
        #expect(throws: CheckFailure.self) { try JSONValue(Array(text.utf8)) }
    }

    @Test(
        "a descriptor that lacks something is refused",
        arguments: [
            ("\"format\":1", "\"format\":2", "format is 2"), ("\"id\":\"m\",", "", "no \"id\""),
            ("rows", "columns", "addressing"),
            ("\"level\":20", "\"level\":\"20\"", "not an integer"),
            ("\"type\":\"string\"", "\"type\":\"text\"", "unknown type"),
            ("\"required\":false", "\"required\":0", "not true or false"),
            ("\"range\"", "\"clock\"", "is there twice"),
        ])
    func descriptors(_ part: String, _ other: String, _ words: String) throws {
        let good =
            #"{"format":1,"id":"m","version":"1","vendor":"v","summary":"s","addressing":"rows","#
            + #""options":[{"name":"n","type":"string","summary":"s","required":false}],"#
            + #""capabilities":[{"id":"range","level":20},{"id":"clock","level":20}]}"#
        #expect(try Descriptor(Array(good.utf8)).graceMilliseconds == 1000)
        let bad = good.replacing(part, with: other)
        let failure = #expect(throws: CheckFailure.self) { try Descriptor(Array(bad.utf8)) }
        #expect(failure?.found.contains(words) == true, "\(String(describing: failure))")
    }

    private let described = [
        Descriptor.Option(
            name: "place", type: .path, isRequired: true, defaultText: ".data", choices: []),
        Descriptor.Option(
            name: "wait", type: .duration, isRequired: false, defaultText: "250ms", choices: []),
        Descriptor.Option(
            name: "size", type: .size, isRequired: false, defaultText: nil, choices: []),
        Descriptor.Option(
            name: "mode", type: .choice, isRequired: false, defaultText: nil, choices: ["a", "b"]),
        Descriptor.Option(
            name: "sync", type: .boolean, isRequired: false, defaultText: nil, choices: []),
    ]

    private func resolve(_ text: String) throws -> [String: OptionValue.Value] {
        let file = try OptionsFile(Array(text.utf8), path: "options")
        let values = try file.resolved(described, folder: "/fresh")
        return Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0.value) })
    }

    @Test("defaults, units and ${TMP} become values by their type") func values() throws {
        #expect(
            try resolve("") == ["place": .text("/fresh/.data"), "wait": .number(250_000_000)])
        let given = try resolve("place = ${TMP}/x\r\nsize=64MiB\n\nmode = b\n sync = true ")
        #expect(given["place"] == .text("/fresh/x"))
        #expect(given["size"] == .number(64 << 20) && given["mode"] == .text("b"))
        #expect(given["sync"] == .number(1))
        let json = try resolve(#"{"place": "/abs", "wait": "2m", "sync": false, "size": 12}"#)
        #expect(json["place"] == .text("/abs") && json["wait"] == .number(120_000_000_000))
        #expect(json["sync"] == .number(0) && json["size"] == .number(12))
    }

    @Test(
        "a wrong option is named",
        arguments: [
            "mode = c", "sync = yes", "wait = 5", "size = -1", "size = 9223372036854775807TiB",
            "other = 1", "place =", "mode", "mode = a\nmode = a", "= a", "{\"mode\": []}",
        ])
    func wrongValues(_ text: String) {
        #expect(throws: CheckFailure.self) { try resolve(text) }
    }

    @Test("a store is new only where all its paths lie in the check's folder") func fresh() throws {
        func isFresh(_ text: String) throws -> Bool {
            let file = try OptionsFile(Array(text.utf8), path: "options")
            return file.isFresh(
                try file.resolved(described, folder: "/fresh"), folder: "/fresh")
        }
        #expect(try isFresh(""))
        #expect(try isFresh("place = ${TMP}/x"))
        #expect(try !isFresh("place = /elsewhere"))
        #expect(try !isFresh("place = /fresher/x"))
    }

    @Test("a verdict survives the way from the check's process") func verdicts() {
        let verdicts: [Verdict] = [
            .pass(note: ""), .pass(note: "a\nb"), .fail(CheckFailure("found", do: "do")),
            .refused(capability: "range"),
        ]
        for verdict in verdicts { #expect(Verdict(encoded: verdict.encoded) == verdict) }
        #expect(Verdict(encoded: []) == nil)
        #expect(Verdict(encoded: Array("pass".utf8)) == nil)
    }
}
