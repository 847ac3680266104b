internal import CHoldfast
internal import HoldfastLoader

// Listing, against a model that is a sorted array.

/// Checks of listing.
enum ListChecks {
    private static let objectCount = 240

    /// What the listing must say.
    private struct Model {
        var infos: [String: ObjectInfo] = [:]
        var paths: [String] = []

        init(_ infos: [String: ObjectInfo]) {
            self.infos = infos
            paths = infos.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }

        func list(_ prefix: String, after: String, limit: Int) -> [String] {
            Array(
                paths.lazy.filter {
                    $0.utf8.starts(with: prefix.utf8)
                        && after.utf8.lexicographicallyPrecedes($0.utf8)
                }.prefix(limit))
        }
    }

    /// Fills a collection with paths that share parts, prefixes and characters around the slash.
    private static func fill(_ run: CheckRun, _ count: Int = objectCount) throws -> Model {
        let bench = try run.bench()
        let parts = ["a", "a-", "a.b", "a0", "ab", "b", "é", "z", "%", "A", "~"]
        var infos: [String: ObjectInfo] = [:]
        while infos.count < count {
            let depth = Int.random(in: 1...4, using: &run.random)
            let path = (0..<depth).map { _ in parts.randomElement(using: &run.random) ?? "a" }
                .joined(separator: "/")
            let bytes = run.random.bytes(Int.random(in: 0...20, using: &run.random))
            infos[path] = try bench.put(
                path, bytes, attributes: [Attribute(name: "path", value: path)])
        }
        return Model(infos)
    }

    private static func expect(
        _ bench: Bench, _ model: Model, _ prefix: String, after: String, limit: Int
    ) throws {
        let (entries, outcome) = try bench.list(prefix, after: after, limit: UInt32(limit))
        let (found, wanted) = (entries.map(\.path), model.list(prefix, after: after, limit: limit))
        let words = "list of prefix \"\(prefix)\" after \"\(after)\", at most \(limit),"
        if let wrong = zip(found, wanted).first(where: { !$0.utf8.elementsEqual($1.utf8) }) {
            throw CheckFailure("\(words) gives \"\(wrong.0)\" where \"\(wrong.1)\" comes next")
        }
        try require(
            found.count == wanted.count, "\(words) gives \(found.count) of \(wanted.count) objects")
        try require(
            (outcome == .end) == (wanted.count < limit), "\(words) ends with \(outcome)")
    }

    static func all(_ run: CheckRun) throws {
        let model = try fill(run)
        try expect(try run.bench(), model, "", after: "", limit: 10_000)
    }

    static func empty(_ run: CheckRun) throws {
        let bench = try run.bench()
        try expect(bench, Model([:]), "", after: "", limit: 10)
        try bench.put("one", [1])
        try expect(bench, Model([:]), "two", after: "", limit: 10)
        try bench.remove("one")
        try expect(bench, Model([:]), "", after: "", limit: 10)
    }

    static func prefixes(_ run: CheckRun) throws {
        let model = try fill(run)
        let bench = try run.bench()
        for prefix in ["a", "a/", "a-", "a.", "ab", "a/a", "a/a/", "é", "\u{c3}", "~", "none", "%"]
        {
            try expect(bench, model, prefix, after: "", limit: 10_000)
        }
        for path in model.paths.prefix(40) {
            try expect(bench, model, path, after: "", limit: 10_000)
            try expect(bench, model, path + "/", after: "", limit: 10_000)
        }
    }

    static func startAfter(_ run: CheckRun) throws {
        let model = try fill(run)
        let bench = try run.bench()
        for path in model.paths.prefix(60) {
            try expect(bench, model, "", after: path, limit: 10_000)
        }
        for after in ["a/", "a/b", "a.", "0", "zz", "~~~", "\u{10ffff}"] {
            try expect(bench, model, "", after: after, limit: 10_000)
            try expect(bench, model, "a", after: after, limit: 5)
        }
    }

