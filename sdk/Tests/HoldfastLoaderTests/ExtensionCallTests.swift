import Glibc
import HoldfastLoader
import SDKTestSupport
import Synchronization
import Testing

/// What commits and watches promise, wherever the driver runs: also part of the tests of isolation, by
/// a link.
@Suite("Commits and watches") struct ExtensionCallTests {
    private let store: OpenStore

    init() throws { store = try openPlainStore() }

    private func key(_ path: String) -> ObjectKey {
        ObjectKey(collection: "terraform", workspace: "w", path: path)
    }

    /// Commits changes whose sources have these bytes.
    private func commit(
        _ changes: [Change], _ bytes: [[UInt8]] = [], piece: Int = .max,
        _ context: CallContext = CallContext()
    ) throws -> [ObjectInfo?] {
        var rest = bytes.map { $0[...] }
        return try store.commit(changes, context) { change, buffer in
            let taken = rest[change].prefix(min(buffer.count, piece))
            buffer.copyBytes(from: taken)
            rest[change] = rest[change].dropFirst(taken.count)
            return taken.count
        }
    }

    private func get(_ path: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try store.get(
            key(path), .whole, CallContext(), onInfo: { _ in .more },
            onBytes: { span in
                span.withUnsafeBytes { bytes.append(contentsOf: $0) }
                return .more
            })
        return bytes
    }

    private func failure(_ body: () throws -> Void) throws -> DriverFailure {
        try #require(throws: DriverFailure.self) { try body() }
    }

    private func isAbsent(_ path: String) throws -> Bool {
        try failure { _ = try store.head(key(path), CallContext()) }.code == .notFound
    }

    // MARK: - Commits

    @Test(
        "sources of any lengths arrive in one commit",
        arguments: [
            [], [0], [0, 1, 2], [3000, 0, 200_000], [700_000, 1, 0, 262_144, 262_145, 9],
        ],
        [Int.max, 997])
    func lengths(_ sizes: [Int], _ piece: Int) throws {
        for knows in [{ (_: Int) in true }, { _ in false }, { $0 % 2 == 0 }] {
            let bytes = sizes.enumerated().map { index, size in
                (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
            }
            let check = [Change(key("none"), .check, condition: .absent)]
            let puts = sizes.indices.map { index in
                Change(key("s\(index)"), .put(length: knows(index) ? UInt64(sizes[index]) : nil))
            }
            let infos = try commit(check + puts, [[]] + bytes, piece: piece)
            #expect(infos.count == sizes.count + 1 && infos[0] == nil)
            #expect(infos.dropFirst().map { $0?.byteCount } == sizes.map { UInt64($0) })
            for (index, bytes) in bytes.enumerated() {
                let isSame = try get("s\(index)") == bytes
                #expect(isSame)
            }
        }
    }

    @Test("hundreds of changes with long keys are one commit") func many() throws {
        let paths = (0..<600).map { "\($0)/" + String(repeating: "p", count: 190) }
        let puts = paths.map { path in
            Change(
                key(path),
                .put(
                    attributes: [Attribute(name: "n", value: String(repeating: "v", count: 300))],
                    length: 1))
        }
        let infos = try commit(puts, paths.map { [UInt8($0.utf8.count % 256)] })
        #expect(Set(infos.compactMap(\.?.version)).count == 600)
        for index in [0, 17, 599] {
            #expect(try store.head(key(paths[index]), CallContext()) == infos[index])
        }
        let removals = paths.map { Change(key($0), .remove) }
        #expect(try commit(removals).allSatisfy { $0 == nil })
        #expect(try isAbsent(paths[300]))
    }

    @Test("a failure names its change, and nothing is done") func named() throws {
        let version = try #require(commit([Change(key("x"), .put())], [[1]])[0]).version
        for place in 0..<3 {
            var changes = (0..<3).map { Change(key("new\($0)"), .put(length: 1)) }
            changes[place] = Change(key("x"), .put(length: 1), condition: .absent)
            let failed = try failure { _ = try commit(changes, [[7], [7], [7]]) }
            #expect(failed.code == .condition && failed.change == place + 1)
            #expect(failed.applied == .no && failed.currentVersion == version)
            for other in 0..<3 where other != place { #expect(try isAbsent("new\(other)")) }
        }
        #expect(try get("x") == [1])
    }

    @Test(
        "a source that fails is the caller's own error, and nothing is done",
        arguments: [UInt64?.none, 5, 400_000])
    func failingSource(_ length: UInt64?) throws {
        let changes = [
            Change(key("f1"), .put(length: 1)), Change(key("f2"), .put(length: length)),
        ]
        #expect(throws: TestFailure.self) {
            var isRead = false
            _ = try store.commit(changes, CallContext()) { change, buffer in
                if change == 1 { throw TestFailure("source") }
                defer { isRead = true }
                return isRead ? 0 : 1
            }
        }
        #expect(try isAbsent("f1") && isAbsent("f2"))
    }

    @Test(
        "a source of another length is refused", arguments: [0, 1, 3, 300_000],
        [UInt64(2), 280_000])
    func wrongLength(_ size: Int, _ length: UInt64) throws {
        let changes = [Change(key("l"), .put(length: length)), Change(key("m"), .put(length: 1))]
        let bytes = [[UInt8](repeating: 1, count: size), [1]]
        let failed = try failure { _ = try commit(changes, bytes) }
        #expect(failed.code == .source && failed.applied == .no, "\(failed)")
        #expect(try isAbsent("l") && isAbsent("m"))
    }

    @Test("a commit ends when it is cancelled or late") func over() throws {
        for isLarge in [true, false] {
            let context = CallContext()
            let changes = [Change(key("c"), .put(length: isLarge ? 900_000 : nil))]
            let failed = try failure {
                _ = try store.commit(changes, context) { _, buffer in
                    context.cancel()
                    // A driver in another process hears of it while the source goes on.
                    usleep(1000)
                    return min(buffer.count, 900)
                }
            }
            #expect(failed.code == .cancelled)
        }
        let late = CallContext(deadlineNanoseconds: 1)
        #expect(
            try failure { _ = try commit([Change(key("c"), .put())], [[1]], late) }.code
                == .cancelled)
        #expect(try isAbsent("c"))
    }

