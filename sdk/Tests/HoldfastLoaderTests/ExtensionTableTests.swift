import HoldfastLoader
import SDKTestSupport
import Testing

/// Tables of commits and watches that the loader refuses.
@Suite("Tables of commits and watches") struct ExtensionTableTests {
    private func failures(_ fixture: DriverFixture) throws -> (DriverFailure, DriverFailure) {
        let store = try fixture.store()
        let key = ObjectKey(collection: "c", workspace: "", path: "p")
        let commit = try #require(throws: DriverFailure.self) {
            _ = try store.commit([Change(key, .remove)], CallContext()) { _, _ in 0 }
        }
        let watch = try #require(throws: DriverFailure.self) {
            _ = try store.watch(
                WatchRequest(collection: "c", workspace: ""), CallContext())
        }
        #expect(!store.isTransactional && !store.isWatchable)
        return (commit, watch)
    }

    @Test(
        "a table that is no table is the driver's defect",
        arguments: [
            ("{sizeof transactions,0,0}", "{sizeof watches,0,0}", "without the function"),
            ("{8,0,0}", "{8,0,0}", "of 8 bytes"),
            (
                "{sizeof transactions,0,(void*)printf}", "{sizeof watches,0,(void*)printf}",
                "not its own code"
            ),
        ])
    func broken(_ transactions: String, _ watches: String, _ words: String) throws {
        let fixture = try DriverFixture(["TRANSACTIONS=\(transactions)", "WATCHES=\(watches)"])
        let (commit, watch) = try failures(fixture)
        for failure in [commit, watch] {
            #expect(failure.code == .internalError && failure.message.contains(words), "\(failure)")
        }
    }

    @Test("a driver that takes one call at a time cannot be watched") func oneAtATime() throws {
        let manifest = DriverFixture.goodManifest.replacing(
            "threads = \"parallel\"", with: "threads = \"per-store\"")
        let fixture = try DriverFixture(
            ["TABLE_THREADS=2000", "NO_TRANSACTIONS"], manifest: manifest)
        let (commit, watch) = try failures(fixture)
        #expect(commit.code == .unsupported)
        #expect(watch.code == .internalError && watch.message.contains("one call at a time"))
    }
}
