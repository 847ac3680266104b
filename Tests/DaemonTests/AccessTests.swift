import HTTPTypes
import Testing

@testable import holdfastd

@Suite("Who may ask")
struct AccessTests {
    private let rule = HostRule(boundAddress: "127.0.0.1", allowedNames: ["State.example.com"])

    @Test(
        "a known Host passes",
        arguments: [
            "localhost", "LOCALHOST:8766", "127.0.0.1:1", "[::1]:8766", "[::1]", "localhost.",
            "state.example.com:443",
        ])
    func knownHost(host: String) throws { try rule.check(host: host, origin: nil) }

    @Test(
        "an unknown Host is refused",
        arguments: [
            "evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost@evil.example", "[::2]",
        ])
    func unknownHost(host: String) throws {
        let error = #expect(throws: APIError.self) { try rule.check(host: host, origin: nil) }
        #expect(error?.status.code == 403)
    }

    @Test("no Host is a bad request")
    func noHost() {
        let error = #expect(throws: APIError.self) { try rule.check(host: nil, origin: nil) }
        #expect(error?.status.code == 400)
    }

    @Test("a wildcard address takes any IP address, and no name")
    func wildcard() throws {
        let rule = HostRule(boundAddress: "0.0.0.0", allowedNames: [])
        try rule.check(host: "10.1.2.3:8766", origin: nil)
        #expect(throws: APIError.self) { try rule.check(host: "evil.example", origin: nil) }
    }

    @Test("an Origin is our own, or that of a name the operator allowed")
    func origins() throws {
        try rule.check(host: "localhost:8766", origin: "http://localhost:8766")
        try rule.check(host: "localhost:8766", origin: "https://state.example.com")
        for origin in [
            "null", "http://localhost:3000", "http://evil.example", "localhost:8766", "",
        ] {
            let error = #expect(throws: APIError.self) {
                try rule.check(host: "localhost:8766", origin: origin)
            }
            #expect(error?.status.code == 403)
        }
    }

    @Test(
        "the right key passes in each of its places",
        arguments: [
            HTTPFields([HTTPField(name: .apiKey, value: "s:e cret")]),
            [.authorization: "Bearer s:e cret"], [.authorization: "bearer  s:e cret"],
            // any:s:e cret, and :s:e cret
            [.authorization: "Basic YW55OnM6ZSBjcmV0"], [.authorization: "BASIC OnM6ZSBjcmV0"],
        ])
    func rightKey(headers: HTTPFields) throws { try KeyGuard(key: "s:e cret").check(headers) }

    @Test("no key is 401, a wrong one 403")
    func wrongKeys() {
        let keyGuard = KeyGuard(key: "secret")
        let cases: [(HTTPFields, Int)] = [
            ([:], 401), ([.authorization: "Digest x"], 401), ([.authorization: "Basic !"], 401),
            ([.authorization: "Bearer secre"], 403), ([.apiKey: ""], 403),
            ([.apiKey: "secret "], 403),
            ([.apiKey: "no", .authorization: "Bearer secret"], 403),
        ]
        for (headers, status) in cases {
            let error = #expect(throws: APIError.self) { try keyGuard.check(headers) }
            #expect(error?.status.code == status, "\(headers)")
        }
    }

    @Test("a key that was replaced is wrong")
    func replacedKey() throws {
        let keyGuard = KeyGuard(key: "old")
        keyGuard.replaceKey(by: "new")
        try keyGuard.check([.apiKey: "new"])
        #expect(throws: APIError.self) { try keyGuard.check([.apiKey: "old"]) }
    }

    @Test("ranges hold their addresses and no others")
    func ranges() throws {
        let cases: [(String, String, Bool)] = [
            ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.5", "10.0.0.5", true), ("10.0.0.5", "10.0.0.6", false),
            ("10.0.0.128/25", "10.0.0.127", false), ("0.0.0.0/0", "1.2.3.4", true),
            ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true), ("0.0.0.0/0", "::1", false),
        ]
        for (range, address, isInside) in cases {
            let range = try #require(AddressRange(range))
            #expect(range.contains(try #require(IPAddress(address))) == isInside, "\(address)")
        }
        for text in [
            "", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "name", "fd00::/129",
        ] {
            #expect(AddressRange(text) == nil, "\(text)")
        }
    }

    @Test("only loopback needs no key")
    func exposure() throws {
        for address in ["127.0.0.1", "127.9.9.9", "::1", "localhost"] {
            #expect(
                try ExposureRule.check(address: address, hasKey: false, isInsecure: false) == nil)
        }
        for address in ["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::2"] {
            let failure = #expect(throws: StartupFailure.self) {
                try ExposureRule.check(address: address, hasKey: false, isInsecure: false)
            }
            #expect(failure?.status == 2)
            #expect(
                try ExposureRule.check(address: address, hasKey: true, isInsecure: false) != nil)
            #expect(
                try ExposureRule.check(address: address, hasKey: false, isInsecure: true) != nil)
        }
    }
}
