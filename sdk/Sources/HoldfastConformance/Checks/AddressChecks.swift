internal import HoldfastLoader

// Keys and attributes up to what the interface allows.

/// Checks of where objects lie and what is kept with them.
enum AddressChecks {
    /// Writes different bytes under each path and reads all of them afterwards.
    private static func apart(_ run: CheckRun, _ paths: [String], _ bench: Bench? = nil) throws {
        let bench = try bench ?? run.bench()
        var written: [(path: String, bytes: [UInt8], info: ObjectInfo)] = []
        for path in paths {
            let bytes = run.random.bytes(16)
            do {
                written.append((path, bytes, try bench.put(path, bytes)))
            } catch let failure as DriverFailure {
                throw CheckFailure("put of the valid path \(shown(path)) fails: \(failure)")
            }
        }
        for (path, bytes, info) in written {
            try bench.expect(path, bytes, info, "beside other paths")
        }
        let listed = try bench.list().entries.map { Array($0.path.utf8) }
        for path in paths where !listed.contains(Array(path.utf8)) {
            throw CheckFailure("\(shown(path)) is there, but not in the listing")
        }
        for path in paths { try bench.remove(path) }
        for path in paths { try bench.expectAbsent(path, "after remove") }
    }

    static func characters(_ run: CheckRun) throws {
        try apart(
            run,
            [
                "%", "%%", "%2F", "%2f", "%00", "a%", "%2E", ".a", "..a", "...", "a.", "a..b",
                ".a/.b",
                " ", " a", "a ", "a b", "+", "a+b", "a?b", "a#b", "a&b=c", "a\\b", "'", "\"",
                "a'b\"c", "*", "a:b", "a;b", "<a>", "a|b", "~", "~a", "-", "--help", "$HOME", "`a`",
                "{a}", "[a]", "!", "@", "^", "_", "a,b", "(a)", "CON", "nul", "a.json", "a.tmp",
                "a.lock", "a.object", "lost+found", "日本語", "🙂", "ÿ", "\u{feff}a", "\u{10ffff}",
                "a\u{200b}b",
            ])
    }

    static func letterCase(_ run: CheckRun) throws {
        try apart(run, ["a", "A", "a/b", "A/b", "a/B", "straße", "STRASSE", "ı", "i", "I", "İ"])
    }

    static func unicodeForms(_ run: CheckRun) throws {
        try apart(
            run, ["caf\u{e9}", "cafe\u{301}", "\u{1e69}", "s\u{323}\u{307}", "\u{212b}", "\u{c5}"])
    }

    static func nested(_ run: CheckRun) throws {
        try apart(
            run, ["a", "a/b", "a/b/c", "a/b/c.json", "a.json", "a.json/b", "a.object", "a/b.x"])
    }

    static func long(_ run: CheckRun) throws {
        let part = String(repeating: "x", count: 200)
        let wide = String(repeating: "é", count: 100)
        let deep = Array(repeating: "d", count: 320).joined(separator: "/") + "e"
        try apart(
            run,
            [
                part, wide, "\(part)/\(part)/\(part)/" + String(repeating: "y", count: 37),
                "\(part)/\(part)/\(part)/" + String(repeating: "z", count: 37), deep,
            ])
    }

    static func separation(_ run: CheckRun) throws {
        let bench = try run.bench()
        let space = bench.space
        let other = run.random.word(10)
        let spaces = [
            space, .init(collection: space.collection + "-\(other)", workspace: space.workspace),
            .init(collection: space.collection, workspace: space.workspace + other),
            .init(collection: space.collection, workspace: space.workspace + "/\(other)"),
            .init(collection: space.collection, workspace: space.workspace + other.uppercased()),
        ]
        var written: [(Bench, [UInt8], ObjectInfo)] = []
        for space in spaces {
            let bench = Bench(store: bench.store, space: space)
            let bytes = run.random.bytes(16)
            written.append((bench, bytes, try bench.put("same/path", bytes)))
        }
        for (bench, bytes, info) in written {
            let name = "in \(bench.space.collection) of \"\(bench.space.workspace)\""
            try bench.expect("same/path", bytes, info, name)
            let count = try bench.list().entries.count
            try require(count == 1, "\(name) there are \(count) objects, not 1")
        }
        try written[0].0.remove("same/path")
        for (bench, bytes, info) in written.dropFirst() {
            try bench.expect("same/path", bytes, info, "after the same path elsewhere was removed")
        }
    }

    static func longWorkspace(_ run: CheckRun) throws {
        let bench = try run.bench()
        let word = run.random.word(8)
        for workspace in [
            word + String(repeating: "w", count: 504), word + String(repeating: "/w", count: 252),
            "/srv/\(word)/a b/%/..", word + String(repeating: "é", count: 252),
        ] {
            let space = Bench.Space(
                collection: bench.space.collection.prefix(24) + "-abcdefg", workspace: workspace)
            try apart(run, ["a", "b/c"], Bench(store: bench.store, space: space))
        }
    }

