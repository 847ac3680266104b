import SharedAWS
import SharedHTTP
import SharedJSON
import Testing

@Suite("Texts of web services")
struct TextTests {
    @Test(
        "JSON documents come back as they were",
        arguments: [
            "null", "true", "[]", "{}", "[1,-0.5,1e9]", #""a\n\t\"\\""#, #"{"a":[{"b":"c"}]}"#,
        ])
    func roundTrip(text: String) throws {
        #expect(try JSONValue(Array(text.utf8)).bytes == Array(text.utf8))
    }

    @Test("Escapes of JSON", arguments: [(#""é\/""#, "é/"), (#""😀""#, "😀"), (#""\u0000""#, "\0")])
    func escapes(text: String, value: String) throws {
        #expect(try JSONValue(Array(text.utf8)).text == value)
    }

    @Test(
        "What is no JSON is refused",
        arguments: [
            "", "{", "[1,]", "01", "+1", "1.", "nul", "\"", "\"\\x\"", "\"\\ud800\"", "1 2",
            #"{"a":1,"a":2}"#, "\"\n\"", String(repeating: "[", count: 100_000),
        ])
    func refused(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(Array(text.utf8)) }
    }

    @Test("Base64 of any length", arguments: 0..<20)
    func base64(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 200) }
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }

    @Test("What is no Base64 is refused", arguments: ["a", "ab=", "a===", "ab!=", "====", "=aaa"])
    func noBase64(text: String) { #expect(Base64.decode(text) == nil) }

    @Test(
        "Times",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_827_696, "2000-02-29T12:34:56Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"), (1_795_298_400, "2026-11-21T22:00:00Z"),
        ])
    func times(seconds: Int64, text: String) {
        #expect(Timestamp.extended(seconds) == text)
        #expect(Timestamp.seconds(text) == seconds)
    }

    @Test("The checksum of zlib") func checksum() {
        #expect(CRC32.checksum(Array("123456789".utf8)) == 0xcbf4_3926)
    }

    @Test("Elements of XML")
    func elements() {
        let document = Array("<E><Code>A&amp;B&lt;</Code><Outer><In>x</In></Outer></E>".utf8)
        #expect(XMLText.first("Code", in: document) == "A&B<")
        #expect(XMLText.first("In", in: document) == "x")
        #expect(XMLText.first("Outer", in: document) == nil)
        #expect(XMLText.first("None", in: document) == nil)
    }

    @Test(
        "Endpoints",
        arguments: [
            ("https://Example.com:443/", "https://example.com"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://127.0.0.1:8000/a/", "http://127.0.0.1:8000/a"),
        ])
    func endpoints(text: String, url: String) { #expect(Endpoint(text)?.url == url) }

    @Test(
        "What is no endpoint",
        arguments: [
            "", "ftp://a", "http://", "http://u:p@a", "http://a:0", "http://a:99999", "http://a?b",
            "http://a#b", "http://a b", "http://a\r\nX: y",
        ])
    func noEndpoint(text: String) { #expect(Endpoint(text) == nil) }

    @Test("Secrets are in no description")
    func secrets() {
        let keys = AWSCredentials(
            accessKeyID: "id", secretAccessKey: "canary", sessionToken: "canary")
        var dumped = ""
        dump(keys, to: &dumped)
        #expect(!"\(keys) \(String(reflecting: keys)) \(dumped)".contains("canary"))
    }

    /// RFC 3720, appendix B.4, and the check value of the algorithm.
    @Test("The CRC-32C of known bytes")
    func castagnoli() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xe306_9283)
        #expect(CRC32C.bytes([UInt8](repeating: 0, count: 32)) == [0x8a, 0x91, 0x36, 0xaa])
        #expect(CRC32C.bytes([UInt8](repeating: 0xff, count: 32)) == [0x62, 0xa8, 0xab, 0x43])
        #expect(CRC32C.checksum(Array(0..<32)) == 0x46dd_794e)
        #expect(CRC32C.checksum([]) == 0)
    }

    @Test(
        "Dates of headers",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Int64(784_111_777)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Mon, 29 Feb 2016 23:59:59 GMT", 1_456_790_399),
        ])
    func headerDates(text: String, seconds: Int64) {
        #expect(HTTPDate.seconds(text) == seconds)
    }

    @Test(
        "What is no date of a header is refused",
        arguments: [
            "", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
            "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Xxx 1994 08:49:37 GMT",
        ])
    func noHeaderDates(text: String) {
        #expect(HTTPDate.seconds(text) == nil)
    }
}
