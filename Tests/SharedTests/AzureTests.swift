import HoldfastDriver
import SharedAzure
import SharedHTTP
import SharedJSON
import Testing

@Suite("Azure: signatures and accounts")
struct AzureTests {
    /// The page of the service on Shared Key shows this for listing a container.
    @Test("The string to sign that Microsoft publishes")
    func published() throws {
        let key = try #require(SharedKey(account: "myaccount", key: "a2V5"))
        let request = HTTPRequest(
            "GET",
            "https://myaccount.blob.core.windows.net/mycontainer"
                + "?comp=metadata&restype=container&timeout=20",
            headers: [
                ("x-ms-version", "2015-02-21"), ("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"),
            ])
        #expect(
            key.stringToSign(request)
                == "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\n"
                + "x-ms-version:2015-02-21\n/myaccount/mycontainer\ncomp:metadata\n"
                + "restype:container\ntimeout:20")
    }

    @Test("Requests as Microsoft's SDK signs them")
    func sdk() throws {
        let vectors = try #require(JSONValue(vectorBytes("shared-key.json")).elements)
        #expect(vectors.count == 120)
        for vector in vectors { try check(vector) }
    }

    private func check(_ vector: JSONValue) throws {
        func text(_ name: String) throws -> String { try #require(vector[name]?.text) }
        let key = try #require(SharedKey(account: try text("account"), key: try text("key")))
        let body = try #require(vector["body"]?.elements).compactMap { $0.integer.map(UInt8.init) }
        var request = HTTPRequest(
            try text("method"), try text("url"), body: body.isEmpty ? .none : .bytes(body))
        for (name, value) in try #require(vector["headers"]?.members) {
            request.headers.append((name, try #require(value.text)))
        }
        key.sign(&request, at: try #require(vector["seconds"]?.integer))
        let (wanted, url) = (try text("authorization"), try text("url"))
        #expect(request.headers.first { $0.name == "Authorization" }?.value == wanted, "\(url)")
    }

    @Test(
        "Times of HTTP",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_435_361_952, "Fri, 26 Jun 2015 23:39:12 GMT"),
            (1_456_704_000, "Mon, 29 Feb 2016 00:00:00 GMT"),
        ])
    func dates(seconds: Int64, text: String) {
        #expect(HTTPDate.text(seconds) == text)
        #expect(HTTPDate.seconds(text) == seconds)
        #expect(HTTPDate.seconds(String(text.dropLast())) == nil)
    }

    @Test("Shared access signatures")
    func signatures() throws {
        let one = try #require(
            SharedAccessSignature("?sv=2021-12-02&se=2026-01-02T03%3A04%3A05Z&sp=rl&sig=abc%3D"))
        #expect(one.query.hasPrefix("sv="))
        #expect(one.endSeconds == Timestamp.seconds("2026-01-02T03:04:05Z"))
        #expect(one.permissions == "rl")
        #expect(!"\(one)".contains("abc"))
        #expect(SharedAccessSignature("sv=1&sig=a&se=2026-01-02")?.endSeconds == 1_767_312_000)
        for text in ["", "sig=abc", "sv=1", "sv=1&sig=a b", "sv=1&sig="] {
            #expect(SharedAccessSignature(text) == nil, "\(text)")
        }
    }

    // MARK: - Accounts

    private func account(_ options: [String: String]) throws(DriverError) -> BlobAccount {
        let values = options.mapValues { Options.Value.text($0) }
        return try BlobAccount(Options(values), try HTTPClient(HTTPSettings()))
    }

    @Test(
        "Endpoints",
        arguments: [
            (["account": "acme", "account_key": "a2V5"], "https://acme.blob.core.windows.net"),
            (
                ["connection_string": "AccountName=acme;AccountKey=a2V5;"],
                "https://acme.blob.core.windows.net"
            ),
            (
                [
                    "connection_string":
                        "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=a2V5;"
                        + "EndpointSuffix=core.chinacloudapi.cn"
                ], "https://acme.blob.core.chinacloudapi.cn"
            ),
            (
                ["connection_string": "UseDevelopmentStorage=true"],
                "http://127.0.0.1:10000/devstoreaccount1"
            ),
            (
                [
                    "connection_string":
                        "BlobEndpoint=https://acme.example/;SharedAccessSignature=sv=1&sig=abc"
                ], "https://acme.example"
            ),
            (
                [
                    "account": "acme", "endpoint": "http://localhost:1/acme/",
                    "sas_token": "sv=1&sig=abc",
                ], "http://localhost:1/acme"
            ),
            (["account": "acme"], "https://acme.blob.core.windows.net"),
        ])
    func endpoints(options: [String: String], url: String) throws {
        #expect(try account(options).endpoint.url == url)
    }

    @Test(
        "Options that cannot be used are named, and no secret is",
        arguments: [
            ([:], "account"), (["account": "Acme"], "account"),
            (["account": "acme", "account_key": "canary!"], "account_key"),
            (["account_key": "Y2FuYXJ5"], "account"),
            (["account": "acme", "sas_token": "canary"], "sas_token"),
            (["connection_string": "canary"], "connection_string"),
            (["connection_string": "AccountKey=canary"], "connection_string"),
            (["connection_string": "AccountName=acme"], "connection_string"),
            (
                ["account": "other", "connection_string": "AccountName=acme;AccountKey=a2V5"],
                "account"
            ),
            (["account": "acme", "endpoint": "acme.example", "account_key": "a2V5"], "endpoint"),
            (
                [
                    "account": "acme", "endpoint": "http://acme.example",
                    "sas_token": "sv=1&sig=canary",
                ],
                "https"
            ),
            (["account": "acme", "endpoint": "http://acme.example"], "https"),
            (["account": "acme", "metadata_endpoint": "http://10.0.0.1"], "metadata_endpoint"),
            (
                [
                    "account": "acme", "tenant_id": "t", "client_id": "c",
                    "client_secret": "canary",
                    "authority": "http://login.example",
                ], "authority"
            ),
        ])
    func refused(options: [String: String], name: String) {
        let error = #expect(throws: DriverError.self) { try account(options) }
        #expect(error?.code == .invalid)
        #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("canary") == false, "\(error?.message ?? "")")
    }
}
