import SharedAzure
import Testing

@Suite("Azure: names of blobs")
struct BlobNameTests {
    @Test(
        "Ordinary keys are their own names",
        arguments: [
            "shop/dev/aws-lambda.state.json", "p/.holdfast/terraform-versions/net/@0001-ab",
            "a b/é~",
            "x.tfstate", "a..b".replacing("..", with: "."), "漢字/~!@$&'()*+,;=:%25",
        ])
    func plain(key: String) {
        #expect(BlobName.name(ofKey: key) == key)
        #expect(BlobName.key(ofName: key) == key)
    }

    @Test(
        "What the service would change is written otherwise",
        arguments: [
            ("a.", "a.!"), ("a./b", "a.-/b"), ("a../b", "a.#.-/b"), ("a. b", "a.# b"),
            ("a\\b", "a[1b"), ("[a]", "[0a]"), ("..a", ".#.a"),
        ])
    func changed(key: String, name: String) {
        #expect(BlobName.name(ofKey: key) == name)
        #expect(BlobName.key(ofName: name) == key)
    }

    @Test(
        "Names that no key has",
        arguments: ["a.", "a./b", "[", "[2", "a.!b", "a.#b", "\u{d7a3}", "😀", "a.-b"])
    func foreign(name: String) { #expect(BlobName.key(ofName: name) == nil) }

    private static let letters: [Unicode.Scalar] = [
        ".", ".", "/", "/", "\\", "[", "]", " ", "!", "#", "-", "0", "a", "z", "~", "é", "\u{d7a2}",
        "\u{d7a3}", "\u{e000}", "\u{fffd}", "\u{fffe}", "\u{ffff}", "\u{10000}", "😀", "\u{10ffff}",
    ]

    private func key(_ random: inout Xorshift, most: Int) -> String {
        var key = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 1...most, using: &random) {
            key.append(Self.letters.randomElement(using: &random) ?? "a")
        }
        return String(key)
    }

    @Test(
        "Any keys: reversible, in one order by UTF-8 and UTF-16, nothing that the service changes")
    func properties() {
        let seed = UInt64.random(in: 0...(.max))
        print("seed of the names: \(seed)")
        var random = Xorshift(seed)
        for _ in 0..<30_000 {
            let (first, second) = (key(&random, most: 7), key(&random, most: 7))
            let (one, other) = (BlobName.name(ofKey: first), BlobName.name(ofKey: second))
            #expect(BlobName.key(ofName: one)?.utf8.elementsEqual(first.utf8) == true, "\(first)")
            let isBefore = first.utf8.lexicographicallyPrecedes(second.utf8)
            #expect(
                one.utf8.lexicographicallyPrecedes(other.utf8) == isBefore, "\(first) \(second)")
            #expect(one.utf16.lexicographicallyPrecedes(other.utf16) == isBefore)
            let isInside = second.utf8.starts(with: first.utf8)
            let prefix = BlobName.prefix(ofPrefix: first)
            #expect(other.utf8.starts(with: prefix.utf8) == isInside, "\(first) \(second)")
            check(one)
        }
    }

    @Test("Keys of very many parts")
    func deep() {
        let seed = UInt64.random(in: 0...(.max))
        print("seed of the deep names: \(seed)")
        var random = Xorshift(seed)
        let start = String(repeating: "a/", count: 199)
        for _ in 0..<3000 {
            let first = start + key(&random, most: 12)
            let second = start + key(&random, most: 12)
            let (one, other) = (BlobName.name(ofKey: first), BlobName.name(ofKey: second))
            #expect(BlobName.key(ofName: one)?.utf8.elementsEqual(first.utf8) == true)
            let isBefore = first.utf8.lexicographicallyPrecedes(second.utf8)
            #expect(
                one.utf8.lexicographicallyPrecedes(other.utf8) == isBefore, "\(first) \(second)")
            check(one)
        }
        let longest = String(repeating: "a/", count: 319) + "ab"
        #expect(BlobName.fits(BlobName.name(ofKey: longest)))
        check(BlobName.name(ofKey: longest))
    }

    private func check(_ name: String) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        #expect(parts.count <= 254)
        #expect(!parts.contains { $0.utf8.last == UInt8(ascii: ".") }, "\(name)")
        #expect(!name.utf8.contains(UInt8(ascii: "\\")))
        #expect(!name.unicodeScalars.contains { $0.value > 0xd7a3 })
    }
}
