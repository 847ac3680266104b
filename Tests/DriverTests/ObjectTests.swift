import Host
import TestSupport
import Testing

/// What goes in comes out.
@Suite struct ObjectTests {
    @Test(arguments: BuiltDriver.all)
    func bytesComeBackExactly(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        for (index, count) in sizes.enumerated() {
            let bytes = noise(count, seed: UInt64(index))
            let path = "size/\(count)"
            let info = try store.put(key(path), bytes, condition: .absent, anyCall())
            #expect(info.byteCount == UInt64(count))
            let read = try #require(try store.read(key(path), maxByteCount: count, anyCall()))
            #expect(read.bytes == bytes)
            #expect(read.info == info)
            #expect(try store.head(key(path), anyCall()) == info)
        }
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func sourcesMayHideTheirLength(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        for count in [0, 1, 65537, 1_048_577] {
            let bytes = noise(count)
            let source = StreamSource(bytes, piece: 7919)
            _ = try store.put(key("s"), from: source, condition: .none, anyCall())
            #expect(try store.read(key("s"), maxByteCount: count, anyCall())?.bytes == bytes)
        }
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func everyByteValueIsKept(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let samples: [[UInt8]] = [
            Array(0...255), Array("{\"a\": 1}\n".utf8), Array("\r\n".utf8), [0], [0xFF, 0xFE],
            Array(repeating: 0, count: 5000),
        ]
        for bytes in samples {
            _ = try store.put(key("b"), bytes, condition: .none, anyCall())
            #expect(try store.read(key("b"), maxByteCount: 5000, anyCall())?.bytes == bytes)
        }
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func attributesComeBackAndAreReplaced(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let rich = [
            "a": "", "sha256": String(repeating: "f", count: 64), "note": "é \"quoted\" = & ; 日本",
            "z-9": " spaces ", "long": String(repeating: "v", count: 900),
        ]
        for attributes in [rich, ["a": "1"], [:]] {
            let info = try store.put(
                key("a"), [1], condition: .none, attributes: attributes, anyCall())
            #expect(info.attributes == attributes)
            let head = try #require(try store.head(key("a"), anyCall()))
            #expect(head.attributes == attributes)
            #expect(head.writeID == info.writeID)
            let listing = Listing(collection: "things", wantsAttributes: true)
            #expect(try store.list(listing, anyCall()).map(\.info) == [head])
        }
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func rangesAreCutExactly(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let bytes = noise(200_000)
        _ = try store.put(key("r"), bytes, condition: .none, anyCall())
        let ranges: [(UInt64, UInt64)] = [
            (0, 1), (0, 0), (1, 1), (199_999, 1), (199_999, 9), (200_000, 1), (300_000, 5),
            (65_535, 2), (0, .max), (5, .max), (.max, .max), (100, 150_000),
        ]
        for (offset, length) in ranges {
            var read: [UInt8] = []
            let range = ByteRange(offset: offset, length: length)
            _ = try store.get(
                key("r"), range: range, anyCall(), begin: { #expect($0.byteCount == 200_000) },
                body: { read += $0 })
            let start = Int(min(offset, 200_000))
            #expect(
                read == Array(bytes[start..<(start + Int(min(length, UInt64(200_000 - start))))]))
        }
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func absentObjectsAreAbsent(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        #expect(try store.head(key("none"), anyCall()) == nil)
        #expect(try store.read(key("none"), maxByteCount: 1, anyCall()) == nil)
        #expect(try store.list(Listing(collection: "things"), anyCall()).isEmpty)
        try store.remove(key("none"), condition: .none, anyCall())
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func objectsSurviveReopening(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        var store = try place.open()
        let bytes = noise(70_000)
        let info = try store.put(
            key("a/b"), bytes, condition: .absent, attributes: ["k": "v"], anyCall())
        store.close(anyCall())
        store = try place.open()
        let read = try #require(try store.read(key("a/b"), maxByteCount: 70_000, anyCall()))
        #expect(read.info == info)
        #expect(read.bytes == bytes)
        // The version still serves as a condition.
        _ = try store.put(key("a/b"), [1], condition: .version(info.version), anyCall())
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func hostileNamesAreKeptApart(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        var expected: [String] = []
        for (index, path) in hostilePaths.enumerated() {
            do {
                _ = try store.put(key(path), Array("\(index)".utf8), condition: .absent, anyCall())
            } catch {
                Issue.record("\(path.debugDescription): \(error)")
                continue
            }
            expected.append(path)
        }
        for (index, path) in hostilePaths.enumerated() {
            let read = try store.read(key(path), maxByteCount: 9, anyCall())
            #expect(read?.bytes == Array("\(index)".utf8), "\(path.debugDescription)")
        }
        let listed = try store.list(Listing(collection: "things"), anyCall()).map(\.path)
        let sorted = expected.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        // Key by key, because text comparison would take two spellings of one letter for equal.
        let missing = Set(expected.map { key($0) }).subtracting(listed.map { key($0) })
        #expect(missing.isEmpty, "not listed: \(missing.map(\.path.debugDescription))")
        #expect(listed.map { key($0) } == sorted.map { key($0) })
        for path in expected { try store.remove(key(path), condition: .none, anyCall()) }
        #expect(try store.list(Listing(collection: "things"), anyCall()).isEmpty)
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func collectionsAndWorkspacesAreApart(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let keys = [
            ObjectKey(collection: "a", path: "p"), ObjectKey(collection: "b", path: "p"),
            ObjectKey(collection: "a", workspace: "w", path: "p"),
            ObjectKey(collection: "a", workspace: "W", path: "p"),
            ObjectKey(collection: "a", workspace: "w/x", path: "p"),
            ObjectKey(collection: "a", workspace: "w/x/p", path: "p"),
            ObjectKey(collection: "a", workspace: "/abs/../x", path: "p"),
            ObjectKey(collection: "a", workspace: ".", path: "p"),
            ObjectKey(collection: "a", workspace: "é'\"; drop table", path: "p"),
            ObjectKey(collection: "a", workspace: String(repeating: "w", count: 512), path: "p"),
        ]
        for (index, key) in keys.enumerated() {
            do {
                _ = try store.put(key, [UInt8(index)], condition: .absent, anyCall())
            } catch {
                Issue.record("\(key.workspace.debugDescription): \(error)")
            }
        }
        for (index, key) in keys.enumerated() {
            #expect(try store.read(key, maxByteCount: 1, anyCall())?.bytes == [UInt8(index)])
            let listing = Listing(collection: key.collection, workspace: key.workspace)
            #expect(try store.list(listing, anyCall()).map(\.path) == ["p"])
        }
        try store.remove(keys[2], condition: .none, anyCall())
        #expect(try store.head(keys[2], anyCall()) == nil)
        #expect(try store.head(keys[3], anyCall()) != nil)
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func capabilitiesAreDeclaredAndReported(driver: BuiltDriver) throws {
        let descriptor = try Place.host().driver(driver.id)
        #expect(descriptor.id == driver.id)
        #expect(!descriptor.options.isEmpty)
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let record = store.capabilityRecord
        for capability in record.probed.all where capability.level > .none {
            #expect(record.declared.supports(capability.id), "\(capability.id) is not declared")
        }
        // What the locks of the host stand on.
        #expect(store.capabilities.supports(Capabilities.conditionAbsent))
        #expect(store.capabilities.supports(Capabilities.conditionVersion))
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func theClockRunsForward(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let first = try #require(try store.ping(anyCall()))
        let second = try #require(try store.ping(anyCall()))
        #expect(first.domain == second.domain)
        #expect(first.domain.hasPrefix("boot:"))
        #expect(second.nowNanoseconds >= first.nowNanoseconds)
        #expect(abs(BootTime.now - second.nowNanoseconds) < 60_000_000_000)
        store.close(anyCall())
    }
}

private let sizes = [
    0, 1, 4096, 65535, 65536, 65537, 1_048_575, 1_048_576, 1_048_577, 5 * 1_048_576 + 1,
]

/// Names that trip up file systems, databases, shells and URLs; each is an object of its own.
private let hostilePaths: [String] = [
    "plain", "Plain", "PLAIN", "a", "a/b", "a/b/c", "a.b", "a-b", "a b", " a", "a ", ".a", "..a",
    "a..", "...", "-rf", "~", "~root", "$HOME", "`id`", "a;b", "a'b", "a\"b", "a\\b", "a:b", "a*b",
    "a?b", "a|b", "a<b>c", "a%b", "a%2fb", "a%00b", "%2e%2e", "a#b", "a&b=c", "a@b", "a,b", "a+b",
    "a.tmp", ".tmp", "a~", "a.lock", "a.db", "state.db-wal", "con", "NUL", "lost+found",
    "\u{E9}", "e\u{301}", "\u{FF0E}\u{FF0E}", "日本語", "🦊", "\u{202E}abc", "a\u{200B}b", "\u{FEFF}x",
    "\u{10FFFF}", "\u{85}", String(repeating: "x", count: 200), String(repeating: "é", count: 100),
    String(repeating: "🦊", count: 50),
    Array(repeating: String(repeating: "d", count: 127), count: 5).joined(separator: "/"),
    Array(repeating: "n", count: 320).joined(separator: "/"),
]
