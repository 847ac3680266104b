internal import HoldfastConfiguration
internal import Host
internal import State

// The JSON shapes of states, versions and locks, which several commands share. docs/json.md
// describes them.

extension JSONValue {
    /// A text; `null` for none.
    static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

    /// A text that is `null` when it is empty.
    static func filled(_ value: String) -> JSONValue { value.isEmpty ? .null : .string(value) }

    /// A number; `null` for none.
    static func number(_ value: (some BinaryInteger)?) -> JSONValue {
        value.map { .integer($0) } ?? .null
    }

    /// An object.
    static func members(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(JSONObject(members))
    }

    /// A time in UTC; `null` when it is not known.
    static func time(_ nanoseconds: Int64) -> JSONValue {
        nanoseconds == 0 ? .null : .string(Timestamp.text(nanoseconds: nanoseconds))
    }
}

extension StateSummary {
    /// The state as `state list` and `state show` give it.
    func json(_ address: StateAddress) -> [(String, JSONValue)] {
        [
            ("address", .string(address.description)), ("kind", .string(address.kind.name)),
            ("path", .string(path.description)),
            ("version", current.map { .members($0.json) } ?? .null),
            ("lock", lock.map { .members($0.json) } ?? .null), ("fence", .integer(fence)),
            ("lock_store", .text(lockStore)), ("problem", .text(problem?.message)),
        ]
    }
}

extension StateVersion {
    /// The version as every command gives it.
    var json: [(String, JSONValue)] {
        [
            ("id", .string(id)), ("sequence", .integer(sequence)), ("bytes", .integer(byteCount)),
            ("sha256", .string(sha256)), ("serial", .number(serial)), ("lineage", .text(lineage)),
            ("tool", .text(tool)), ("is_json", .bool(isJSON)), ("is_encrypted", .bool(isEncrypted)),
            ("created", .time(createdNanoseconds)), ("writer", .filled(writer)),
            ("lock_id", .filled(lockID)), ("fence", .integer(fence)),
            ("previous_id", .filled(previousID)),
            ("events", .array(events.map { .string($0) })),
        ]
    }
}

extension HeldLock {
    /// The lock as every command gives it.
    var json: [(String, JSONValue)] {
        [
            ("id", .string(info.id)), ("operation", .filled(info.operation)),
            ("info", .filled(info.info)), ("who", .filled(info.who)),
            ("version", .filled(info.version)), ("created", .filled(info.created)),
            ("path", .filled(info.path)), ("fence", .integer(fence)),
            ("acquired", .time(acquiredNanoseconds)), ("last_seen", .time(lastSeenNanoseconds)),
            ("lease_ms", .number(lease.map { $0.duration.nanoseconds / 1_000_000 })),
            ("fenced", .bool(isFenced)), ("lock_store", .text(lockStore)),
        ]
    }

    /// The holder in a few words.
    var holder: String { info.who.isEmpty ? info.id : info.who }
}

extension Failure {
    /// The error as `--json` writes it to standard error.
    var json: String {
        var error: [(String, JSONValue)] = [
            ("code", .string(code)), ("exit_code", .integer(exit.rawValue)),
            ("message", .string(message)), ("hint", .filled(hint)), ("store", .filled(store)),
            ("address", .filled(address)), ("applied", .string(applied.rawValue)),
        ]
        if let location {
            error.append(
                (
                    "location",
                    .members([
                        ("file", .string(location.file)), ("line", .integer(location.line)),
                        ("column", .integer(location.column)),
                    ])
                ))
        }
        if let lock { error.append(("lock", .members(lock.json))) }
        let document = JSONValue.members([
            ("format_version", .integer(1)), ("error", .members(error)),
        ])
        return String(decoding: document.bytes, as: UTF8.self)
    }
}
