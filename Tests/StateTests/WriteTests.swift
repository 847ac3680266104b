import Host
import State
import TestSupport
import Testing

@Suite(.uniformPaths) struct WriteTests {
    @Test func whatWasWrittenComesBackToTheByte() throws {
        let world = try World()
        let states = world.repository()
        let bodies = [
            "", "{}", "not json", "\u{0}\u{1}\u{7F}\r\n", state(1),
            String(repeating: "ä", count: 600_000), String(repeating: "z", count: (1 << 20) + 1),
            String(repeating: "y", count: 1 << 20),
        ]
        for body in bodies {
            try states.write(world.path, body)
            #expect(try states.text(world.path) == body)
            #expect(try world.repository().text(world.path) == body)
            #expect(world.copy == body)
        }
        #expect(try states.versions(world.path, call()).count == bodies.count)
        try world.expectTidy()
    }

    @Test func putGetDeleteGet() throws {
        let world = try World()
        let states = world.repository()
        #expect(try states.bytes(world.path) == nil)
        #expect(try states.summary(world.path, call()) == nil)
        #expect(try !states.remove(world.path, lockID: nil, call()))
        #expect(world.keys.isEmpty)
        try states.write(world.path, state(1))
        #expect(try states.remove(world.path, lockID: nil, call()))
        #expect(try states.bytes(world.path) == nil)
        #expect(world.copy == nil)
        #expect(try !states.remove(world.path, lockID: nil, call()))
        let again = try states.write(world.path, state(1))
        #expect(again.sequence == 3)
        #expect(again.events == [])
        #expect(try states.versions(world.path, call()).map { $0.sequence } == [3, 1])
        try world.expectTidy()
    }

