import Foundation
import Host
import NIOCore
import Testing

@testable import holdfastd

@Suite("Bytes on their way")
struct TransferTests {
    @Test("base64 is decoded to the byte, and nothing else passes")
    func base64() {
        for length in 0...40 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ length) }
            #expect(Base64.decode(Data(bytes).base64EncodedString()) == bytes)
        }
        for text in ["a", "ab=", "ab===", "a===", "====", "ab-_", "ab c", "abc=d"] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
    }

    @Test("a JSON object escapes what would break it or a terminal")
    func json() throws {
        var object = JSONObject()
        let hostile = "\"\\\n\r\u{1B}[31m\u{7F}\u{0}é"
        object.add("a\"b", hostile)
        object.add("n", -5)
        object.add("t", true)
        let bytes = object.finished()
        #expect(bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        let read = try #require(
            try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(read["a\"b"] as? String == hostile)
        #expect(read["n"] as? Int == -5)
        #expect(read["t"] as? Bool == true)
    }

    @Test(
        "gzip is taken when it is named with a quality",
        arguments: [
            ("gzip", true), ("deflate, gzip;q=0.5", true), ("GZIP", true), ("x-gzip", true),
            ("gzip;q=0", false), ("gzip; q=0.0", false), ("identity", false), ("", false),
            ("*", false),
        ])
    func acceptEncoding(header: String, isTaken: Bool) {
        #expect(ContentCoding.takesGzip(header) == isTaken)
        #expect(!ContentCoding.takesGzip(nil))
    }

    @Test("a body goes through the pipe whole and in order, however it is cut")
    func pipe() async throws {
        let pipe = BodyPipe(length: nil, call: Call(timeout: nil))
        let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        async let received = onThread { try drain(pipe) }
        var rest = sent[...]
        var size = 1
        while !rest.isEmpty {
            #expect(await pipe.send(ByteBuffer(bytes: rest.prefix(size))))
            rest = rest.dropFirst(size)
            size = size * 3 % 70_001 + 1
        }
        pipe.finish()
        #expect(try await received == sent)
    }

    @Test("a body that breaks off fails the reader, even with bytes still there")
    func brokenBody() async throws {
        let pipe = BodyPipe(length: 10, call: Call(timeout: .seconds(60)))
        _ = await pipe.send(ByteBuffer(bytes: [1, 2, 3]))
        pipe.fail(HostError(.source, "broke off"))
        await #expect(throws: HostError.self) { try await onThread { try drain(pipe) } }
    }

    @Test("a sender is let go when nobody reads any more")
    func abandoned() async throws {
        let pipe = BodyPipe(length: nil, call: Call(timeout: .seconds(60)))
        async let sent = pipe.send(ByteBuffer(repeating: 0, count: 4 << 20))
        pipe.abandon()
        #expect(await sent == false)
    }

    @Test("a reader ends with its call, even if no byte ever comes")
    func cancelledCall() async throws {
        let call = Call(timeout: .seconds(60))
        let pipe = BodyPipe(length: nil, call: call)
        let drained = Task { try await onThread { try drain(pipe) } }
        call.cancel()
        await #expect(throws: HostError.self) { try await drained.value }
    }

    private func onThread<R: Sendable>(
        _ body: @escaping @Sendable () throws -> R
    ) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }
}

/// Reads all of it, and lets go of the sender as a store does, whatever the outcome.
private func drain(_ pipe: BodyPipe) throws -> [UInt8] {
    defer { pipe.abandon() }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 10_007)
    while true {
        let count = try buffer.withUnsafeMutableBytes { try pipe.read(into: $0) }
        if count == 0 { return all }
        all.append(contentsOf: buffer[..<count])
    }
}
