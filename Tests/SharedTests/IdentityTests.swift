import HoldfastDriver
import SharedAWS
import SharedAzure
import SharedHTTP
import SharedJSON
import Testing

private struct Unlimited: CallControl {
    var isOver: Bool { false }
    var remainingNanoseconds: Int64 { .max }
}

@Suite("Who asks, and what they need")
struct IdentityTests {
    // MARK: - Azure's tokens

    /// A token with these claims, as the directory writes one.
    private func token(_ claims: String) -> String {
        let text = Base64.encode(Array(claims.utf8)).filter { $0 != "=" }
        let middle = String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
        return "eyJhbGciOiJub25lIn0.\(middle).c2lnbmF0dXJl"
    }

    @Test("The claims of a token say whose it is")
    func claims() {
        let claims = TokenClaims(
            token(#"{"appid":"app?>~","oid":"object","tid":"tenant","secret":"canary"}"#))
        #expect(claims.principal == "client app?>~, object object")
        #expect(
            claims.members == [
                "client_id": .string("app?>~"), "object_id": .string("object"),
                "tenant_id": .string("tenant"),
            ])
    }

    @Test(
        "What is no token with claims says so",
        arguments: ["", "canary", "a.b.c", "..", "a.e30.c", "a.bnVsbA.c", "a.eyJvaWQiOjF9.c"])
    func noClaims(text: String) {
        let claims = TokenClaims(text)
        #expect(claims.members == [:])
        #expect(claims.principal == "an identity whose token does not say whose it is")
    }

    // MARK: - Policies of AWS

    @Test("A policy has one statement for each resource, and each right with what it is for")
    func policy() throws {
        let document = AmazonPolicy([
            AmazonPolicy.Statement(
                "arn:aws:s3:::b/*", [("s3:GetObject", ["read"]), ("s3:PutObject", ["write"])]),
            AmazonPolicy.Statement(
                "arn:aws:s3:::b", [("s3:ListBucket", ["list"])],
                condition: .object(["StringLike": .object(["s3:prefix": .string("p/*")])])),
        ]).document
        #expect(document["kind"] == .string("aws-iam"))
        #expect(document["grants"]?.elements?.count == 3)
        let text = String(decoding: try #require(document["document"]).bytes, as: UTF8.self)
        #expect(
            text == #"{"Statement":[{"Action":["s3:GetObject","s3:PutObject"],"Effect":"Allow","#
                + #""Resource":"arn:aws:s3:::b/*"},{"Action":["s3:ListBucket"],"#
                + #""Condition":{"StringLike":{"s3:prefix":"p/*"}},"Effect":"Allow","#
                + #""Resource":"arn:aws:s3:::b"}],"Version":"2012-10-17"}"#)
    }

    @Test("Regions have their partitions")
    func partitions() {
        #expect(AmazonResource.partition("eu-central-1") == "aws")
        #expect(AmazonResource.partition("cn-north-1") == "aws-cn")
        #expect(AmazonResource.partition("us-gov-west-1") == "aws-us-gov")
    }

    // MARK: - Clocks

    private func clock(_ date: String?, after delay: Int64 = 0) throws -> ServiceClock? {
        let server = LoopbackServer { _ in
            let line = date.map { "Date: \($0)\r\n" } ?? ""
            return Array("HTTP/1.1 200 OK\r\n\(line)Content-Length: 0\r\n\r\n".utf8)
        }
        let answer = try HTTPClient(HTTPSettings())
            .send(HTTPRequest("GET", server.url + "/"), limit: 10, Unlimited())
        let then: Int64 = 784_111_777_000_000_000  // Sun, 06 Nov 1994 08:49:37 GMT
        return ServiceClock(answer, between: then, and: then + delay)
    }

    @Test("A date is a whole second, and its way took time")
    func clocks() throws {
        let exact = try #require(try clock("Sun, 06 Nov 1994 08:49:37 GMT"))
        #expect(exact.aheadNanoseconds == 500_000_000)
        #expect(exact.uncertaintyNanoseconds == 500_000_000)
        let slow = try #require(try clock("Sun, 06 Nov 1994 08:50:37 GMT", after: 4_000_000_000))
        #expect(slow.aheadNanoseconds == 58_500_000_000)
        #expect(slow.uncertaintyNanoseconds == 2_500_000_000)
        #expect(try clock(nil) == nil)
        #expect(try clock("yesterday") == nil)
    }
}
