import Glibc
import HoldfastLoader
import SDKTestSupport
import Synchronization
import Testing

@Suite("Loading") struct LoadTests {
    @Test("a driver says who it is") func identity() throws {
        let fixture = try DriverFixture()
        let driver = try fixture.load()
        #expect((driver.id, driver.version, driver.vendor) == ("memory", "1.2.3", "The tests"))
        #expect((driver.threadModel, driver.behaviour) == (.parallel, 1))
        #expect(driver.inspection.folder == fixture.folder)
    }

    @Test("a longer table of a newer driver is taken as far as it is known") func longerTable()
        throws
    {
        let fixture = try DriverFixture(["TABLE_SIZE=sizeof(table)"])
        #expect(try fixture.store().ping(CallContext())?.domain == "memory")
    }

    @Test(
        "a driver whose table is wrong is refused, and stays refused",
        arguments: [
            ("TABLE_ID=\"other\"", "calls itself other"), ("TABLE_ID=\"\"", "an id"),
            ("TABLE_ID=\"Me\\ny\"", "an id"), ("TABLE_DRAFT=99", "draft 99"),
            ("TABLE_BEHAVIOUR=9", "behaviour 9"), ("TABLE_THREADS=3", "thread model 3"),
            ("TABLE_THREADS=2000", "per-store, its manifest says parallel"),
            ("TABLE_SIZE=100", "100 bytes"), ("TABLE_SIZE=0", "0 bytes"),
            ("TABLE_LIST=NULL", "no function list"),
            ("TABLE_LIST=(void*)qsort", "list that is not its own code"),
            ("WILD_TABLE=0", "no valid address"), ("WILD_TABLE=0x7008", "no valid address"),
            ("WILD_TABLE=-4096", "no valid address"),
            ("WILD_TABLE=((char*)&table+1)", "no valid address"), ("REFUSES", "answered -11"),
        ])
    func wrongTable(_ define: String, _ words: String) throws {
        let fixture = try DriverFixture([define])
        let error = try #require(fixture.refusal())
        #expect(error.code == .table, "\(error)")
        #expect(error.message.contains(words), "\(error)")
        #expect(fixture.refusal() == error)
    }

    @Test("what the system's loader refuses can be tried again") func undefined() throws {
        let fixture = try DriverFixture(["MISSING_FUNCTION"])
        let error = try #require(fixture.refusal())
        #expect(error.code == .open)
        #expect(error.message.contains("function_that_nobody_has"))
        #expect(!error.message.contains("/proc/"))
        #expect(fixture.refusal()?.code == .open)
    }

    @Test("one file is one driver, two files are two") func twice() throws {
        let (fixture, other) = (try DriverFixture(), try DriverFixture())
        let driver = try fixture.load()
        #expect(try fixture.load() === driver)
        #expect(link(fixture.library, other.folder + "/linked.so") == 0)
        #expect(rename(other.folder + "/linked.so", other.library) == 0)
        #expect(try other.load() === driver)
        let third = try DriverFixture()
        #expect(try third.load() !== driver)
    }

    @Test("a replaced file is another driver, although the descriptor's number could be the same")
    func replaced() throws {
        let fixture = try DriverFixture()
        let newer = try DriverFixture(["TABLE_VERSION=\"1.3.0\""])
        #expect(try fixture.load().version == "1.2.3")
        #expect(rename(newer.library, fixture.library) == 0)
        #expect(try fixture.load().version == "1.3.0")
    }

    @Test("the library's descriptor stays open and closes on exec")
    func descriptor() throws {
        let fixture = try DriverFixture()
        let identity = try #require(try fixture.load().inspection.identity)
        let kept = (0..<2048).filter { number in
            var status = stat()
            return fstat(Int32(number), &status) == 0 && status.st_ino == identity.inode
                && status.st_dev == identity.device
        }
        #expect(kept.count == 1)
        #expect(kept.allSatisfy { fcntl(Int32($0), F_GETFD) & FD_CLOEXEC != 0 })
    }

    @Test("a driver is started once, described, and stopped once") func life() throws {
        let fixture = try DriverFixture()
        let driver = try fixture.load()
        let failure = try #require(throws: DriverFailure.self) {
            try driver.describe(CallContext())
        }
        #expect(failure.code == .invalid)
        try driver.start(CallContext())
        try driver.start(CallContext())
        let document = try driver.describe(CallContext())
        let text = String(decoding: document, as: UTF8.self)
        #expect(text.hasPrefix("{\"format\":1,\"id\":\"memory\",") && text.hasSuffix("}]}"))
        #expect(driver.extensionTable("holdfast.example/1")?.load(as: UInt32.self) == 16)
        #expect(driver.extensionTable("holdfast.example/2") == nil)
        try driver.stop(CallContext())
        #expect(throws: DriverFailure.self) { try driver.open([], CallContext()) }
        #expect(throws: DriverFailure.self) { try driver.start(CallContext()) }
        #expect(throws: DriverFailure.self) { try driver.stop(CallContext()) }
    }

    @Test("a failed start is not tried again") func failedStart() throws {
        let fixture = try DriverFixture(["START_FAILS"])
        let driver = try fixture.load()
        for _ in 0..<2 {
            let failure = try #require(throws: DriverFailure.self) {
                try driver.start(CallContext())
            }
            #expect(failure.code == .unavailable)
            #expect(failure.message == "cannot start")
        }
    }

    @Test("messages of a driver arrive on one line, with the call's number") func events() throws {
        let received = Mutex<[String]>([])
        DriverEvents.setHandler { severity, message, call in
            received.withLock {
                $0.append("\(severity) \(message) \(call.map(String.init) ?? "-")")
            }
        }
        defer { DriverEvents.setHandler(nil) }
        let fixture = try DriverFixture()
        let driver = try fixture.load()
        let context = CallContext()
        try driver.start(context)
        let say = OptionValue(name: "say", type: .string, value: .text("grüß dich"))
        try driver.open([say], CallContext()).close(CallContext())
        let messages = received.withLock { $0 }
        #expect(messages.contains("notice started well \(context.id)"))
        #expect(messages.contains("warning grüß dich -"))
    }

    @Test("that a store must exist reaches the driver") func openExisting() throws {
        let driver = try DriverFixture().load()
        try driver.start(CallContext())
        try driver.open([], mustExist: false, CallContext()).close(CallContext())
        let missing = try #require(throws: DriverFailure.self) {
            try driver.open([], mustExist: true, CallContext())
        }
        #expect((missing.code, missing.message) == (.notFound, "there is no such store"))
    }

    @Test("a store that cannot be opened says why") func openFails() throws {
        let fixture = try DriverFixture()
        let refuse = OptionValue(name: "refuse", type: .boolean, value: .number(1))
        let failure = try #require(throws: DriverFailure.self) { try fixture.store([refuse]) }
        #expect(
            failure
                == DriverFailure(
                    .unavailable, "no route", applied: .no,
                    retry: .same(afterNanoseconds: 5_000_000), vendorCode: 42, vendorName: "EXAMPLE"
                ))
        let nothing = OptionValue(name: "nothing", type: .string, value: .text(""))
        let defect = try #require(throws: DriverFailure.self) { try fixture.store([nothing]) }
        #expect(defect.code == .internalError)
    }

    @Test("a secret does not appear when an option is shown") func secrets() {
        let option = OptionValue(name: "password", type: .secret, value: .text("hunter2"))
        #expect("\(option)" == "password=(secret)")
        #expect(!String(reflecting: [option]).contains("hunter2"))
    }
}
