import HoldfastDriver
import SharedObjects
import Testing

@Suite("Keys of a bucket")
struct ObjectNameTests {
    private func names(_ prefix: String) throws -> ObjectNames {
        try ObjectNames(prefix: prefix, option: "prefix")
    }

    private func key(
        _ names: ObjectNames, _ collection: String, _ path: String, workspace: String = ""
    ) -> String {
        names.key(ObjectKey(collection: collection, workspace: workspace, path: path))
    }

    @Test("Objects lie where people look for them")
    func layout() throws {
        let names = try names("/team/state/")
        #expect(
            key(names, "state", "svc/dev/aws.state.json") == "team/state/svc/dev/aws.state.json")
        #expect(key(names, "terraform", "a/b") == "team/state/terraform/a/b")
        #expect(key(names, "records", "a") == "team/state/.holdfast/records/a")
        #expect(key(names, "probe", "a") == "team/state/.holdfast/probe_/a")
        for path in [
            "a/b", "a/b/c", "a/b/c/d.state.json", ".holdfast/b/c.state.json",
            "terraform/b/c.state.json",
        ] {
            #expect(key(names, "state", path) == "team/state/.holdfast/state/\(path)")
        }
        #expect(
            key(names, "state", "s/d/p.state.json", workspace: "a/b")
                == "team/state/.holdfast/workspaces/a%2Fb/state/s/d/p.state.json")
        let long = key(names, "a", "b", workspace: String(repeating: "w", count: 28))
        #expect(long.hasPrefix("team/state/.holdfast/workspaces/~"))
        #expect(names.scratchKey("x") == "team/state/.holdfast/probe/x")
    }

    @Test("The longest key has 1024 bytes")
    func longest() throws {
        let names = try names(String(repeating: "p", count: 300))
        let part = String(repeating: "x", count: 200)
        let path = "\(part)/\(part)/\(part)/" + String(repeating: "y", count: 37)
        let collection = String(repeating: "c", count: 32)
        for workspace in [
            String(repeating: "w", count: 27), String(repeating: "w", count: 512),
            String(repeating: "/", count: 10),
        ] {
            let key = key(names, collection, path, workspace: workspace)
            #expect(key.utf8.count <= 1024)
            #expect(names.path(ofKey: key, collection, workspace) == path)
        }
    }

    @Test(
        "A prefix that is none is refused",
        arguments: ["a//b", "a/./b", "..", "a\u{1}b", String(repeating: "x", count: 301)])
    func prefixes(prefix: String) {
        let error = #expect(throws: DriverError.self) { try names(prefix) }
        #expect(error?.code == .invalid)
        #expect(error?.message.contains("prefix") == true)
    }

    private static let parts = [
        "a", "a-", "a.b", ".holdfast", "terraform", ".holdfast0", "terraform0", "zz", "é", "probe",
        "workspaces", "x.state.json", ".state.json", "A", "~", "%2F", "state", "records",
    ]
    private static let collections = [
        "state", "terraform", "records", "probe", "workspaces", "a", "locks", "terraform-versions",
    ]

    private func object(_ random: inout Xorshift) -> ObjectKey {
        let count = Int.random(in: 1...4, using: &random)
        let parts = (0..<count).map { _ in Self.parts.randomElement(using: &random) ?? "a" }
        let workspaces = [
            "", "", "a", "a/b", "a%2Fb", ".", "..", "~", String(repeating: "é", count: 100),
        ]
        return ObjectKey(
            collection: Self.collections.randomElement(using: &random) ?? "a",
            workspace: workspaces.randomElement(using: &random) ?? "",
            path: parts.joined(separator: "/"))
    }

    @Test("Different objects have different keys, and a key tells its object")
    func injective() throws {
        let seed = UInt64.random(in: 0...(.max))
        print("seed of the keys: \(seed)")
        var random = Xorshift(seed)
        let names = try names("p")
        var seen: [String: ObjectKey] = [:]
        for _ in 0..<20_000 {
            let object = object(&random)
            let key = names.key(object)
            #expect(seen[key] == nil || seen[key] == object, "\(key)")
            seen[key] = object
            #expect(names.path(ofKey: key, object.collection, object.workspace) == object.path)
            for collection in Self.collections where collection != object.collection {
                #expect(names.path(ofKey: key, collection, object.workspace) == nil)
            }
        }
    }

    /// Lists a bucket in pages, as the services do, and counts the keys that were sent.
    private func list(
        _ names: ObjectNames, _ bucket: [String], _ request: ListRequest, page: Int,
        _ sent: inout Int
    ) throws -> [String] {
        var count = 0
        defer { sent += count }
        var listing = ObjectListing<Int>(names, request) { range, token, _ throws(DriverError) in
            let after = token ?? range.after
            let found = bucket.filter {
                $0.utf8.starts(with: range.prefix.utf8)
                    && after.utf8.lexicographicallyPrecedes($0.utf8)
            }
            let items = found.prefix(page).map { ($0, 0) }
            count += items.count
            return KeyPage(items: items, next: found.count > page ? items.last?.0 : nil)
        }
        var paths: [String] = []
        while paths.count < request.limit, let entry = try listing.next() {
            #expect(
                names.key(
                    ObjectKey(
                        collection: request.collection, workspace: request.workspace,
                        path: entry.path))
                    == entry.key)
            paths.append(entry.path)
        }
        return paths
    }

    @Test("Listings are those of a sorted list of paths", arguments: ["", "p", "q/r"])
    func listings(prefix: String) throws {
        let seed = UInt64.random(in: 0...(.max))
        print("seed of the listings: \(seed)")
        var random = Xorshift(seed)
        let names = try names(prefix)
        let objects = Set((0..<400).map { _ in object(&random) })
        var bucket = objects.map { names.key($0) }
        bucket += ["", "stranger", "a//b", "zz/", ".holdfast0/a/b.state.json"].map {
            names.prefix + $0
        }
        bucket = Set(bucket).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let starts = [
            "", "a", ".", ".h", ".holdfast/", "t", "terraform", "terraform/", "z", "é", "%",
        ]
        for _ in 0..<400 {
            let sample = object(&random)
            let request = ListRequest(
                collection: sample.collection, workspace: sample.workspace,
                prefix: starts.randomElement(using: &random) ?? "",
                startAfter: Bool.random(using: &random) ? sample.path : "",
                limit: [1, 5, 1000].randomElement(using: &random) ?? 1, wantsAttributes: false)
            let all = objects.filter {
                $0.collection == request.collection && $0.workspace == request.workspace
            }.map(\.path)
            let extra =
                request.collection == "state" && request.workspace.isEmpty
                ? [".holdfast0/a/b.state.json"] : []
            let wanted = Set(all + extra).filter {
                $0.utf8.starts(with: request.prefix.utf8)
                    && (request.startAfter.isEmpty
                        || request.startAfter.utf8.lexicographicallyPrecedes($0.utf8))
            }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(request.limit)
            var sent = 0
            #expect(try list(names, bucket, request, page: 7, &sent) == Array(wanted), "\(request)")
        }
    }

    @Test("The folders of other collections are stepped over, not read")
    func seeking() throws {
        let names = try names("p")
        let others = (0..<5000).flatMap { ["p/.holdfast/records/\($0)", "p/terraform/\($0)"] }
        let bucket = (others + ["p/a/b/c.state.json", "p/z/b/c.state.json"]).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        let request = ListRequest(
            collection: "state", workspace: "", prefix: "", startAfter: "", limit: 10_000,
            wantsAttributes: false)
        var sent = 0
        let paths = try list(names, bucket, request, page: 100, &sent)
        #expect(paths == ["a/b/c.state.json", "z/b/c.state.json"])
        #expect(sent < 400)
    }
}