    /// Every printable character of ASCII, as a path, at either end of one and in a part.
    static func printable(_ run: CheckRun) throws {
        let all = (0x20...0x7e).map { Character(UnicodeScalar(UInt8($0))) }
            .filter { $0 != "/" }
        try apart(run, all.filter { $0 != "." }.map { "\($0)" })
        try apart(run, all.flatMap { ["ab\($0)", "\($0)cd"] })
        try apart(run, all.map { "part\($0)/\($0)end" })
        let separators = ["\u{a0}", "\u{2028}", "\u{2029}", "\u{202e}", "\u{2044}", "\u{ff0f}"]
        try apart(run, separators.map { "a\($0)b" } + ["\u{fffd}", "\u{ffff}", "a b", "a/b"])
    }

    /// Collections that differ in their last byte, or look like something else.
    static func collections(_ run: CheckRun) throws {
        let bench = try run.bench()
        let word = run.random.word(20)
        let names = [
            word + "-aaaaaaaaaaa", word + "-aaaaaaaaaab", word, word + "-", word + "--", word + "0",
            "a", "a-", "con", "nul", "index", "tmp", "locks",
        ]
        let path = "only/" + run.random.word(10)
        var written: [(Bench, [UInt8], ObjectInfo)] = []
        for name in names {
            let space = Bench.Space(collection: name, workspace: bench.space.workspace)
            let other = Bench(store: bench.store, space: space)
            let bytes = run.random.bytes(16)
            written.append((other, bytes, try other.put(path, bytes)))
        }
        for (other, bytes, info) in written {
            try other.expect(path, bytes, info, "in the collection \(other.space.collection)")
            let listed = try other.list("only/").entries.map(\.path)
            try require(
                listed.filter { $0 == path }.count == 1,
                "the collection \(other.space.collection) lists \(listed)")
        }
        for (other, _, _) in written { try other.remove(path) }
    }

    /// Workspaces of any characters, which a store must keep apart as they are.
    static func workspaces(_ run: CheckRun) throws {
        let bench = try run.bench()
        guard try !run.descriptor().isPlace || bench.space.workspace.isEmpty else { return }
        let word = run.random.word(8)
        let endings = [
            "", "/", "//", "/.", "/..", ".", " ", "%", "%2F", "+", "\\", ":", "'", "\"", ";", "é",
            "e\u{301}", "É", "\u{2028}", "\u{10ffff}",
        ]
        var written: [(Bench, [UInt8], ObjectInfo)] = []
        for ending in endings {
            let space = Bench.Space(
                collection: bench.space.collection, workspace: "\(word)\(ending)")
            let other = Bench(store: bench.store, space: space)
            let bytes = run.random.bytes(16)
            written.append((other, bytes, try other.put("same", bytes)))
        }
        for (other, bytes, info) in written {
            let name = "in the workspace \(shown(other.space.workspace))"
            try other.expect("same", bytes, info, name)
            let count = try other.list().entries.count
            try require(count == 1, "\(name) there are \(count) objects, not 1")
        }
    }

    // MARK: - Attributes

    private static func roundTrip(
        _ run: CheckRun, _ attributes: [Attribute], _ what: String
    ) throws {
        let bench = try run.bench()
        do { try bench.put("attributes", [1, 2, 3], attributes: attributes) } catch let failure
            as DriverFailure
        {
            throw CheckFailure("put with \(what) fails: \(failure)")
        }
        let found = try bench.head("attributes").attributes
        try require(
            found == attributes,
            "with \(what), \(found.count) attributes come back, not the \(attributes.count) of the put"
        )
    }

    static func attributes(_ run: CheckRun) throws {
        try roundTrip(run, [Attribute(name: "a", value: "b")], "one attribute")
        let several = [
            Attribute(name: "0", value: ""), Attribute(name: "a-b", value: "c d"),
            Attribute(name: "quote", value: "\"'\\%{}[],:;=&"),
            Attribute(name: "text", value: "grüß 日本 🙂\n\t\u{1}"),
        ]
        try roundTrip(run, several, "empty, quoted and non-ASCII values")
        try roundTrip(run, [Attribute(name: "z", value: "last")], "others than before")
        try roundTrip(run, [], "none after some")
    }

    static func attributesLimit(_ run: CheckRun) throws {
        let name = String(repeating: "n", count: 64)
        try roundTrip(
            run, [Attribute(name: name, value: String(repeating: "v", count: 1472))],
            "a name of 64 bytes and a value of 1472")
        let many = (0..<192).map { number in
            let digits = String(number)
            return Attribute(
                name: "n" + String(repeating: "0", count: 3 - digits.count) + digits, value: "vvvv")
        }
        try roundTrip(run, many, "192 attributes of 8 bytes")
    }
}
