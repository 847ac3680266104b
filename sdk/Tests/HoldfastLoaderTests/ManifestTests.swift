import HoldfastLoader
import SDKTestSupport
import Testing

@Suite("Manifest") struct ManifestTests {
    private func read(_ text: String) throws(LoaderError) -> DriverManifest {
        try DriverManifest(text: Array(text.utf8), path: "driver.toml")
    }

    @Test("a complete manifest is read") func complete() throws {
        let manifest = try read(DriverFixture.goodManifest)
        #expect(manifest.id == "memory")
        #expect(manifest.license == "Apache-2.0")
        #expect((manifest.abiMajor, manifest.draft, manifest.behaviour) == (1, 5, 1))
        #expect(manifest.library == "driver.so")
        #expect(manifest.needed == ["libexample.so.1"])
        #expect(manifest.threads == .parallel)
        #expect(manifest.isolation == .inProcess)
    }

    @Test("spaces, comments, escapes and Windows line ends are read") func forms() throws {
        var text = DriverFixture.goodManifest
        text.replace("name = \"Memory\"", with: "\tname=\"a \\\"b\\\" \\\\ # é\"  # comment")
        text.replace("[library]", with: " [ library ] # comment")
        text.replace("singletons = []", with: "singletons = [ \"a\" , \"b\", ]")
        text.replace("\n", with: "\r\n")
        let manifest = try read(text)
        #expect(manifest.name == "a \"b\" \\ # é")
        #expect(manifest.singletons == ["a", "b"])
    }

    @Test(
        "a wrong manifest is refused, with the line and the reason",
        arguments: [
            ("manifest_version = 1", "manifest_version = 2", "driver.toml:2", "not 2"),
            ("manifest_version = 1", "", "driver.toml", "manifest_version is missing"),
            ("manifest_version = 1", "manifest_version = 01", "driver.toml:2", "not an integer"),
            ("manifest_version = 1", "manifest_version = -1", "driver.toml:2", "not a value"),
            (
                "manifest_version = 1", "manifest_version = 99999999999999999999", "driver.toml:2",
                "not an integer"
            ),
            ("id = \"memory\"", "id = \"Memory\"", "driver.toml:5", "starting with a letter"),
            ("id = \"memory\"", "id = \"\"", "driver.toml:5", "not text"),
            ("id = \"memory\"", "id = memory", "driver.toml:5", "double quotes"),
            ("id = \"memory\"", "id = 'memory'", "driver.toml:5", "double quotes"),
            ("id = \"memory\"", "id = \"memory", "driver.toml:5", "does not end"),
            ("id = \"memory\"", "id = \"mem\\nory\"", "driver.toml:5", "backslash"),
            ("id = \"memory\"", "id = \"mem\u{1}\"", "driver.toml:5", "control character"),
            ("id = \"memory\"", "id = \"memory\" x", "driver.toml:5", "after the value"),
            ("id = \"memory\"", "id \"memory\"", "driver.toml:5", "followed by ="),
            ("id = \"memory\"", "id = \"memory\"\nid = \"b\"", "driver.toml:6", "given twice"),
            ("name = \"Memory\"", "nane = \"Memory\"", "driver.toml", "driver.name is missing"),
            ("name = \"Memory\"", "name = \"M\"\ncolour = 1", "driver.toml:7", "not a key"),
            ("[abi]", "[abi", "driver.toml:12", "does not end with ]"),
            ("[abi]", "[driver]", "driver.toml:12", "appears twice"),
            ("[abi]", "[[abi]]", "driver.toml:12", "name of a-z"),
            ("[abi]", "[a.bi]", "driver.toml:12", "[a.bi] is no table of"),
            ("[abi]", "[abi.x.y]", "driver.toml:12", "does not end with ]"),
            ("[abi]", "[extra]\n[abi]", "driver.toml:12", "[extra] is no table of"),
            ("draft = 5", "draft = 5294967296", "driver.toml:15", "too large"),
            ("draft = 5", "draft = \"5\"", "driver.toml:15", "not an integer"),
            ("path = \"driver.so\"", "path = \"../driver.so\"", "driver.toml:19", "beside"),
            ("path = \"driver.so\"", "path = \"/driver.so\"", "driver.toml:19", "beside"),
            ("path = \"driver.so\"", "path = \"..\"", "driver.toml:19", "beside"),
            ("[\"libexample.so.1\"]", "\"libexample.so.1\"", "driver.toml:20", "not a list"),
            ("[\"libexample.so.1\"]", "[\"a\" \"b\"]", "driver.toml:20", "comma"),
            ("[\"libexample.so.1\"]", "[1]", "driver.toml:20", "holds strings"),
            ("[\"libexample.so.1\"]", "[\"a\",", "driver.toml:20", "ends on its line"),
            ("\"parallel\"", "\"many\"", "driver.toml:24", "none of"),
            ("\"parallel\"", "true", "driver.toml:24", "not text"),
            ("\"in-process\"", "\"thread\"", "driver.toml:28", "isolation.default"),
        ])
    func wrong(_ old: String, _ new: String, _ path: String, _ reason: String) throws {
        var text = DriverFixture.goodManifest
        text.replace(old, with: new)
        let error = try #require(throws: LoaderError.self) { try read(text) }
        #expect(error.code == .manifest)
        #expect(error.path == path)
        #expect(error.message.contains(reason), "\(error)")
    }

    @Test("a manifest that is too large or not UTF-8 is refused") func bytes() {
        let large = DriverFixture.goodManifest + String(repeating: "#", count: 64 * 1024)
        #expect(throws: LoaderError.self) { try read(large) }
        #expect(throws: LoaderError.self) {
            try DriverManifest(text: Array("# \u{e9}".utf8.dropLast()), path: "x")
        }
    }

    @Test("spoilt manifests never crash", arguments: [UInt64(1), 2, 3])
    func spoilt(seed: UInt64) {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let good = Array(DriverFixture.goodManifest.utf8)
        let bytes = Array("[]\"\\=#,\n\r\t \u{0}0a\u{ff}".utf8)
        for _ in 0..<2000 {
            var text = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text[at] = bytes[Int.random(in: 0..<bytes.count, using: &random)]
                case 1: text.remove(at: at)
                default: text.removeSubrange(at...)
                }
                if text.isEmpty { break }
            }
            _ = try? DriverManifest(text: text, path: "driver.toml")
        }
    }
}
