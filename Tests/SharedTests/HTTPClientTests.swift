import HoldfastDriver
import SharedHTTP
import Testing

private struct Unlimited: CallControl {
    var isOver: Bool { false }
    var remainingNanoseconds: Int64 { .max }
}

@Suite("HTTP over libcurl")
struct HTTPClientTests {
    @Test("Text that would end a line is never sent")
    func injection() throws {
        let client = try HTTPClient(HTTPSettings())
        let url = "http://127.0.0.1:9/"
        let requests = [
            HTTPRequest("GET\r\nX: y", url), HTTPRequest("GET", url + " a"),
            HTTPRequest("GET", url, headers: [("A", "b\r\nC: d")]),
            HTTPRequest("GET", url, headers: [("A\r\nB", "c")]),
            HTTPRequest("GET", url, headers: [("", "c")]),
        ]
        for request in requests {
            let error = #expect(throws: DriverError.self) {
                try client.send(request, limit: 1, Unlimited())
            }
            #expect(error?.code == .invalid)
            #expect(error?.applied == .no)
        }
    }

    @Test("Without a connection nothing was applied")
    func refused() throws {
        let client = try HTTPClient(HTTPSettings())
        let request = HTTPRequest("POST", "http://127.0.0.1:1/", body: .bytes([1]))
        let error = #expect(throws: DriverError.self) {
            try client.send(request, limit: 1, Unlimited())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.applied == .no)
        #expect(error?.vendorName == "CURLE_COULDNT_CONNECT")
    }

    @Test("Only http and https are spoken", arguments: ["file:///etc/passwd", "ftp://127.0.0.1/"])
    func protocols(url: String) throws {
        let client = try HTTPClient(HTTPSettings())
        let error = #expect(throws: DriverError.self) {
            try client.send(HTTPRequest("GET", url), limit: 1 << 20, Unlimited())
        }
        #expect(error?.code == .invalid)
    }
}
