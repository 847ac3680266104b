import Glibc
import Synchronization

/// A server on loopback whose answers a test writes, a thread for each connection.
final class LoopbackServer: Sendable {
    /// Takes the head of a request, whose body was read and dropped, and makes the whole answer.
    typealias Handler = @Sendable (String) -> [UInt8]

    let port: UInt16
    private let listener: Int32
    private let handler: Handler
    private let accepted = Atomic(0)

    init(_ handler: @escaping Handler) {
        self.handler = handler
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        port = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(listener, address, size)
                _ = listen(listener, 64)
                _ = getsockname(listener, address, &size)
            }
            return UInt16(bigEndian: address.pointee.sin_port)
        }
        startThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                self?.accepted.add(1, ordering: .relaxed)
                let handler = self?.handler
                startThread { handler.map { serve(connection, $0) } }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The connections so far.
    var connectionCount: Int { accepted.load(ordering: .relaxed) }

    /// An answer with a body.
    static func answer(_ status: Int, _ headers: [String] = [], _ body: [UInt8] = []) -> [UInt8] {
        let lines = ["HTTP/1.1 \(status) X", "Content-Length: \(body.count)"] + headers
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }
}

private func serve(_ connection: Int32, _ handler: LoopbackServer.Handler) {
    defer { close(connection) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(connection, &buffer, buffer.count)
        guard count > 0 else { return }
        bytes += buffer[..<count]
        while let (head, rest) = request(bytes) {
            bytes = rest
            let answer = handler(head)
            // An empty answer closes the connection.
            guard !answer.isEmpty,
                send(connection, answer, answer.count, Int32(MSG_NOSIGNAL)) == answer.count
            else { return }
        }
    }
}

/// The head of the first whole request in some bytes, and what follows its body.
private func request(_ bytes: [UInt8]) -> (String, [UInt8])? {
    let end = Array("\r\n\r\n".utf8)
    guard let index = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else {
        return nil
    }
    let head = String(decoding: bytes[..<index], as: UTF8.self)
    let lengths = head.split(separator: "\r\n").compactMap { line -> Int? in
        let parts = line.split(separator: ":")
        return parts[0].lowercased() == "content-length" ? Int(parts[1].drop { $0 == " " }) : nil
    }
    let length = lengths.first ?? 0
    guard bytes.count >= index + 4 + length else { return nil }
    return (head, Array(bytes[(index + 4 + length)...]))
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Box(body)).toOpaque()
    pthread_create(
        &thread, nil,
        { context in
            context.map { Unmanaged<Box>.fromOpaque($0).takeRetainedValue().body() }
            return nil
        }, context)
    pthread_detach(thread)
}
