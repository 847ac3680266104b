import Testing

@testable import holdfastd

@Suite("The target of a request")
struct RequestTargetTests {
    @Test("a plain path is taken apart and decoded once")
    func plain() throws {
        let target = try RequestTarget("/terraform/a%20b/c+d?ID=x%2By+z&version=1")
        #expect(target.parts == ["terraform", "a b", "c+d"])
        #expect(try target.queryValue("ID") == "x+y z")
        #expect(try target.queryValue("version") == "1")
        #expect(try target.queryValue("id") == nil)
    }

    @Test("the root has no parts")
    func root() throws { #expect(try RequestTarget("/").parts.isEmpty) }

    @Test(
        "a path with two readings is refused",
        arguments: [
            "", "terraform/a", "http://host/a", "*", "//a", "/a//b", "/a/", "/a/./b", "/a/../b",
            "/a/..",
            "/a/%2e%2e/b", "/a/%2E/b", "/a%2Fb", "/a%2fb", "/a%00b", "/a%0Ab", "/a%7F", "/a%",
            "/a%4",
            "/a%zz", "/%c3%28", "/a\\b", "/a b", "/a#b", "/\u{e9}", "/a?b#c",
        ])
    func refused(raw: String) {
        #expect(throws: APIError.self) { try RequestTarget(raw) }
    }

    @Test("a query item that comes twice is refused when it is asked for")
    func twice() throws {
        let target = try RequestTarget("/a?ID=1&ID=1&x=1&x=2")
        #expect(throws: APIError.self) { try target.queryValue("ID") }
    }
}
