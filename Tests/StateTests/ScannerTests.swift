import FoundationEssentials
import State
import TestSupport
import Testing

@Suite struct ScannerTests {
    @Test func factsOfAState() {
        let facts = StateScanner.facts(
            of: Array(
                #" {"version":4,"serial": 12 ,"lineage":"a\u0062\/c","terraform_version":"1.11.4","#
                    .utf8)
                + Array(#""nested":{"serial":99,"lineage":"no"},"resources":[{},[1,2],3]}"#.utf8))
        #expect(facts.isJSON && facts.serial == 12 && facts.lineage == "ab/c")
        #expect(facts.tool == "1.11.4" && facts.resourceCount == 3 && !facts.isEncrypted)
    }

    @Test(arguments: [
        (#"{"serial":1,"serial":2}"#, Int64?(2)), (#"{"serial":1,"serial":"x"}"#, nil),
        (#"{"serial":1.0}"#, nil), (#"{"serial":1e3}"#, nil), (#"{"serial":-0}"#, 0),
        (#"{"serial":9223372036854775807}"#, .max), (#"{"serial":9223372036854775808}"#, nil),
        (#"{"\u0073erial":5}"#, 5), (#"{"serial":[1]}"#, nil), (#"{"a":{"serial":1}}"#, nil),
        (#"{"serial":null}"#, nil), (#"{}"#, nil),
        // Foundation refuses this number, which is one.
        (#"{"serial":-0.0E+2}"#, nil),
    ])
    func serials(text: String, serial: Int64?) {
        let facts = StateScanner.facts(of: Array(text.utf8))
        #expect(facts.isJSON && facts.serial == serial, "\(text)")
    }

    @Test func otherFacts() {
        let long = String(repeating: "x", count: 257)
        let facts = StateScanner.facts(
            of: Array(#"{"lineage":"\#(long)","resources":{"a":1},"encrypted_data":null}"#.utf8))
        #expect(facts.isJSON && facts.lineage == nil && facts.resourceCount == nil)
        #expect(facts.isEncrypted)
        #expect(StateScanner.facts(of: Array(#"{"resources":[]}"#.utf8)).resourceCount == 0)
        #expect(StateScanner.facts(of: Array("{\"serial\":1".utf8)) == StateFacts())
    }

    @Test func depthIsBounded() {
        for (depth, isValid) in [(1023, true), (1024, false), (1_000_000, false)] {
            let text =
                "{\"a\":" + String(repeating: "[", count: depth)
                + String(repeating: "]", count: depth) + "}"
            #expect(StateScanner.facts(of: Array(text.utf8)).isJSON == isValid)
        }
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: deep) }
    }

    /// Halves of surrogate pairs are the one difference to Foundation: Go takes them, so do we.
    @Test func surrogatesInEscapes() throws {
        for (escape, text) in [
            (#"\ud83d\ude00"#, "😀"), (#"\ud83d"#, "\u{FFFD}"), (#"\ude00"#, "\u{FFFD}"),
            (#"\ud83d\n"#, "\u{FFFD}\n"), (#"\ud83d\ud83d\ude00"#, "\u{FFFD}😀"),
        ] {
            let json = Array("{\"a\":\"\(escape)\"}".utf8)
            #expect(StateScanner.facts(of: json).isJSON)
            #expect(try JSONValue(parsing: json).members?["a"]?.text == text)
        }
    }

    /// The scanner, the parser and Foundation agree on what is JSON; pieces of any size do not
    /// matter; what was parsed is written so that it parses to the same.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func fuzz(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1500 {
            var text = Self.value(depth: 0, &generator)
            if Bool.random(using: &generator) { Self.damage(&text, &generator) }
            let note: Comment = "seed \(seed): \(String(decoding: text, as: UTF8.self)) \(text)"
            let facts = StateScanner.facts(of: text)
            var scanner = StateScanner()
            var rest = text[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...5, using: &generator))
                scanner.consume(piece)
                rest = rest.dropFirst(piece.count)
            }
            #expect(scanner.finish() == facts, note)
            let parsed = try? JSONValue(parsing: text)
            let isObject = parsed?.members != nil
            #expect(facts.isJSON == isObject, note)
            if let parsed {
                #expect((try? JSONValue(parsing: parsed.bytes)) == parsed, note)
                #expect(parsed.members?["serial"]?.integer() == facts.serial || !isObject, note)
            }
            // Foundation takes a comma before a closing bracket, which is not JSON.
            let hasSpareComma = Self.hasSpareComma(text)
            #expect(Self.isJSON(text) == (parsed != nil) || hasSpareComma, note)
        }
    }

    private static func isJSON(_ text: [UInt8]) -> Bool {
        (try? JSONDecoder().decode(Anything.self, from: Data(text))) != nil
    }

    private static func hasSpareComma(_ text: [UInt8]) -> Bool {
        let dense = text.filter { $0 > 0x20 }
        return zip(dense, dense.dropFirst()).contains { first, second in
            first == UInt8(ascii: ",") && [UInt8(ascii: "}"), UInt8(ascii: "]")].contains(second)
        }
    }

    /// Touches every value, because Foundation looks at strings only when they are asked for.
    private struct Anything: Decodable {
        init(from decoder: any Decoder) throws {
            if var list = try? decoder.unkeyedContainer() {
                while !list.isAtEnd { _ = try list.decode(Anything.self) }
            } else if let object = try? decoder.container(keyedBy: Key.self) {
                for key in object.allKeys { _ = try object.decode(Anything.self, forKey: key) }
            } else {
                let value = try decoder.singleValueContainer()
                if value.decodeNil() || (try? value.decode(Bool.self)) != nil { return }
                if (try? value.decode(Double.self)) != nil { return }
                _ = try value.decode(String.self)
            }
        }

        private struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
    }

    private static let strings = [
        "a", "serial", "lineage", "resources", #"\n"#, #"\u00e9"#, "é", "🙂", "",
        #"\\"#, #"\""#, "encrypted_data", "\u{7F}",
    ]
    private static let numbers = ["0", "-1", "12", "1.5", "1e3", "-2.5E+2", "123456", "7"]

    private static func value(depth: Int, _ generator: inout SeededGenerator) -> [UInt8] {
        func string(_ generator: inout SeededGenerator) -> String {
            let parts = (0..<Int.random(in: 0...2, using: &generator)).map { _ in
                strings.randomElement(using: &generator) ?? ""
            }
            return "\"" + parts.joined() + "\""
        }
        let space = [" ", "", "\n\t", ""].randomElement(using: &generator) ?? ""
        let kind = depth == 0 ? 5 : Int.random(in: 0...(depth > 4 ? 3 : 6), using: &generator)
        switch kind {
        case 0:
            return Array((["true", "false", "null"].randomElement(using: &generator) ?? "").utf8)
        case 1: return Array((numbers.randomElement(using: &generator) ?? "").utf8)
        case 2, 3: return Array(string(&generator).utf8)
        case 4:
            let elements = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                value(depth: depth + 1, &generator)
            }
            return Array("[\(space)".utf8) + elements.joined(separator: Array(",\(space)".utf8))
                + Array("]".utf8)
        default:
            var names = Set<String>()
            var members: [[UInt8]] = []
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let name = string(&generator)
                // Foundation refuses a name that stands twice, also in two spellings.
                guard names.insert(name).inserted, name != "\"\\u00e9\"" else { continue }
                members.append(
                    Array("\(name)\(space):".utf8) + value(depth: depth + 1, &generator))
            }
            return Array("{\(space)".utf8) + members.joined(separator: Array(",".utf8))
                + Array("\(space)}".utf8)
        }
    }

    private static func damage(_ text: inout [UInt8], _ generator: inout SeededGenerator) {
        let bytes = Array("{}[]\",:\\u0+-.eE tfn\u{1F}\u{0}".utf8) + [0xC3, 0x80, 0xFF, 0xED]
        let index = Int.random(in: 0..<max(1, text.count), using: &generator)
        let byte = bytes.randomElement(using: &generator) ?? 0
        switch Int.random(in: 0...3, using: &generator) {
        case 0: text.insert(byte, at: min(index, text.count))
        case 1 where !text.isEmpty: text.remove(at: index)
        case 2 where !text.isEmpty: text[index] = byte
        default: text = Array(text.prefix(index))
        }
    }
}
