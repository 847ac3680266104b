import Glibc
import HoldfastLoader
import SDKTestSupport
import Testing

@Suite("Library files") struct LibraryTests {
    @Test("the headers of a driver are read") func headers() throws {
        let fixture = try DriverFixture()
        let image = try ELFImage(try contents(fixture.library), path: fixture.library)
        #expect(
            image.notes == [ELFImage.Note(abiMajor: 1, abiMinor: 0, draft: 5, behaviour: 1)])
        #expect(image.exports.map(\.name) == ["holdfast_driver_main_v1"])
        #expect(image.exports.map(\.isFunction) == [true])
        #expect(image.needed == ["libc.so.6"])
        #expect(!image.hasExecutableStack && !image.hasTextRelocations)
        #expect(image.hasReadOnlyRelocations && image.isBoundAtLoad)
    }

    @Test("classic hash tables are read as well") func classicHash() throws {
        let fixture = try DriverFixture(["EXTRA_EXPORT"], flags: ["-Wl,--hash-style=sysv"])
        let image = try ELFImage(try contents(fixture.library), path: fixture.library)
        #expect(
            Set(image.exports.map(\.name)) == ["holdfast_driver_main_v1", "helper_of_the_driver"])
    }

    @Test("no section headers are needed") func noSections() throws {
        let fixture = try DriverFixture()
        var bytes = try contents(fixture.library)
        for index in Array(40..<48) + Array(58..<64) { bytes[index] = 0 }
        let image = try ELFImage(bytes, path: fixture.library)
        #expect(image.exports.count == 1 && image.notes.count == 1)
    }

    @Test("a library for a newer system is refused before it is opened") func newerSystem() throws {
        let fixture = try DriverFixture(["RUNS_CODE"])
        var bytes = try contents(fixture.library)
        let image = try ELFImage(bytes, path: fixture.library)
        let version = try #require(image.neededVersions.first { $0.hasPrefix("GLIBC_2.") })
        // The string table is the only place with the name and its terminator.
        let name = Array(version.utf8) + [0]
        let place = try #require(
            bytes.indices.dropLast(name.count).first { bytes[$0...].starts(with: name) })
        bytes[place + 6] = UInt8(ascii: "9")
        #expect(
            try ELFImage(bytes, path: fixture.library).neededVersions.contains(
                "GLIBC_9." + version.dropFirst(8)))
        try write(bytes, to: fixture.library)
        let error = try #require(fixture.refusal())
        #expect(error.code == .needed, "\(error)")
        #expect(error.message.contains("GLIBC_9."), "\(error)")
    }

    @Test(
        "a library that was built wrongly is refused",
        arguments: [
            (["NO_NOTE"], [], LoaderError.Code.note, "no Holdfast note"),
            (["TWO_NOTES"], [], .note, "more than one"),
            (["NOTE_MAJOR=2", "NOTE_DRAFT=5", "NOTE_BEHAVIOUR=1"], [], .interface, "version 2"),
            (["NOTE_MAJOR=1", "NOTE_DRAFT=7", "NOTE_BEHAVIOUR=1"], [], .interface, "draft 7"),
            (["NOTE_MAJOR=1", "NOTE_DRAFT=5", "NOTE_BEHAVIOUR=9"], [], .interface, "level 9"),
            (["NOTE_MAJOR=1", "NOTE_DRAFT=5", "NOTE_BEHAVIOUR=0"], [], .manifest, "driver.toml"),
            (["EXTRA_EXPORT"], [], .exports, "helper_of_the_driver"),
            (["NO_ENTRY"], [], .exports, "does not export"),
            ([], ["-Wl,--no-as-needed", "-lresolv"], .needed, "libresolv.so.2"),
            ([], ["-z", "execstack"], .linking, "executable"),
            ([], ["-Wl,-z,norelro"], .linking, "no read-only relocations"),
            ([], ["-Wl,-z,lazy"], .linking, "first calls"),
            ([], ["-Wl,--disable-new-dtags,-rpath,/tmp"], .linking, "RPATH"),
            ([], ["-Wl,--enable-new-dtags,-rpath,/tmp"], .linking, "\"/tmp\""),
            ([], ["-Wl,--enable-new-dtags,-rpath,$ORIGIN/.."], .linking, "$ORIGIN/.."),
            ([], ["-Wl,--enable-new-dtags,-rpath,$ORIGIN:"], .linking, "\"\""),
            ([], ["-Wl,-soname,libc.so.6"], .linking, "calls itself libc.so.6"),
            ([], ["-Wl,-soname,/proc/self/fd/701"], .linking, "calls itself /proc"),
            ([], ["-Wl,-f,libm.so.6"], .linking, "filter"),
            (["STATIC_TLS"], [], .linking, "thread-local"),
        ])
    func wrongBuild(
        _ defines: [String], _ flags: [String], _ code: LoaderError.Code, _ words: String
    ) throws {
        let fixture = try DriverFixture(["RUNS_CODE"] + defines, flags: flags)
        let error = try #require(fixture.refusal())
        #expect(error.code == code, "\(error)")
        #expect(error.message.contains(words), "\(error)")
        #expect(error.path == fixture.library)
        #expect(getenv("HOLDFAST_TEST_CODE_RAN") == nil)
    }

    @Test("a search folder beside the library is allowed") func runpath() throws {
        let fixture = try DriverFixture(flags: ["-Wl,--enable-new-dtags,-rpath,$ORIGIN/lib:$ORIGIN"]
        )
        #expect(fixture.refusal() == nil)
    }

    @Test("what the manifest declares may be needed") func declared() throws {
        var manifest = DriverFixture.goodManifest
        manifest.replace("libexample.so.1", with: "libresolv.so.2")
        let fixture = try DriverFixture(
            flags: ["-Wl,--no-as-needed", "-lresolv"], manifest: manifest)
        #expect(fixture.refusal() == nil)
    }

    @Test("all problems are shown, and the first one counts") func allProblems() throws {
        let fixture = try DriverFixture(["NO_NOTE", "EXTRA_EXPORT"], flags: ["-z", "execstack"])
        let inspection = LibraryInspection.inspect(folder: fixture.folder)
        #expect(inspection.problems.map(\.code) == [.note, .exports, .linking])
        #expect(fixture.refusal() == inspection.problems.first)
        #expect(inspection.image != nil && !inspection.isLoadable)
    }

    @Test("what is not a whole library for this machine is refused") func otherFiles() throws {
        let fixture = try DriverFixture()
        let good = try contents(fixture.library)
        func refusal(_ bytes: [UInt8]) throws -> LoaderError.Code? {
            try write(bytes, to: fixture.library)
            return fixture.refusal()?.code
        }
        #expect(try refusal([]) == .malformed)
        #expect(try refusal(Array("#!/bin/sh\nexit 0\n".utf8)) == .malformed)
        #expect(try refusal(Array(good.prefix(40))) == .malformed)
        #expect(try refusal(Array(good.prefix(good.count / 2))) == .malformed)
        var other = good
        other[18] = 243
        #expect(try refusal(other) == .machine)
        other = good
        other[4] = 1
        #expect(try refusal(other) == .machine)
        other = good
        other[16] = 2
        #expect(try refusal(other) == .malformed)
    }

    @Test("spoilt headers never crash the reader", arguments: [UInt64(1), 2, 3, 4])
    func spoilt(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let fixture = try DriverFixture(["EXTRA_EXPORT"])
        let good = try contents(fixture.library)
        let image = try ELFImage(good, path: "good")
        var refused = 0
        for _ in 0..<3000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                // Most of what the reader looks at lies in the first pages.
                let near = Bool.random(using: &random) ? 1400 : bytes.count
                let at = Int.random(in: 0..<min(near, bytes.count), using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: for offset in at..<min(at + 8, bytes.count) { bytes[offset] = 0xff }
                default: bytes[at] = UInt8.random(in: .min ... .max, using: &random)
                }
            }
            if Int.random(in: 0..<8, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            }
            do {
                if try ELFImage(bytes, path: "spoilt") != image { refused += 1 }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 100)
    }
}
