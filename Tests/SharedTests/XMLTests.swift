import SharedXML
import Testing

@Suite("XML documents")
struct XMLTests {
    private func read(_ text: String) throws -> XMLElement { try XMLElement(Array(text.utf8)) }

    @Test("A tree has names, texts and children in their order")
    func tree() throws {
        let root = try read(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <List xmlns="http://example/"><Name>a&amp;b &#233; &lt;</Name><Item n="1"><Key>x</Key></Item>
            <!-- no -->cd<Item><Key><![CDATA[<y>]]></Key></Item></List>
            """)
        #expect(root.name == "List")
        #expect(root.text("Name") == "a&b é <")
        #expect(root.all("Item").map { $0.text("Key") } == ["x", "<y>"])
        #expect(root.child("None") == nil)
        #expect(root.text.filter { !$0.isWhitespace } == "cd")
    }

    @Test(
        "What is no document is refused",
        arguments: [
            "", " ", "text", "<a>", "<a></b>", "<a/><b/>", "<a>&unknown;</a>", "<a b=c/>",
            "<a>\u{1}</a>",
            "<a>&#0;</a>", "{\"a\":1}", "<a",
        ])
    func refused(text: String) {
        #expect(throws: XMLError.self) { try read(text) }
    }

    @Test("Declarations and entities of a document's own are refused")
    func declarations() {
        let laughs = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>"
        let error = #expect(throws: XMLError.self) { try read(laughs) }
        #expect(error?.message.contains("document type") == true)
        #expect(throws: XMLError.self) {
            try read("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>")
        }
    }

    @Test("Bytes, depth and elements have limits")
    func limits() {
        let deep = String(repeating: "<a>", count: 40) + String(repeating: "</a>", count: 40)
        #expect(throws: XMLError.self) { try read(deep) }
        let wide = "<a>" + String(repeating: "<b/>", count: 20) + "</a>"
        let small = XMLLimits(byteCount: 1000, depth: 4, elementCount: 20)
        #expect(throws: XMLError.self) { try XMLElement(Array(wide.utf8), limits: small) }
        let long = "<a>" + String(repeating: "x", count: 1000) + "</a>"
        #expect(throws: XMLError.self) { try XMLElement(Array(long.utf8), limits: small) }
    }

    @Test("Bytes that are no UTF-8 are refused, and damage of any kind never traps")
    func damage() throws {
        #expect(throws: XMLError.self) {
            try XMLElement([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e])
        }
        let seed = UInt64.random(in: 0...(.max))
        var random = Xorshift(seed)
        let document = Array("<a><b>text &amp; more</b><c><d>é</d></c></a>".utf8)
        for _ in 0..<3000 {
            var bytes = document
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                if Bool.random(using: &random) {
                    bytes[index] = UInt8.random(in: 0...255, using: &random)
                } else {
                    bytes.remove(at: index)
                }
            }
            _ = try? XMLElement(bytes)
        }
        print("seed of the damaged documents: \(seed)")
    }

    @Test("Escaped text comes back as it was")
    func escaping() throws {
        let text = "a<b>&\"'é\t\r\n日"
        let escaped = try #require(XMLEscaping.escaped(text))
        #expect(try read("<a>\(escaped)</a>").text.utf8.elementsEqual(text.utf8))
        #expect(XMLEscaping.escaped("\u{1}") == nil)
    }
}
