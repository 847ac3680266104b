import Host
import State
import TestSupport
import Testing

/// How small bodies get into the store of a world: in three steps, in one commit, or now this way and
/// now that, as by daemons of different age; or in steps over a store that has conditions and nothing
/// else, as a bucket; or over one that has not even those, with the records in another store.
enum WritePath: String {
    case steps, native, mixed, bare, apart

    /// The path of the worlds that the running test makes.
    @TaskLocal static var current = WritePath.steps

    /// What a store in memory can do on this path.
    var capabilities: Capabilities {
        switch self {
        case .steps: .all
        case .native, .mixed: .transactional
        case .bare: .conditions
        case .apart: .unconditional
        }
    }

    /// The stores over a memory that take turns.
    func stores(_ memory: MemoryStore) -> [Store] {
        let store = memory.store(capabilities: capabilities)
        if self == .apart { memory.site = (Self.place, true) }
        return self == .mixed ? [memory.store(), store] : [store]
    }

    /// The store that keeps the records.
    ///
    /// It is in the same memory, in a workspace of its own, so that faults and pauses strike both.
    func locks(_ memory: MemoryStore) -> LockStoreChoice? {
        guard self == .apart else { return nil }
        return LockStoreChoice(name: "locks", origin: "`locks: locks`") { _, _ in
            memory.store(name: "locks", capabilities: .transactional)
        }
    }

    /// The workspace of the records.
    var recordsWorkspace: String { self == .apart ? "locks:\(Self.place)" : "" }

    private static let place = "memory://here"
}

/// Runs each test on several paths; what it finds names the path.
struct PathsTrait: SuiteTrait, TestTrait, TestScoping {
    var paths: [WritePath]
    var isRecursive: Bool { true }

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        for path in paths {
            let naming = IssueHandlingTrait.compactMapIssues { issue in
                var issue = issue
                issue.comments.append("path: \(path.rawValue)")
                return issue
            }
            try await WritePath.$current.withValue(path) {
                try await naming.provideScope(
                    for: test, testCase: testCase, performing: function)
            }
        }
    }
}

extension Trait where Self == PathsTrait {
    /// Runs each test with writers of one kind, of each in turn.
    static var uniformPaths: PathsTrait { PathsTrait(paths: [.steps, .native, .bare, .apart]) }

    /// Runs each test also with writers of two kinds that take turns.
    static var allPaths: PathsTrait { PathsTrait(paths: [.steps, .native, .bare, .apart, .mixed]) }
}
