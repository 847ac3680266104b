import SharedAWS
import SharedHTTP
import SharedJSON
import Testing

@Suite("Signature Version 4")
struct SignerTests {
    private static let example = AWSCredentials(
        accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

    /// Of AWS's published test suite: 2015-08-30T12:36:00Z, region us-east-1, service "service".
    @Test(
        "The vectors that AWS publishes",
        arguments: [
            ("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                "GET", "/?Param2=value2&Param1=value1",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
            ),
            ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ])
    func published(method: String, path: String, signature: String) {
        var request = HTTPRequest(method, "https://example.amazonaws.com" + path)
        Signer(service: "service", region: "us-east-1").sign(
            &request, Self.example, at: 1_440_938_160)
        let header = request.headers.first { $0.name == "Authorization" }?.value
        #expect(
            header
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=\(signature)")
    }

    @Test(
        "A signer that has signed signs others' requests with their own keys, and tomorrow's anew")
    func keptKeys() {
        let signer = Signer(service: "s3", region: "us-east-1")
        let other = AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "other")
        func signature(_ signer: Signer, _ keys: AWSCredentials, _ seconds: Int64) -> String? {
            var request = HTTPRequest("GET", "https://example.amazonaws.com/")
            signer.sign(&request, keys, at: seconds)
            return request.headers.first { $0.name == "Authorization" }?.value
        }
        for (keys, seconds) in [
            (Self.example, Int64(1_440_938_160)), (other, 1_440_938_160),
            (Self.example, 1_441_024_560), (Self.example, 1_440_938_160),
        ] {
            let fresh = Signer(service: "s3", region: "us-east-1")
            #expect(signature(signer, keys, seconds) == signature(fresh, keys, seconds))
        }
    }

    /// From the page of S3 on signatures in queries.
    @Test("The presigned URL that AWS publishes")
    func presigned() {
        let credentials = AWSCredentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        let url = Signer(service: "s3", region: "us-east-1", escapesPathTwice: false).presigned(
            "GET", "https://examplebucket.s3.amazonaws.com/test.txt", credentials,
            at: 1_369_353_600, lifetime: 86_400)
        #expect(
            url.hasSuffix(
                "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
        )
    }

    @Test("Requests as botocore signs them")
    func botocore() throws {
        let vectors = try #require(JSONValue(vectorBytes("sigv4.json")).elements)
        #expect(vectors.count == 120)
        for vector in vectors { try check(vector) }
    }

    private func check(_ vector: JSONValue) throws {
        let kind = try #require(vector["kind"]?.text)
        let credentials = AWSCredentials(
            accessKeyID: try #require(vector["id"]?.text),
            secretAccessKey: try #require(vector["secret"]?.text),
            sessionToken: vector["token"]?.text)
        let signer = Signer(
            service: try #require(vector["service"]?.text),
            region: try #require(vector["region"]?.text), escapesPathTwice: kind == "plain",
            sendsPayloadHash: kind == "s3")
        let (method, url) = (
            try #require(vector["method"]?.text), try #require(vector["url"]?.text)
        )
        let seconds = try #require(vector["seconds"]?.integer)
        if kind == "presigned" {
            let signed = signer.presigned(method, url, credentials, at: seconds, lifetime: 600)
            let signature = try #require(vector["signature"]?.text)
            #expect(signed.hasSuffix("X-Amz-Signature=\(signature)"), "\(url)")
            return
        }
        let body = try #require(vector["body"]?.elements).compactMap(\.integer).map(UInt8.init)
        var request = HTTPRequest(method, url, body: .bytes(body))
        for (name, value) in vector["headers"]?.members ?? [:] {
            request.headers.append((name, value.text ?? ""))
        }
        signer.sign(&request, credentials, at: seconds, payloadHash: vector["hash"]?.text)
        let header = request.headers.first { $0.name == "Authorization" }?.value
        #expect(header == vector["authorization"]?.text, "\(kind) \(url)")
    }
}
