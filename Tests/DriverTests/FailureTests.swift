import Host
import TestSupport
import Testing

/// What fails leaves nothing.
@Suite struct FailureTests {
    /// A source that runs `event` once it gave some bytes.
    private final class EventfulSource: ByteSource {
        private var given = 0
        private let event: () throws(HostError) -> Void

        init(_ event: @escaping () throws(HostError) -> Void) { self.event = event }

        let length: UInt64? = 400_000

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
            if given >= 200_000 { try event() }
            let count = min(buffer.count, 400_000 - given, 50_000)
            given += count
            return count
        }
    }

    @Test(arguments: BuiltDriver.all)
    func aFailedSourceLeavesNothing(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let mine = HostError(.source, "the upload broke off")
        func attempt(_ source: any ByteSource) -> HostError? {
            failure { _ = try store.put(key("s"), from: source, condition: .none, anyCall()) }
        }
        func check(_ expected: ObjectInfo?) throws {
            let broken = attempt(EventfulSource { () throws(HostError) in throw mine })
            #expect(broken?.message == mine.message)
            #expect(broken?.applied == .no)
            let early = attempt(LyingSource(noise(100), length: 101))
            #expect(early?.code == .source)
            #expect(early?.applied == .no)
            let late = attempt(LyingSource(noise(100), length: 99))
            #expect(late?.code == .source)
            #expect(late?.applied == .no)
            #expect(try store.head(key("s"), anyCall()) == expected)
            #expect(
                try store.list(Listing(collection: "things"), anyCall()).count
                    == (expected == nil ? 0 : 1))
        }
        try check(nil)
        let info = try store.put(key("s"), [1], condition: .absent, anyCall())
        try check(info)
        #expect(try store.read(key("s"), maxByteCount: 1, anyCall())?.bytes == [1])
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func aCancelledPutLeavesNothing(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let call = Call(timeout: nil)
        let source = EventfulSource { call.cancel() }
        let error = failure {
            _ = try store.put(key("c"), from: source, condition: .absent, call)
        }
        // A driver may be past the point of return when it hears of it; then it says so.
        if let error {
            #expect(error.code == .cancelled)
            #expect(error.applied == .no)
            #expect(try store.head(key("c"), anyCall()) == nil)
        } else {
            #expect(try store.head(key("c"), anyCall()) != nil)
        }
        store.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func aPastDeadlineHasNoEffect(driver: BuiltDriver) throws {
        for layers in [nil, [] as [String]] as [[String]?] {
            let place = try Place(driver)
            defer { place.remove() }
            let store = try place.open(layers: layers)
            let late = Call(timeout: .zero)
            let errors = [
                failure { _ = try store.put(key("d"), [1], condition: .none, late) },
                failure { try store.remove(key("d"), condition: .none, late) },
                failure { _ = try store.head(key("d"), late) },
                failure { _ = try store.list(Listing(collection: "things"), late) },
                failure { _ = try store.ping(late) },
            ]
            for error in errors {
                #expect(error?.code == .deadline)
                #expect(error?.applied == .no)
            }
            #expect(try store.head(key("d"), anyCall()) == nil)
            store.close(anyCall())
        }
    }

    @Test(arguments: BuiltDriver.all)
    func aConsumerMayStopAnywhere(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        _ = try store.put(key("big"), noise(2_000_000), condition: .absent, anyCall())
        let mine = HostError(.cancelled, "enough")
        for limit in [0, 1, 100_000, 1_999_999] {
            var received = 0
            let error = failure {
                _ = try store.get(
                    key("big"), anyCall(), begin: { _ in },
                    body: { bytes throws(HostError) in
                        received += bytes.count
                        if received > limit { throw mine }
                    })
            }
            #expect(error?.message == "enough")
        }
        let atBegin = failure {
            _ = try store.get(
                key("big"), anyCall(), begin: { _ throws(HostError) in throw mine },
                body: { _ in Issue.record("bytes after the end") })
        }
        #expect(atBegin?.message == "enough")
        // The store is as good as before.
        _ = try store.put(key("big"), [1], condition: .none, anyCall())
        #expect(try store.read(key("big"), maxByteCount: 1, anyCall())?.bytes == [1])
        store.close(anyCall())
    }

    /// A read that is under way sees one version to its end, or says that it cannot.
    @Test(arguments: BuiltDriver.all)
    func aReadIsOfOneVersion(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        let writer = try place.open()
        let old = noise(3_000_000, seed: 1)
        _ = try store.put(key("v"), old, condition: .absent, anyCall())
        var read: [UInt8] = []
        var isReplaced = false
        let error = failure {
            _ = try store.get(
                key("v"), anyCall(), begin: { _ in },
                body: { bytes throws(HostError) in
                    read += bytes
                    guard !isReplaced else { return }
                    isReplaced = true
                    _ = try writer.put(
                        key("v"), noise(3_000_000, seed: 2), condition: .none, anyCall())
                })
        }
        if let error {
            #expect(error.code == .conflict)
        } else {
            #expect(read == old)
        }
        store.close(anyCall())
        writer.close(anyCall())
    }

    @Test(arguments: BuiltDriver.all)
    func aClosedStoreRefuses(driver: BuiltDriver) throws {
        let place = try Place(driver)
        defer { place.remove() }
        let store = try place.open()
        store.close(anyCall())
        store.close(anyCall())
        let error = failure { _ = try store.head(key("x"), anyCall()) }
        #expect(error?.code == .invalid)
        #expect(error?.message == "the store is closed")
    }

    @Test(arguments: BuiltDriver.all)
    func badOptionsAreRefusedBeforeTheDriver(driver: BuiltDriver) throws {
        let folder = try TemporaryFolder()
        var specification = driver.specification(at: folder.path, name: "s1")
        specification.options["pahth"] = OptionInput("x", location: "holdfast.yml:3:5")
        let error = failure { _ = try Place.host().open(specification, anyCall()) }
        #expect(error?.code == .invalid)
        #expect(error?.message.hasPrefix("holdfast.yml:3:5: ") == true)
        #expect(error?.message.contains("did you mean \"path\"") == true)
        #expect(error?.store == "s1")
        #expect(error?.driver == driver.id)
    }
}
