import Glibc
import HoldfastConfiguration
import Testing

@Suite("Limits before anything is parsed")
struct LimitTests {
    private func error(_ text: String) -> ConfigurationError? {
        let project = TemporaryProject()
        project.write("holdfast.yml", text)
        return failure(project.request())
    }

    @Test("A file over 1 MiB is refused, one of just that size is read")
    func size() {
        let line = "# " + String(repeating: "x", count: 1021) + "\n"
        let whole = String(repeating: line, count: 1024)
        #expect(whole.utf8.count == 1 << 20)
        #expect(error(whole) == nil)
        #expect(error(whole + "#")?.code == .limit)
    }

    @Test(
        "Deep nesting is refused in every style",
        arguments: ["[", "{a: ", "- ", "\"\": [", "[[", "{\"a\":{"])
    func depth(_ opening: String) {
        let text = "other: " + String(repeating: opening, count: 100_000)
        let block = "other:\n  " + String(repeating: opening, count: 100_000)
        #expect(error(block)?.code == .limit)
        // Dashes may not follow a key on its line, which is for the parser to say.
        if opening != "- " { #expect(error(text)?.code == .limit) }
    }

    @Test("Deep nesting by indentation is refused")
    func indentation() {
        let text = (0..<600).map { String(repeating: " ", count: $0) + "k:\n" }.joined()
        let error = error(text)
        #expect(error?.code == .limit)
        #expect(error?.location?.line == 65)
    }

    @Test("Mappings and lists that share a column end at the parser's own limit, not in a crash")
    func sharedColumns() {
        let text = (0..<500).map {
            let spaces = String(repeating: " ", count: $0)
            return spaces + "k:\n" + spaces + "-\n"
        }.joined()
        #expect(error(text)?.code == .limit)
    }

    @Test("Aliases beyond the limit are refused")
    func aliases() {
        let text = "a: &a 1\nb:\n" + String(repeating: "  - *a\n", count: 65)
        let error = error(text)
        #expect(error?.code == .limit)
        #expect(error?.location?.line == 67)
    }

    @Test("A bomb of aliases costs nothing, as a value or as a key")
    func bomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x]\n"
        for level in 1...7 {
            let parts = Array(repeating: "*a\(level - 1)", count: 8).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(parts)]\n"
        }
        #expect(error(text) == nil)
        #expect(error(text + "? *a7\n: x\n")?.code == .limit)
        #expect(error(text + "*a7 : x\n")?.code == .limit)
        #expect(error(text + "z: {[*a7]: x}\n")?.code == .limit)
        #expect(error(text + "z: {[*a6]\n  : x}\n")?.code == .limit)
        #expect(error(text + "backend: {kind: *a7}\n")?.message.contains("not a list") == true)
    }

    @Test("A text that only looks deep is read")
    func looksDeep() {
        let brackets = String(repeating: "[", count: 500)
        #expect(
            error("a: |\n  \(brackets)\nb: '\(brackets)'\nc: x \(brackets)\n# \(brackets)\n") == nil
        )
        #expect(error("a: \"\\\"\(brackets)\"\nb: 'it''s \(brackets)'\n") == nil)
    }

    @Test("Random bytes never crash the reader", arguments: 0..<24)
    func random(_ seed: UInt64) {
        var generator = Generator(state: seed)
        let alphabet = Array("a:-? []{}*&!|>'\"\\#,%@\n\n  \tk0${env:}\r".utf8)
        for _ in 0..<200 {
            let count = Int.random(in: 0..<120, using: &generator)
            let bytes = (0..<count).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            let project = TemporaryProject()
            project.write("holdfast.yml", bytes)
            if let error = failure(project.request()) {
                #expect(!error.message.isEmpty, "seed \(seed)")
            }
        }
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
