import Host
import State
import TestSupport
import Testing

@Suite(.uniformPaths) struct ReceiptTests {
    private static let original = #"""
        {"version":1,"service":"shop","stage":"dev","provider":"aws","deploymentId":"d-1",
        "outputs":{"url":"https://x","apiToken":"t"},
        "artifacts":[{"function":"f","runtime":"nodejs","sha256":"00","sizeBytes":12345678901234567890}],
        "metadata":{"region":"eu","nested":{"DB_PASSWORD":"p","list":[{"secretKey":["a"]},1.50]}},
        "functions":[{"function":"f","environmentHash":"h","extra":{"x":null}}],
        "updatedAt":"2026-11-21T07:14:03Z","unknown":[1,2,{"three":3e0}]}
        """#

    private func receipts(_ world: World) -> ReceiptRepository {
        ReceiptRepository(world.place())
    }

    @Test func aFileOfTheOriginalSystemIsReadAsItIs() throws {
        let world = try World()
        _ = try world.memory.store().put(
            world.key("state", "shop/dev/aws.state.json"), Array(Self.original.utf8),
            condition: .none, call())
        let address = try ReceiptRepository.Address(service: "shop", stage: "dev", provider: "aws")
        let (receipt, version) = try #require(try receipts(world).read(address, call()))
        #expect(version.id == StateVersion.adoptedID)
        #expect(receipt.version == 1 && receipt.service == "shop" && receipt.deploymentID == "d-1")
        #expect(receipt.outputs == ["url": "https://x", "apiToken": "t"])
        #expect(receipt.artifacts.first?["sizeBytes"] == .number("12345678901234567890"))
        #expect(receipt.functions.first?["environmentHash"]?.text == "h")
        #expect(receipt.updatedAt == "2026-11-21T07:14:03Z")
    }

    @Test func anEditKeepsEverythingElse() throws {
        let world = try World()
        let address = try ReceiptRepository.Address(service: "shop", stage: "dev", provider: "aws")
        var receipt = try Receipt(json: Array(Self.original.utf8))
        receipt.deploymentID = "d-2"
        receipt.outputs["added"] = "yes"
        _ = try receipts(world).write(receipt, at: address, WriteRequest(writer: "w"), call())
        let copy = world.memory.bytes(of: world.key("state", "shop/dev/aws.state.json"))
        let expected = Self.original.replacing("d-1", with: "d-2")
            .replacing(#""apiToken":"t""#, with: #""apiToken":"[REDACTED]","added":"yes""#)
            .replacing(#""DB_PASSWORD":"p""#, with: #""DB_PASSWORD":"[REDACTED]""#)
            .replacing(#""secretKey":["a"]"#, with: #""secretKey":"[REDACTED]""#)
            .split(separator: "\n").map { $0.trimmingPrefix(" ") }.joined()
        #expect(String(decoding: copy ?? [], as: UTF8.self) == expected)
        let again = try #require(try receipts(world).read(address, call()))
        #expect(again.receipt.metadata["region"]?.text == "eu")
        #expect(again.version.isJSON)
    }

    @Test(arguments: [
        "secret", "clientSecret", "CLIENT_SECRET", "client-secret", "secrets", "mySecrets", "token",
        "accessToken", "access_tokens", "APIToken", "TOKENs", "password", "dbPassword", "passwd",
        "credential", "awsCredentials", "apiKey", "api_key", "APIKey", "apikey", "x-api-key",
        "API_KEYS", "privateKey", "PRIVATE KEY", "accessKeyId", "AWS_SECRET_ACCESS_KEY", "auth",
        "basicAuth", "AUTH_HEADER", "clientsecret", "accesstoken", "dbpassword", "Authorization",
        "passphrase", "session.token",
    ])
    func secretNames(name: String) {
        #expect(Redaction.isSecret(name))
    }

    @Test(arguments: [
        "service", "stage", "provider", "function", "configSignature", "artifactSha256",
        "resourceIdentifier", "author", "authors", "authority", "tokenizer", "secretary", "key",
        "keys", "apiVersion", "monkey", "accessLog", "privateSubnet", "environmentHash", "tagsHash",
        "passed", "credit", "url", "", "_", "deploymentId", "updatedAt",
    ])
    func innocentNames(name: String) {
        #expect(!Redaction.isSecret(name))
    }

    @Test func valuesOfEveryTypeAreTaken() throws {
        let text =
            #"{"token":1,"a":[{"secret":{"x":1}},[{"password":["p"]}]],"auth":true,"key":null,"apiKey":null}"#
        let object = try #require(try JSONValue(parsing: Array(text.utf8)).members)
        let mark = "\"[REDACTED]\""
        #expect(
            String(decoding: JSONValue.object(Redaction.redacted(object)).bytes, as: UTF8.self)
                == #"{"token":\#(mark),"a":[{"secret":\#(mark)},[{"password":\#(mark)}]],"auth":\#(mark),"key":null,"apiKey":null}"#
        )
    }

    @Test func listsFilter() throws {
        let world = try World()
        for service in ["a", "b"] {
            for stage in ["dev", "prod"] {
                for provider in ["aws", "gcp"] {
                    _ = try receipts(world).write(
                        Receipt(service: service, stage: stage, provider: provider),
                        at: .init(service: service, stage: stage, provider: provider),
                        WriteRequest(), call())
                }
            }
        }
        _ = try world.memory.store().put(
            world.key("state", "a/README"), [1], condition: .none, call())
        let receipts = receipts(world)
        #expect(try receipts.list(call()).count == 8)
        #expect(try receipts.list(service: "a", call()).count == 4)
        #expect(try receipts.list(service: "a", stage: "dev", call()).count == 2)
        #expect(try receipts.list(provider: "aws", call()).count == 4)
        let one = try receipts.list(service: "b", stage: "prod", provider: "gcp", call())
        #expect(one.map { $0.address.path.description } == ["b/prod/gcp.state.json"])
    }

    @Test func whatIsNoReceiptSaysSo() throws {
        let world = try World()
        _ = try world.memory.store().put(
            world.key("state", "a/b/c.state.json"), Array("[]".utf8), condition: .none, call())
        let address = try ReceiptRepository.Address(service: "a", stage: "b", provider: "c")
        #expect(failure { _ = try receipts(world).read(address, call()) } == "invalid")
        let none = try ReceiptRepository.Address(service: "a", stage: "b", provider: "d")
        #expect(try receipts(world).read(none, call()) == nil)
    }
}
