import Glibc
import HoldfastDriver
import SharedHTTP
import Synchronization
import Testing

private struct Limited: CallControl {
    let end: Int64
    init(seconds: Int64 = 20) { end = monotonicNanoseconds() + seconds * 1_000_000_000 }
    var isOver: Bool { remainingNanoseconds == 0 }
    var remainingNanoseconds: Int64 { max(0, end - monotonicNanoseconds()) }
}

/// Holds back until as many as wanted are there.
private final class Barrier: Sendable {
    private let count = Atomic(0)
    private let wanted: Int
    init(_ wanted: Int) { self.wanted = wanted }
    func arrive() {
        count.add(1, ordering: .sequentiallyConsistent)
        while count.load(ordering: .sequentiallyConsistent) < wanted { usleep(1000) }
    }
}

@Suite("Several transfers of one call")
struct ExchangeTests {
    @Test("As many as allowed are on their way at once, and no more")
    func concurrency() throws {
        // The server answers nobody before the fourth is there: fewer at once would never end.
        let barrier = Barrier(4)
        let (now, peak) = (SharedCount(), SharedCount())
        let server = LoopbackServer { head in
            peak.raise(to: now.add(1))
            barrier.arrive()
            now.add(-1)
            return LoopbackServer.answer(200, [], Array(head.prefix(6).utf8))
        }
        let client = try HTTPClient(HTTPSettings())
        var left = 20
        var answers = 0
        try client.sendAll(most: 4, Limited()) { () throws(DriverError) in
            guard left > 0 else { return nil }
            left -= 1
            return Exchange(HTTPRequest("GET", server.url + "/\(left)"), limit: 100) {
                result throws(DriverError) in
                #expect(try result.get().status == 200)
                answers += 1
            }
        }
        #expect(answers == 20)
        #expect(peak.value == 4)
        #expect(server.connectionCount == 4)
    }

    @Test("Bodies go both ways at once, each to its own")
    func bodies() throws {
        let server = LoopbackServer { head in
            let number = Int(head.split(separator: " ")[1].dropFirst()) ?? 0
            return LoopbackServer.answer(200, [], [UInt8](repeating: UInt8(number), count: 300_000))
        }
        let client = try HTTPClient(HTTPSettings())
        var received = [[UInt8]](repeating: [], count: 6)
        var next = 0
        try client.sendAll(most: 3, Limited()) { () throws(DriverError) in
            guard next < 6 else { return nil }
            let number = next
            next += 1
            let request = HTTPRequest(
                "PUT", server.url + "/\(number)",
                body: .bytes([UInt8](repeating: 7, count: 200_000)))
            return Exchange(request, limit: 0) { _, span throws(DriverError) in
                span.withUnsafeBytes { received[number].append(contentsOf: $0) }
            } completion: { result throws(DriverError) in
                _ = try result.get()
            }
        }
        for number in 0..<6 {
            #expect(received[number] == [UInt8](repeating: UInt8(number), count: 300_000))
        }
    }

    @Test("A lost answer is its own exchange's, and what a completion throws ends all")
    func failures() throws {
        let server = LoopbackServer { head in
            head.hasPrefix("POST /bad") ? [] : LoopbackServer.answer(204)
        }
        let client = try HTTPClient(HTTPSettings())
        var paths = ["/a", "/bad", "/b", "/c"]
        var good = 0
        var lost: DriverError?
        try client.sendAll(most: 2, Limited()) { () throws(DriverError) in
            guard !paths.isEmpty else { return nil }
            let request = HTTPRequest("POST", server.url + paths.removeFirst(), body: .bytes([1]))
            return Exchange(request, limit: 100) { result in
                switch result {
                case .success: good += 1
                case .failure(let error): lost = error
                }
            }
        }
        #expect(good == 3)
        #expect(lost?.code == .unavailable)
        #expect(lost?.applied == .unknown)
        let error = #expect(throws: DriverError.self) {
            try client.sendAll(most: 4, Limited()) { () throws(DriverError) in
                Exchange(HTTPRequest("GET", server.url), limit: 100) { _ throws(DriverError) in
                    throw DriverError(.conflict, "enough")
                }
            }
        }
        #expect(error?.code == .conflict)
    }

    @Test("A deadline ends all of them")
    func deadline() throws {
        let server = LoopbackServer { _ in
            sleep(20)
            return []
        }
        let client = try HTTPClient(HTTPSettings())
        var left = 3
        let error = #expect(throws: DriverError.self) {
            try client.sendAll(most: 3, Limited(seconds: 1)) { () throws(DriverError) in
                guard left > 0 else { return nil }
                left -= 1
                return Exchange(HTTPRequest("GET", server.url), limit: 100) { _ in }
            }
        }
        #expect(error?.code == .deadline)
        #expect(error?.applied == .unknown)
    }

    @Test("Nothing on its way and nothing more to send is the end")
    func empty() throws {
        let client = try HTTPClient(HTTPSettings())
        try client.sendAll(most: 3, Limited()) { () throws(DriverError) in nil }
        let error = #expect(throws: DriverError.self) {
            try client.sendAll(most: 3, Limited()) { () throws(DriverError) in
                Exchange(HTTPRequest("GET", "http://127.0.0.1/ x"), limit: 1) { _ in }
            }
        }
        #expect(error?.code == .invalid)
    }
}

/// A number that several threads change.
private final class SharedCount: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    @discardableResult func add(_ number: Int) -> Int {
        count.add(number, ordering: .sequentiallyConsistent).newValue
    }
    func raise(to number: Int) { _ = count.max(number, ordering: .sequentiallyConsistent) }
}
