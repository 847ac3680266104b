internal import CHoldfast
internal import HoldfastLoader

// Conditions are honoured atomically or refused, never ignored.

/// Checks of conditional writes and versions.
enum ConditionChecks {
    private static let (absent, version) = ("condition.absent", "condition.version")

    /// Ends the check where the store has no condition of a kind.
    static func needs(_ run: CheckRun, _ capability: String) throws {
        let bench = try run.bench()
        if capability == absent {
            try run.needs(
                absent, attempt: { try bench.put("refused", [1], if: .absent) },
                after: { try bench.expectAbsent("refused", "after a put that was refused") })
            return
        }
        let info = try bench.put("refused", [1])
        try run.needs(
            version, attempt: { try bench.put("refused", [2], if: .version(info.version)) },
            after: {
                let failure = try failure(
                    { try bench.remove("refused", if: .version(info.version)) },
                    orFound:
                        "the store does not report \(version), yet a remove that needs it succeeds",
                    do: "report the capability, or refuse such calls with HOLDFAST_UNSUPPORTED")
                try require(
                    failure.code == .unsupported,
                    "the store does not report \(version) and answers \"\(failure)\" to a remove",
                    do: "answer HOLDFAST_UNSUPPORTED")
                try bench.expect("refused", [1], info, "after writes that were refused")
            })
    }

    /// Makes a write that its condition must refuse, and looks at everything that this demands.
    ///
    /// - Parameters:
    ///   - words: The write in words.
    ///   - current: The object as it is; `nil` when there is none.
    ///   - write: The write.
    /// - Throws: ``CheckFailure``.
    private static func expectRefusal(
        _ words: String, current: ObjectInfo?, _ write: () throws -> Void
    ) throws {
        let failure = try failure(
            write, orFound: "\(words) succeeds",
            do: "check the condition in the same atomic step that makes the object visible")
        try require(
            failure.code == .condition, "\(words) answers \"\(failure)\"",
            do: "answer HOLDFAST_CONDITION")
        try require(
            failure.applied == .no, "\(words) reports applied \(failure.applied)",
            do: "say HOLDFAST_APPLIED_NO: nothing changed")
        if let said = failure.currentVersion {
            try require(
                said == current?.version,
                "\(words) reports the current version \(said); it is "
                    + (current.map { "\($0.version)" } ?? "none, there is no object"))
        }
    }

    // MARK: - Put

    static func absentCreates(_ run: CheckRun) throws {
        try needs(run, absent)
        let bench = try run.bench()
        let info = try bench.put("new", [1], if: .absent)
        try bench.expect("new", [1], info, "after a put that requires absence")
        try bench.remove("new")
        let again = try bench.put("new", [2], if: .absent)
        try bench.expect("new", [2], again, "after remove and a put that requires absence")
    }

    static func absentRefused(_ run: CheckRun) throws {
        try needs(run, absent)
        let bench = try run.bench()
        for bytes in [[], [1], run.random.bytes(try run.capped(70_000))] as [[UInt8]] {
            let info = try bench.put("there", bytes)
            try expectRefusal("put of an object that must be absent but is there", current: info) {
                try bench.put("there", [2], if: .absent)
            }
            try expectRefusal("put of the same bytes under \"absent\"", current: info) {
                try bench.put("there", bytes, if: .absent)
            }
            try bench.expect("there", bytes, info, "after a refused put")
        }
    }

    static func versionMatches(_ run: CheckRun) throws {
        try needs(run, version)
        let bench = try run.bench()
        var info = try bench.put("chain", [0])
        for number in UInt8(1)...20 {
            info = try bench.put("chain", [number], if: .version(info.version))
            try bench.expect("chain", [number], info, "after a put under the current version")
        }
    }

