import SharedGoogle
import SharedHTTP
import SharedJSON
import Testing

@Suite("Google's tokens and checksums")
struct GoogleTests {
    @Test("Assertions as google-auth signs them")
    func assertions() throws {
        let vectors = try #require(JSONValue(vectorBytes("assertions.json")).elements)
        #expect(vectors.count == 6)
        for vector in vectors {
            let made = Assertion.make(
                account: try #require(vector["account"]?.text),
                key: try #require(vector["key"]?.text), keyID: try #require(vector["id"]?.text),
                audience: try #require(vector["audience"]?.text),
                scope: try #require(vector["scope"]?.text),
                at: try #require(vector["seconds"]?.integer))
            #expect(made == vector["assertion"]?.text)
        }
    }

    @Test(
        "What is no key makes no assertion",
        arguments: [
            "", "key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            // An elliptic curve's, which signs otherwise.
            """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2
            OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r
            1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G
            -----END PRIVATE KEY-----
            """,
        ])
    func noKey(key: String) {
        #expect(
            Assertion.make(
                account: "a", key: key, keyID: "k", audience: "u", scope: "s", at: 0) == nil)
    }

    @Test("A token is in no description")
    func secrets() {
        let token = AccessToken(text: "canary", expirySeconds: 1)
        var dumped = ""
        dump(token, to: &dumped)
        #expect(!"\(token) \(String(reflecting: token)) \(dumped)".contains("canary"))
    }

    @Test(
        "Dates of answers",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 23:59:60 GMT", 951_868_800),
            ("Sun, 22 Nov 2026 01:43:17 GMT", 1_795_311_797),
        ])
    func dates(text: String, seconds: Int64) { #expect(HTTPDate.seconds(text) == seconds) }

    @Test(
        "What is no date",
        arguments: [
            "", "Sun, 06 Nov 1994 08:49:37", "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
        ])
    func noDate(text: String) { #expect(HTTPDate.seconds(text) == nil) }

    @Test(
        "Where a secret may be sent",
        arguments: [
            ("https://example.com", true), ("http://127.0.0.1:8000", true),
            ("http://localhost/", true), ("http://[::1]:80", true), ("http://example.com", false),
            ("http://127.0.0.1.example.com", false), ("http://169.254.169.254", false),
        ])
    func privacy(url: String, isPrivate: Bool) { #expect(Endpoint(url)?.isPrivate == isPrivate) }
}
