import State
import Testing

@Suite struct PathTests {
    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/./b", "a/../b", "../a", "a/..", "a\u{0}b",
        "a\nb", "a\u{7F}", "a\u{85}b", "\u{1B}[31m", "%2e%2e", "%2E%2E/x", "a/%2e/b", ".%2e/a",
        "a%2fb", "a%2Fb", "%00", "a%00b", "a%0ab", "x%7F", "%c2%85",
        String(repeating: "a", count: 201), "a/" + String(repeating: "ä", count: 101),
        String(repeating: "abcd/", count: 102) + "abc",
    ])
    func hostilePathsAreRefused(text: String) {
        #expect(failure { _ = try StatePath(text) } == "invalid")
        #expect(failure { _ = try StateAddress("terraform/" + text) } == "invalid")
    }

    @Test(arguments: [
        "a", "zone/project/stage/region/terraform.tfstate", "...", "a..b", "..a", "a b", "-x", "~",
        "ä/ö", "%", "%zz", "100%", "a%20b", "%252e%252e", "a/@x", "@0000000001-00000000", "a\\b",
        "a:b*?\"<>|", "🙂", String(repeating: "a", count: 200),
        String(repeating: "abcd/", count: 102) + "ab",
    ])
    func ordinaryPathsAreTaken(text: String) throws {
        #expect(try StatePath(text).description == text)
        #expect(try StateAddress("terraform/\(text)").description == "terraform/\(text)")
    }

    @Test func pathsAreBytes() throws {
        let (composed, decomposed) = (try StatePath("caf\u{E9}"), try StatePath("cafe\u{301}"))
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(try StatePath("Z") < StatePath("a"))
    }

    @Test func addressesOfReceipts() throws {
        let address = try StateAddress("receipts/shop/dev/aws-lambda")
        #expect(address.kind == .receipt)
        #expect(address.path.description == "shop/dev/aws-lambda.state.json")
        #expect(address.description == "receipts/shop/dev/aws-lambda")
        for text in [
            "receipts/a/b", "receipts/a/b/c/d", "receipts/a//c", "receipts/../b/c", "receipts",
            "plans/x", "x", "", "/terraform/x", "Terraform/x",
        ] {
            #expect(failure { _ = try StateAddress(text) } == "invalid", "\(text)")
        }
        #expect(
            failure { _ = try StatePath.receipt(service: "a/b", stage: "c", provider: "d") }
                == "invalid")
    }
}
