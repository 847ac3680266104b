import HoldfastDriver
import SharedDatabase
import Testing

@Suite struct DatabaseTests {
    @Test(
        arguments: [
            [], [("a", "")], [("a", "b"), ("c", "\"\\ \n\u{1}\u{7f} é 日 🙂")],
        ] as [[(String, String)]])
    func attributesComeBack(pairs: [(String, String)]) throws {
        let attributes = pairs.map { Attribute(name: $0.0, value: $0.1) }
        let back = try #require([Attribute](json: attributes.json))
        #expect(back.map { Array($0.name.utf8) } == pairs.map { Array($0.0.utf8) })
        #expect(back.map { Array($0.value.utf8) } == pairs.map { Array($0.1.utf8) })
    }

    @Test func attributesAreReadAsOthersWriteThem() throws {
        let text = #" { "a" : "\u00e9\ud83d\ude42\/" , "b":"" } "#.dropFirst()
        let back = try #require([Attribute](json: Array(text.utf8)))
        #expect(back.map { $0.value } == ["é🙂/", ""])
    }

    @Test(arguments: [
        "", "{", "{}x", "[]", "{\"a\":1}", "{\"a\":\"b\",}", "{\"a\":\"\\ud83d\"}",
        "{\"a\":\"\n\"}", "{\"a\":\"\\x\"}", "{\"a\"}",
    ])
    func otherTextIsRefused(text: String) { #expect([Attribute](json: Array(text.utf8)) == nil) }

    @Test func receiptsAreNamedByTheirParts() throws {
        let name = try #require(ReceiptName(path: "shop/dev/aws-lambda.state.json"))
        #expect((name.service, name.stage, name.provider) == ("shop", "dev", "aws-lambda"))
        #expect(name.path == "shop/dev/aws-lambda.state.json")
        let same = ReceiptName(service: "shop", stage: "dev", provider: "aws-lambda")
        #expect(same?.path == name.path)
    }

    @Test(arguments: ["a/b", "a/b/c", "a/b/.state.json", "a/b/c/d.state.json", ""])
    func otherPathsAreNoReceipts(path: String) { #expect(ReceiptName(path: path) == nil) }

    @Test(arguments: [
        ("", "dev", "p"), ("a/b", "dev", "p"), ("..", "dev", "p"), ("a", "dev", ""),
        ("a", "d\u{7}v", "p"), (String(repeating: "x", count: 201), "dev", "p"),
    ])
    func partsThatMakeNoPathAreRefused(service: String, stage: String, provider: String) {
        #expect(ReceiptName(service: service, stage: stage, provider: provider) == nil)
    }

    @Test func tokensAreDigitsAndDiffer() {
        let tokens = (0..<100).map { _ in String(decoding: randomToken(), as: UTF8.self) }
        #expect(Set(tokens).count == 100)
        let areDigits = tokens.allSatisfy { token in
            token.utf8.count == 32 && token.allSatisfy { "0123456789abcdef".contains($0) }
        }
        #expect(areDigits)
    }

    @Test func whoWaitsIsWoken() async {
        let monitor = Monitor(0)
        async let waited = Task.detached {
            monitor.wait(deadline: .max) { $0 == 3 ? "woken" : nil }
        }.value
        for _ in 0..<3 { monitor.change { $0 += 1 } }
        #expect(await waited == "woken")
    }
}
