import HoldfastDriver
import SharedObjects
import Testing

@Suite("Attributes in a header")
struct AttributeHeaderTests {
    private func isHeaderText(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }

    @Test("The readable form is tried first")
    func readable() {
        let attributes = [
            Attribute(name: "a", value: "b c"), Attribute(name: "sha256", value: "é=?,%&"),
        ]
        #expect(attributes.headerValue(most: 100) == "a=b%20c&sha256=%C3%A9=%3F%2C%25%26")
        #expect([Attribute]().headerValue(most: 0) == "")
    }

    @Test("Everything that fits comes back, also what no header can hold")
    func roundTrip() throws {
        let seed = UInt64.random(in: 0...(.max))
        print("seed of the attributes: \(seed)")
        var random = Xorshift(seed)
        let scalars: [Unicode.Scalar] = [
            "a", "~", "&", "=", "%", " ", "\n", "\u{0}", "é", "日", "🙂", "?",
        ]
        for _ in 0..<500 {
            let attributes = (0..<Int.random(in: 0...12, using: &random)).map { number in
                var value = String.UnicodeScalarView()
                for _ in 0..<Int.random(in: 0...30, using: &random) {
                    value.append(scalars.randomElement(using: &random) ?? "a")
                }
                return Attribute(name: "n\(number)", value: String(value))
            }
            let text = try #require(attributes.headerValue(most: 2000))
            #expect(isHeaderText(text))
            #expect([Attribute](headerValue: text) == attributes)
        }
    }

    @Test("The largest sets fit into the 2 KB of Amazon's service")
    func largest() throws {
        let sets = [
            [
                Attribute(
                    name: String(repeating: "n", count: 64),
                    value: String(repeating: "\u{1}", count: 1472))
            ],
            [Attribute(name: "n", value: String(repeating: "日", count: 511))],
            (0..<20).map {
                Attribute(name: "name-\($0 + 10)", value: String(repeating: "é", count: 34))
            },
            (0..<192).map { Attribute(name: "n\($0 + 100)", value: "vvvv") },
        ]
        for attributes in sets {
            let text = try #require(attributes.headerValue(most: 1960))
            #expect(isHeaderText(text))
            #expect([Attribute](headerValue: text) == attributes)
        }
        let many = (0..<500).map { Attribute(name: "\($0 + 100)", value: "") }
        #expect(many.headerValue(most: 1000) == nil)
    }

    @Test(
        "What is no such text is refused",
        arguments: ["a", "a=%", "a=%0", "a=%ff", "~0", "~\u{7f}\u{7f}", "~zz", "&"])
    func refused(text: String) {
        #expect([Attribute](headerValue: text) == nil)
    }
}