    static func versionStale(_ run: CheckRun) throws {
        try needs(run, version)
        let bench = try run.bench()
        let old = try bench.put("stale", [1])
        let new = try bench.put("stale", [2])
        try expectRefusal("put under a stale version", current: new) {
            try bench.put("stale", [3], if: .version(old.version))
        }
        try expectRefusal("put under a version that never was", current: new) {
            try bench.put("stale", [3], if: .version(Version(token: Array("never".utf8))))
        }
        let long = Version(token: [UInt8](repeating: 0xff, count: 256))
        try expectRefusal("put under an unknown version of 256 bytes", current: new) {
            try bench.put("stale", [3], if: .version(long))
        }
        let longer = Version(token: new.version.token + [0])
        if longer.token.count <= 256 {
            try expectRefusal("put under the version and one more byte", current: new) {
                try bench.put("stale", [3], if: .version(longer))
            }
        }
        try bench.expect("stale", [2], new, "after refused puts")
    }

    static func versionOfAbsent(_ run: CheckRun) throws {
        try needs(run, version)
        let bench = try run.bench()
        let other = try bench.put("other", [1])
        try expectRefusal("put under a version where there is no object", current: nil) {
            try bench.put("nothing", [2], if: .version(other.version))
        }
        try bench.expectAbsent("nothing", "after a refused put")
        let gone = try bench.put("gone", [1])
        try bench.remove("gone")
        try expectRefusal("put under the version of a removed object", current: nil) {
            try bench.put("gone", [2], if: .version(gone.version))
        }
        try bench.expectAbsent("gone", "after a refused put")
    }

    /// Another write comes while the source of a conditional one is being read.
    static func checkedAtEnd(_ run: CheckRun) throws {
        try needs(run, version)
        let bench = try run.bench()
        guard let other = try run.bystander() else { return }
        let old = try bench.put("raced", [1])
        let rival = Rival { try other.put("raced", Pattern(id: 2)) }
        var reads = 0
        let failure: DriverFailure?
        do {
            _ = try unsafe bench.store.put(
                bench.key("raced"), PutRequest(condition: .version(old.version)), CallContext()
            ) { buffer in
                reads += 1
                guard reads == 1 else { return 0 }
                rival.start()
                unsafe buffer[0] = 3
                return 1
            }
            failure = nil
        } catch let error as DriverFailure { failure = error }
        let (isFirst, won) = try rival.finish()
        guard isFirst else {
            run.note = "the other write waited for this one, so the race could not be made"
            return
        }
        let current = ObjectInfo(version: won, byteCount: UInt64(Pattern.least))
        try expectRefusal("put whose object changed while its source was read", current: current) {
            if let failure { throw failure }
        }
        try bench.expect("raced", Pattern(id: 2).bytes, current, "after a put that lost a race")
    }

    static func unknownKind(_ run: CheckRun) throws {
        let session = try RawSession(run)
        try require(session.open().status == HOLDFAST_OK, "open fails")
        for kind in [3, 99, UInt32.max] {
            let put = session.put(.init(path: "kind", bytes: [1], length: 1, condition: kind))
            try require(
                put.status == HOLDFAST_UNSUPPORTED,
                "put under a condition of the unknown kind \(kind) answers \(put.words)",
                do: "answer HOLDFAST_UNSUPPORTED")
            try require(
                session.get("kind").outcome.status == HOLDFAST_NOT_FOUND,
                "put under a condition of an unknown kind writes the object")
        }
        try session.finish()
    }

    // MARK: - Remove

    static func removeMatches(_ run: CheckRun) throws {
        try needs(run, version)
        let bench = try run.bench()
        let info = try bench.put("matched", [1])
        try bench.remove("matched", if: .version(info.version))
        try bench.expectAbsent("matched", "after remove under its version")
    }

    static func removeStale(_ run: CheckRun) throws {
        try needs(run, version)
        let bench = try run.bench()
        let old = try bench.put("stale", [1])
        let new = try bench.put("stale", [1])
        try expectRefusal("remove under a stale version", current: new) {
            try bench.remove("stale", if: .version(old.version))
        }
        try bench.expect("stale", [1], new, "after a refused remove")
    }

