import Host
import TestSupport
import Testing

/// Listings against a model.
@Suite struct ListingTests {
    private let words = ["a", "b", "ab", "a-", "a.", "A", "z", "é", "a b", "0"]

    /// Random writes and removals, then random listings in pages of all sizes.
    @Test(arguments: BuiltDriver.all)
    func listingsFollowTheModel(driver: BuiltDriver) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("\(driver): seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        var model: [[UInt8]: ObjectInfo] = [:]
        for _ in 0..<250 {
            let path = randomPath(&random)
            if Int.random(in: 0..<4, using: &random) == 0 {
                try store.remove(key(path), condition: .none, anyCall())
                model[Array(path.utf8)] = nil
            } else {
                model[Array(path.utf8)] = try store.put(
                    key(path), noise(Int.random(in: 0..<50, using: &random)), condition: .none,
                    attributes: ["n": "\(random.next())"], anyCall())
            }
        }
        for _ in 0..<60 {
            let prefix = randomPrefix(&random)
            let start = Bool.random(using: &random) ? "" : randomPath(&random)
            let limit = [1, 2, 3, 7, 1000].randomElement(using: &random) ?? 1
            let attributes = Bool.random(using: &random)
            var listed: [Entry] = []
            try store.forEachEntry(
                Listing(
                    collection: "things", prefix: prefix, startAfter: start, limit: limit,
                    wantsAttributes: attributes), anyCall()
            ) {
                listed.append($0)
                return true
            }
            let expected = model.keys
                .filter {
                    $0.starts(with: prefix.utf8) && start.utf8.lexicographicallyPrecedes($0)
                }
                .sorted { $0.lexicographicallyPrecedes($1) }
            #expect(
                listed.map { Array($0.path.utf8) } == expected,
                "prefix \(prefix.debugDescription), after \(start.debugDescription), \(limit)")
            for entry in listed { check(entry, model[Array(entry.path.utf8)], attributes) }
        }
        store.close(anyCall())
    }

    private func check(_ entry: Entry, _ expected: ObjectInfo?, _ hasAttributes: Bool) {
        #expect(entry.info.version == expected?.version)
        #expect(entry.info.byteCount == expected?.byteCount)
        if hasAttributes {
            #expect(entry.info.attributes == expected?.attributes)
            #expect(entry.info.writeID == expected?.writeID)
        }
    }

    private func randomPath(_ random: inout SeededGenerator) -> String {
        (0..<Int.random(in: 1...3, using: &random))
            .map { _ in words.randomElement(using: &random) ?? "a" }.joined(separator: "/")
    }

    /// The start of a path, cut between two characters wherever.
    private func randomPrefix(_ random: inout SeededGenerator) -> String {
        let path = randomPath(&random)
        return String(path.prefix(Int.random(in: 0...path.count, using: &random)))
    }

    @Test(arguments: BuiltDriver.all)
    func anObjectMayHaveTheNameOfAFolder(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let orders = [["a", "a/b", "a/b/c"], ["a/b/c", "a/b", "a"], ["a/b", "a", "a/b/c"]]
        for order in orders {
            for path in order {
                _ = try store.put(key(path), Array(path.utf8), condition: .absent, anyCall())
            }
            for path in order {
                let read = try store.read(key(path), maxByteCount: 9, anyCall())
                #expect(read?.bytes == Array(path.utf8))
            }
            let listing = Listing(collection: "things")
            #expect(try store.list(listing, anyCall()).map(\.path) == ["a", "a/b", "a/b/c"])
            // Removing the one in the middle leaves the others.
            try store.remove(key("a/b"), condition: .none, anyCall())
            #expect(try store.list(listing, anyCall()).map(\.path) == ["a", "a/b/c"])
            for path in order { try store.remove(key(path), condition: .none, anyCall()) }
            #expect(try store.list(listing, anyCall()).isEmpty)
        }
        store.close(anyCall())
    }

    /// Bytes decide: `-` and `.` sort before `/`, so `a-` and `a.` come between `a` and `a/b`.
    @Test(arguments: BuiltDriver.all)
    func theOrderIsThatOfBytes(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let sorted = ["A", "a", "a b", "a-", "a-/x", "a.", "a/", "a/b", "a0", "aé", "b", "é", "日"]
            .filter { !$0.hasSuffix("/") }
        for path in sorted.reversed() {
            _ = try store.put(key(path), [], condition: .absent, anyCall())
        }
        for limit in [1, 2, 5, 100] {
            var listed: [String] = []
            try store.forEachEntry(Listing(collection: "things", limit: limit), anyCall()) {
                listed.append($0.path)
                return true
            }
            #expect(listed == sorted, "pages of \(limit)")
        }
        store.close(anyCall())
    }
}
