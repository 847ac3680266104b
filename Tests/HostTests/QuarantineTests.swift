import TestSupport
import Testing

@testable import Host

/// Crashes of drivers: what is counted, what begins quarantine, and what ends it.
@Suite struct QuarantineTests {
    private let folder: TemporaryFolder
    private let library = String(repeating: "a", count: 64)
    private let other = String(repeating: "b", count: 64)

    init() throws { folder = try TemporaryFolder() }

    private func quarantine(
        _ crashes: Int = 3, within: Duration = .seconds(60), folder: String? = nil
    ) -> Quarantine {
        Quarantine(
            folder: folder ?? "\(self.folder.path)/quarantine",
            policy: QuarantinePolicy(crashes: crashes, within: within))
    }

    @discardableResult
    private func crash(
        _ quarantine: Quarantine, at time: Int64, _ library: String? = nil
    ) -> Quarantine.Noted {
        quarantine.note(
            .init(time: time, cause: "by signal 11 (SIGSEGV)"), driver: "acme",
            library: library ?? self.library)
    }

    @Test func theLastCrashOfTheLimitBegins() throws {
        let quarantine = quarantine()
        #expect(!crash(quarantine, at: 100).isNew)
        #expect(!crash(quarantine, at: 110).isNew)
        #expect(quarantine.refusal(library: library) == nil)
        #expect(crash(quarantine, at: 120).isNew)
        #expect(!crash(quarantine, at: 121).isNew)
        let refusal = try #require(quarantine.refusal(library: library))
        #expect(refusal.code == .driverRefused)
        #expect(refusal.message.contains("acme"))
        #expect(refusal.message.contains("SIGSEGV"))
        #expect(refusal.advice.contains("holdfast driver quarantine clear acme"))
        #expect(quarantine.refusal(library: other) == nil)
    }

    @Test func crashesFarApartDoNot() {
        let quarantine = quarantine()
        for time in stride(from: Int64(0), through: 600, by: 31) { crash(quarantine, at: time) }
        #expect(quarantine.refusal(library: library) == nil)
        crash(quarantine, at: 601)
        #expect(quarantine.refusal(library: library) != nil)
    }

    @Test func noNumberIsTooManyWithZero() {
        let quarantine = quarantine(0)
        for _ in 0..<200 { crash(quarantine, at: 5) }
        #expect(quarantine.refusal(library: library) == nil)
        #expect(crash(quarantine, at: 5).record.crashCount == 201)
    }

    @Test func everyProcessSeesIt() throws {
        for time in 1...3 { crash(quarantine(), at: Int64(time)) }
        #expect(quarantine().refusal(library: library) != nil)
        let record = try #require(try quarantine().records().first)
        #expect(record.driver == "acme")
        #expect(record.library == library)
        #expect(record.crashCount == 3)
        #expect(record.since == 3)
        #expect(record.lastCrashes.map(\.time) == [1, 2, 3])
        #expect(record.lastCrashes.last?.cause == "by signal 11 (SIGSEGV)")
    }

    @Test func clearingForgets() throws {
        let quarantine = quarantine(1)
        crash(quarantine, at: 1)
        crash(quarantine, at: 1, other)
        #expect(try quarantine.clear(library).count == 1)
        #expect(quarantine.refusal(library: library) == nil)
        #expect(quarantine.refusal(library: other) != nil)
        #expect(try quarantine.clear("acme").map(\.library) == [other])
        #expect(try quarantine.records().isEmpty)
        #expect(try quarantine.clear(nil).isEmpty)
        let error = #expect(throws: HostError.self) { try quarantine.clear("acme") }
        #expect(error?.code == .notFound)
    }

    @Test func withoutAPlaceItCountsInThisProcess() throws {
        try folder.write("", to: "file")
        let quarantine = quarantine(2, folder: "\(folder.path)/file/quarantine")
        #expect(crash(quarantine, at: 1).problem != nil)
        #expect(quarantine.refusal(library: library) == nil)
        #expect(crash(quarantine, at: 2).isNew)
        #expect(try quarantine.records().map(\.crashCount) == [2])
    }

    @Test(arguments: ["", "record_version = 2\n", "record_version = 1\ndriver = \"acme\"\n", "[["])
    func whatCannotBeReadKeepsItFromRunning(_ text: String) throws {
        let quarantine = quarantine()
        crash(quarantine, at: 1)
        try folder.write(text, to: "quarantine/\(library).toml")
        let refusal = try #require(quarantine.refusal(library: library))
        #expect(refusal.code == .corrupt)
        #expect(refusal.message.contains("quarantine/\(library).toml"))
        // A crash is counted all the same, and never over the file.
        #expect(crash(quarantine, at: 2).problem?.code == .corrupt)
        #expect(quarantine.refusal(library: library)?.code == .corrupt)
    }

    @Test func onlyALimitedNumberIsNamed() throws {
        let quarantine = quarantine(0)
        for time in 1...150 { crash(quarantine, at: Int64(time)) }
        let record = try #require(try quarantine.records().first)
        #expect(record.crashCount == 150)
        #expect(record.lastCrashes.count == 64)
        #expect(record.lastCrashes.last?.time == 150)
    }

    @Test func standardPlaces() {
        #expect(Isolation.standard(isPinned: true, asked: .inProcess) == .inProcess)
        #expect(Isolation.standard(isPinned: true, asked: .process) == .process)
        #expect(Isolation.standard(isPinned: false, asked: .inProcess) == .process)
    }
}