    static func limits(_ run: CheckRun) throws {
        let model = try fill(run)
        let bench = try run.bench()
        let count = model.paths.count
        for limit in [1, 2, 3, 7, 63, 64, 65, 100, count - 1, count, count + 1] {
            try expect(bench, model, "", after: "", limit: limit)
        }
    }

    static func pages(_ run: CheckRun) throws {
        let model = try fill(run)
        let bench = try run.bench()
        for size in [1, 2, 7] {
            var found: [String] = []
            var page: [Entry]
            repeat {
                page = try bench.list(after: found.last ?? "", limit: UInt32(size)).entries
                found += page.map(\.path)
            } while page.count == size && found.count <= model.paths.count
            try require(
                found == model.paths,
                "pages of \(size) give \(found.count) of \(model.paths.count) objects, or others",
                do: "send what sorts after start_after by bytes, and nothing twice")
        }
    }

    static func random(_ run: CheckRun) throws {
        let model = try fill(run, 120)
        let bench = try run.bench()
        for _ in 0..<150 {
            let path = model.paths.randomElement(using: &run.random) ?? "a"
            let prefix = String(
                path.unicodeScalars.prefix(Int.random(in: 0...6, using: &run.random)))
            let after = model.paths.randomElement(using: &run.random) ?? "a"
            try expect(
                bench, model, prefix, after: Bool.random(using: &run.random) ? after : "",
                limit: Int.random(in: 1...20, using: &run.random))
        }
    }

    static func infos(_ run: CheckRun) throws {
        let model = try fill(run, 60)
        for entry in try run.bench().list().entries {
            guard let info = model.infos[entry.path] else { continue }
            try require(
                [info.version, .unlisted].contains(entry.info.version)
                    && entry.info.byteCount == info.byteCount,
                "the entry of \(shown(entry.path)) has another version or size than its put reported"
            )
            try require(
                entry.info.attributes.isEmpty,
                "entries carry attributes although the request did not ask for them")
        }
    }

    static func attributes(_ run: CheckRun) throws {
        let model = try fill(run, 60)
        let bench = try run.bench()
        try run.needs("list.attributes", attempt: { _ = try bench.list(wantsAttributes: true) })
        let entries = try bench.list(wantsAttributes: true).entries
        try require(entries.count == model.paths.count, "with attributes, other entries are listed")
        for entry in entries {
            try require(
                entry.info.attributes == [Attribute(name: "path", value: entry.path)]
                    && entry.info.version == model.infos[entry.path]?.version,
                "the entry of \(shown(entry.path)) has other attributes or another version than its put"
            )
        }
    }

    static func stops(_ run: CheckRun) throws {
        let session = try RawSession(run)
        try require(session.open().status == HOLDFAST_OK, "open fails")
        for number in 0..<300 {
            let put = session.put(.init(path: "entry/\(number)", bytes: [], length: 0))
            try require(put.status == HOLDFAST_OK, "put answers \(put.words)")
        }
        var calls = 0
        let stopped = session.list(limit: 1000) { _ in
            calls += 1
            return HOLDFAST_STOPPED
        }
        try require(
            stopped.status == HOLDFAST_STOPPED && stopped.report == nil,
            "list answers \(stopped.words) when its sink stops at the first entries",
            do: "return HOLDFAST_STOPPED, without a call of fail")
        try require(
            calls == 1, "list calls a sink \(calls - 1) times more that stopped",
            do: "stop at once when a sink does not return HOLDFAST_OK")
        var count = 0
        let listed = session.list(limit: 1000) { entries in
            count += entries
            return HOLDFAST_OK
        }
        try require(
            listed.status == HOLDFAST_OK && count == 300,
            "the next list answers \(listed.words) after \(count) of 300 entries")
        try session.finish()
    }

    static func follows(_ run: CheckRun) throws {
        var infos = try fill(run, 40).infos
        let bench = try run.bench()
        for path in infos.keys.sorted().prefix(20) {
            try bench.remove(path)
            infos[path] = nil
            try expect(bench, Model(infos), "", after: "", limit: 1000)
        }
        infos["a/new"] = try bench.put("a/new", [])
        try expect(bench, Model(infos), "", after: "", limit: 1000)
    }
}
