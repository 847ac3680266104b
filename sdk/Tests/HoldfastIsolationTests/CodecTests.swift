import Glibc
import HoldfastIsolation
import IsolationFuzz
import SDKTestSupport
import Testing

@Suite("Messages of isolation") struct CodecTests {
    @Test("spoiled frames are refused or mean what they say", arguments: [UInt64(20_261_121)])
    func fuzz(_ seed: UInt64) {
        print("codec fuzz: 200000 executions, seed \(seed)")
        var fuzz = CodecFuzz(seed: seed)
        #expect(fuzz.run(200_000) == nil)
        #expect(fuzz.accepted > 20_000 && fuzz.handled > 1000)
    }

    @Test("what is over a limit is neither written nor read") func limits() throws {
        var event = WireEvent()
        event.text = String(repeating: "x", count: 16384)
        var frame = try Message.event(event).encoded()
        #expect(try Message(decoding: frame) == .event(event))
        event.text += "x"
        #expect(throws: FrameError.size) { try Message.event(event).encoded() }
        frame[5] += 1
        frame.append(0x78)
        #expect(throws: FrameError.size) { try Message(decoding: frame) }
        #expect(throws: FrameError.frame) {
            try Message(decoding: [UInt8](repeating: 5, count: Message.mostBytes + 1))
        }
    }

    @Test("each kind of damage has its error") func damage() throws {
        var connect = WireConnect()
        connect.window = 9
        let frame = try Message.connect(connect).encoded()
        #expect(frame == [2, 9, 0, 0, 0])
        #expect(throws: FrameError.short) { try Message(decoding: []) }
        #expect(throws: FrameError.short) { try Message(decoding: Array(frame.dropLast())) }
        #expect(throws: FrameError.long) { try Message(decoding: frame + [0]) }
        #expect(throws: FrameError.number) { try Message(decoding: [99]) }
        var fill = try Message.fill(WireFill()).encoded()
        fill[5] = 7
        #expect(throws: FrameError.choice) { try Message(decoding: fill) }
        let text: [UInt8] = [5, 10, 0, 0, 0, 1, 0, 0, 0, 0xff]
        #expect(throws: FrameError.text) { try Message(decoding: text) }
    }

    @Test("the generated files are current") func generated() throws {
        let script = DriverFixture.sdk + "/../scripts/generate-codec"
        try run(["python3", script, "--check"])
    }
}
