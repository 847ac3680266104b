internal import Host
internal import State

extension DriverPin {
    /// The pin as `--json` gives it.
    var json: JSONValue {
        .members([
            ("file", .string(file)), ("line", .integer(line)), ("origin", .string(origin)),
            ("library_sha256", .string(digests.library)),
            ("manifest_sha256", .string(digests.manifest)),
        ])
    }

    /// Where the pin stands, for people.
    var place: String { "\(file) (\(origin))" }
}

extension DriverPin? {
    /// The pin, or `null` for none.
    var json: JSONValue { map(\.json) ?? .null }
}

extension DriverDigests {
    /// The hashes as members; `null` where they are not known.
    var members: [(String, JSONValue)] {
        [("library_sha256", .filled(library)), ("manifest_sha256", .filled(manifest))]
    }
}

extension DriverChange {
    /// The change as `--json` gives it; `earlier` names what it did to what was there before.
    func json(_ earlier: String) -> JSONValue {
        let digests = digests ?? DriverDigests(library: "", manifest: "")
        return .members(
            [("id", .string(id)), ("version", .filled(version)), ("folder", .string(folder))]
                + digests.members
                + [
                    ("lock_file", .filled(lockFile)), (earlier, .bool(changedEarlier)),
                    ("shadowed_by", .text(shadowedBy)),
                ])
    }
}