    static func removeAbsent(_ run: CheckRun) throws {
        try needs(run, version)
        let bench = try run.bench()
        let info = try bench.put("gone", [1])
        try bench.remove("gone")
        try expectRefusal("remove under a version where there is no object", current: nil) {
            try bench.remove("gone", if: .version(info.version))
        }
    }

    // MARK: - Versions

    static func newVersions(_ run: CheckRun) throws {
        let bench = try run.bench()
        var seen: Set<Version> = []
        for number in 1...50 {
            let info = try bench.put("same", Array("the same bytes".utf8))
            try require(
                seen.insert(info.version).inserted,
                "write \(number) of the same bytes has the version \(info.version) of an earlier one",
                do: "make a new token at each write, never from the bytes or a coarse time alone")
        }
    }

    static func versionsAfterRemove(_ run: CheckRun) throws {
        let bench = try run.bench()
        var seen: Set<Version> = []
        for round in 1...20 {
            let info = try bench.put("back", [1])
            try require(
                seen.insert(info.version).inserted,
                "after remove, write \(round) has the version \(info.version) of an earlier one",
                do: "never start counting anew: a removed object's versions stay used")
            try bench.remove("back")
        }
    }

    static func versionsReturn(_ run: CheckRun) throws {
        try needs(run, version)
        let bench = try run.bench()
        let first = try bench.put("aba", Array("A".utf8))
        try bench.put("aba", Array("B".utf8))
        let last = try bench.put("aba", Array("A".utf8))
        try expectRefusal("put under the version of the first A, after A, B and A", current: last) {
            try bench.put("aba", Array("C".utf8), if: .version(first.version))
        }
        try bench.expect("aba", Array("A".utf8), last, "after a refused put")
    }

    /// A host's word that bytes are unique makes no condition weaker, also where other writes were not.
    static func uniqueWrites(_ run: CheckRun) throws {
        try needs(run, version)
        let bench = try run.bench()
        var info = try bench.put("unique", run.random.bytes(48), isUnique: true)
        let oldest = info
        for _ in 0..<4 {
            let bytes = run.random.bytes(48)
            info = try bench.put("unique", bytes, if: .version(info.version), isUnique: true)
            try bench.expect("unique", bytes, info, "after a put of unique bytes under its version")
        }
        try expectRefusal("put of unique bytes under a stale version", current: info) {
            try bench.put(
                "unique", run.random.bytes(48), if: .version(oldest.version), isUnique: true)
        }
        let first = try bench.put("unique", Array("A".utf8), if: .version(info.version))
        try bench.put("unique", Array("B".utf8))
        let last = try bench.put("unique", Array("A".utf8))
        try expectRefusal("put of unique bytes after A, B and A that were not", current: last) {
            try bench.put(
                "unique", run.random.bytes(48), if: .version(first.version), isUnique: true)
        }
        try bench.expect("unique", Array("A".utf8), last, "after a refused put of unique bytes")
    }

    static func versionsSurvive(_ run: CheckRun) throws {
        let bench = try run.bench()
        let attributes = [Attribute(name: "kept", value: "yes")]
        let bytes = run.random.bytes(3000)
        let info = try bench.put("kept", bytes, attributes: attributes)
        let removed = try bench.put("removed", [1])
        try bench.remove("removed")
        try run.close(bench.store)
        let again = Bench(store: try run.open(), space: bench.space)
        if try run.isAlone() { return try again.expectAbsent("kept", "in a new process") }
        try again.expect("kept", bytes, info, "after the store was closed and opened again")
        try require(
            try again.head("kept").attributes == attributes,
            "attributes are lost when a store is closed and opened again")
        try again.expectAbsent("removed", "after the store was closed and opened again")
        let new = try again.put("removed", [1])
        try require(
            new.version != removed.version,
            "a version is used again after the store was closed and opened again")
    }
}