    @Test("a slow source does not keep a commit or a put from ending", arguments: [true, false])
    func slow(_ isCommit: Bool) throws {
        let context = CallContext()
        var readings = 0
        func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
            readings += 1
            context.cancel()
            usleep(2000)
            buffer[0] = 7
            return 1
        }
        let failed = try failure {
            if isCommit {
                _ = try store.commit([Change(key("c"), .put())], context) { _, buffer in
                    give(buffer)
                }
            } else {
                _ = try store.put(key("c"), PutRequest(), context) { give($0) }
            }
        }
        #expect(failed.code == .cancelled && readings < 200, "\(readings)")
    }

    @Test(
        "an answer that breaks the interface is the driver's defect",
        arguments: [
            "change", "unread", "second-first", "no-info", "info-beyond", "info-of-check",
            "info-twice", "miscounts",
        ])
    func defects(_ word: String) throws {
        let second: ChangeAction = word == "second-first" ? .put(length: 1) : .check
        let changes = [
            Change(key("bad/\(word)"), .put(length: word == "miscounts" ? 0 : 1)),
            Change(key("y"), second, condition: .absent),
        ]
        let bytes: [[UInt8]] = [word == "miscounts" ? [] : [1], [1]]
        let failed = try failure { _ = try commit(changes, bytes) }
        #expect(failed.code == .internalError && failed.applied == .unknown, "\(failed)")
    }

    @Test("what a driver says of a commit that failed is kept") func words() throws {
        let lost = try failure { _ = try commit([Change(key("bad/lost"), .put())], [[1]]) }
        #expect((lost.code, lost.applied, lost.change) == (.unavailable, .unknown, nil))
        let silent = try failure { _ = try commit([Change(key("bad/no-reason"), .put())], [[1]]) }
        #expect((silent.code, silent.applied) == (.io, .unknown))
    }

    @Test("a driver without the tables says so") func without() throws {
        #expect(store.isTransactional && store.isWatchable)
        let plain = try openPlainStore(["NO_TRANSACTIONS", "NO_WATCHES"])
        #expect(!plain.isTransactional && !plain.isWatchable)
        let commit = try failure {
            _ = try plain.commit([Change(key("x"), .remove)], CallContext()) { _, _ in 0 }
        }
        #expect(commit.code == .unsupported)
        let request = WatchRequest(collection: "terraform", workspace: "w")
        #expect(try failure { _ = try plain.watch(request, CallContext()) }.code == .unsupported)
    }

    // MARK: - Watches

    @Test("watches wait beside other calls, and each wakes") func watches() throws {
        var request = WatchRequest(collection: "terraform", workspace: "w", prefix: "p")
        request.cursor = try store.watch(request, CallContext())
        let woken = Mutex<[[UInt8]]>([])
        let failed = Atomic<Int>(0)
        let threads = PlainThreads(8) { [store, request] _ in
            do {
                let cursor = try store.watch(request, CallContext())
                woken.withLock { $0.append(cursor) }
            } catch {
                failed.add(1, ordering: .relaxed)
            }
        }
        // Reading wakes nobody, and all watches together leave room for it.
        for _ in 0..<20 { #expect(try isAbsent("px")) }
        #expect(woken.withLock { $0 } == [])
        _ = try commit([Change(key("px"), .put())], [[1]])
        threads.join()
        #expect(failed.load(ordering: .relaxed) == 0)
        let cursors = woken.withLock { $0 }
        #expect(cursors.count == 8 && !cursors.contains(request.cursor))
    }

    @Test("a watch ends at its deadline and when it is cancelled; its cursor stays good")
    func endOfWatch() throws {
        var request = WatchRequest(collection: "terraform", workspace: "w")
        request.cursor = try store.watch(request, CallContext())
        let soon = CallContext(
            deadlineNanoseconds: CallContext.monotonicNanoseconds() + 30_000_000)
        #expect(try failure { _ = try store.watch(request, soon) }.code == .deadline)
        let context = CallContext()
        let threads = PlainThreads(1) { _ in
            usleep(20000)
            context.cancel()
        }
        #expect(try failure { _ = try store.watch(request, context) }.code == .cancelled)
        threads.join()
        _ = try commit([Change(key("z"), .put())], [[1]])
        #expect(try store.watch(request, CallContext()) != request.cursor)
    }
}