    @Test func factsAreReadAndRegressionsNoted() throws {
        let world = try World()
        let states = world.repository()
        let first = try states.write(world.path, state(10))
        #expect(first.serial == 10)
        #expect(first.lineage == "l-1")
        #expect(first.tool == "1.11.4")
        #expect(first.isJSON && !first.isEncrypted)
        #expect(first.id.hasPrefix("0000000001-"))
        let second = try states.write(world.path, state(6))
        #expect(second.events == ["serial-regressed"])
        #expect(second.previousID == first.id)
        #expect(second.previousSHA256 == first.sha256)
        let third = try states.write(world.path, state(2, lineage: "l-2"))
        #expect(third.events == ["serial-regressed", "lineage-changed"])
        let fourth = try states.write(world.path, "{\"encrypted_data\":\"…\",\"serial\":3}")
        #expect(fourth.isEncrypted && fourth.isJSON && fourth.events == [])
        let fifth = try states.write(world.path, "<html>")
        #expect(!fifth.isJSON && fifth.serial == nil)
        #expect(
            try world.repository().versions(world.path, call()) == [
                fifth, fourth, third, second, first,
            ])
    }

    @Test func theSameBytesAgainAreNoNewVersion() throws {
        let world = try World()
        let states = world.repository()
        let large = String(repeating: "q", count: 3 << 20)
        for body in [state(1), large] {
            let first = try states.write(world.path, body)
            #expect(try states.write(world.path, body).id == first.id)
            try states.lock(world.path, "a")
            #expect(try states.write(world.path, body, lock: "a").id == first.id)
            #expect(failure { try states.write(world.path, body) } == "locked")
            #expect(failure { try states.write(world.path, body, lock: "b") } == "lockMismatch")
            try states.unlock(world.path, "a")
            #expect(failure { try states.write(world.path, body, lock: "a") } == "notLocked")
        }
        #expect(try states.versions(world.path, call()).count == 2)
        try world.expectTidy()
    }

    @Test(arguments: [100, (1 << 20) + 5, 3 << 20])
    func aBadBodyChangesNothing(byteCount: Int) throws {
        let world = try World()
        let states = world.repository()
        try states.write(world.path, state(1))
        let before = world.keys
        let bytes = [UInt8](repeating: 7, count: byteCount)
        let count = UInt64(byteCount)
        let sources = [
            PieceSource(bytes, length: count, breaksOff: true).cut(),
            PieceSource(bytes, length: count + 1), PieceSource(bytes, length: nil, breaksOff: true),
            PieceSource(bytes, length: count - 1),
        ]
        for source in sources {
            let request = WriteRequest(writer: "test")
            let word = failure { _ = try states.write(world.path, from: source, request, call()) }
            #expect(word == "host.source")
            #expect(world.keys == before)
        }
        let wrong = WriteRequest(contentMD5: [UInt8](repeating: 0, count: 16))
        let source = PieceSource(bytes, length: count)
        #expect(
            failure { _ = try states.write(world.path, from: source, wrong, call()) }
                == "checksumMismatch")
        #expect(world.keys == before)
        #expect(try states.text(world.path) == state(1))
    }

    @Test func theRightChecksumIsAccepted() throws {
        let world = try World()
        // md5("") and md5("abc")
        let sums: [(String, [UInt8])] = [
            (
                "",
                [
                    0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec,
                    0xf8,
                    0x42, 0x7e,
                ]
            ),
            (
                "abc",
                [
                    0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6, 0x96, 0x3f, 0x7d, 0x28,
                    0xe1,
                    0x7f, 0x72,
                ]
            ),
        ]
        for (body, md5) in sums {
            _ = try world.repository().write(
                world.path, from: MemorySource(Array(body.utf8)), WriteRequest(contentMD5: md5),
                call())
        }
        #expect(try world.repository().text(world.path) == "abc")
    }

    @Test func aReceiptOverOneMebibyteIsRefused() throws {
        let world = try World("shop/dev/aws.state.json")
        for length in [UInt64?.none, UInt64((1 << 20) + 1)] {
            let source = PieceSource(
                [UInt8](repeating: 0x20, count: (1 << 20) + 1), length: length, piece: 60_000)
            let word = failure {
                _ = try world.repository(.receipt).write(
                    world.path, from: source, WriteRequest(), call())
            }
            #expect(word == "tooLarge")
        }
        #expect(world.keys.filter { $0.collection == "state-versions" }.isEmpty)
    }

    @Test(arguments: [100, 2 << 20])
    func damageIsFound(byteCount: Int) throws {
        let world = try World()
        let states = world.repository()
        let version = try states.write(world.path, state(1, padding: byteCount))
        world.memory.damage(world.key("terraform-versions", "\(world.path)/@\(version.id)")) {
            $0[50] ^= 1
        }
        var begun = false
        let word = failure {
            _ = try states.read(
                world.path, call(), begin: { _ in begun = true }, body: { _ in })
        }
        #expect(word == "integrity")
        #expect(begun == (byteCount > 1 << 20))
    }

    @Test func errorsOfTheReaderComeBackUnchanged() throws {
        let world = try World()
        let states = world.repository()
        try states.write(world.path, state(1))
        let mine = StateError(.notFound, "mine")
        for inBegin in [true, false] {
            let word = failure {
                _ = try states.read(
                    world.path, call(),
                    begin: { (_) throws(StateError) in if inBegin { throw mine } },
                    body: { (_) throws(StateError) in throw mine })
            }
            #expect(word == "notFound")
        }
    }

    @Test func aStoreWithoutConditionsIsRefused() throws {
        let world = try World()
        let memory = MemoryStore()
        let store = memory.store(capabilities: Capabilities([]))
        let states = StateRepository(store: store, kind: .terraform, workspace: "")
        #expect(failure { try states.write(world.path, "x") } == "host.unsupported")
        #expect(failure { try states.lock(world.path, "a") } == "host.unsupported")
        #expect(memory.keys.isEmpty)
    }

    @Test func aCancelledCallChangesNothing() throws {
        let world = try World()
        let cancelled = Call(timeout: nil)
        cancelled.cancel()
        let word = failure {
            _ = try world.repository().write(
                world.path, from: MemorySource([1]), WriteRequest(), cancelled)
        }
        #expect(word == "host.cancelled")
        #expect(world.keys.isEmpty)
    }
}

extension PieceSource {
    /// The same promise with the last byte missing.
    fileprivate func cut() -> PieceSource {
        PieceSource(
            [UInt8](repeating: 7, count: Int(length ?? 1) - 1), length: length, breaksOff: true)
    }
}
