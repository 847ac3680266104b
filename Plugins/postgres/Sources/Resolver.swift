internal import CPostgres
internal import Glibc
internal import HoldfastDriver
internal import SharedDatabase

/// Looks up the addresses of a name on a thread of its own, because the lookup cannot be stopped.
///
/// A lookup that outlives its call is left to end by itself; it holds nothing but its own memory.
enum Resolver {
    private enum Answer: Sendable { case waiting, found([String]), failed(String) }

    private final class Lookup: Sendable {
        let host: String
        let answer = Monitor(Answer.waiting)
        init(_ host: String) { self.host = host }
    }

    /// The addresses of `host`, as numbers.
    ///
    /// - Parameters:
    ///   - host: A name or an address.
    ///   - deadline: When to give up, by the monotonic clock.
    ///   - call: The call that waits.
    /// - Returns: At least one.
    /// - Throws: ``PostgresFailure``.
    static func addresses(
        of host: String, deadline: Int64, _ call: Call
    ) throws(PostgresFailure) -> [String] {
        // Needs neither a thread nor a server of names.
        if case .found(let addresses) = look(up: host, AI_NUMERICHOST) { return addresses }
        let lookup = Lookup(host)
        var thread = pthread_t()
        let box = unsafe Unmanaged.passRetained(lookup).toOpaque()
        let code = unsafe pthread_create(
            &thread, nil,
            { box in
                if let box = unsafe box { unsafe Resolver.run(box) }
                return nil
            }, box)
        guard code == 0 else {
            unsafe Unmanaged<Lookup>.fromOpaque(box).release()
            throw .lost("cannot start a thread to look up \(host)", wasSent: false)
        }
        pthread_detach(thread)
        let answer = lookup.answer.wait(deadline: deadline) { answer -> Answer? in
            if case .waiting = answer {
                return call.isOver || monotonicNanoseconds() >= deadline ? .waiting : nil
            }
            return answer
        }
        switch answer {
        case .found(let addresses): return addresses
        case .failed(let reason): throw .lost("cannot look up \(host): \(reason)", wasSent: false)
        case .waiting:
            if let code = call.overCode { throw .over(code, wasSent: false) }
            throw .lost("looking up \(host) took too long", wasSent: false)
        }
    }

    private static func run(_ box: UnsafeMutableRawPointer) {
        let lookup = unsafe Unmanaged<Lookup>.fromOpaque(box).takeRetainedValue()
        let answer = look(up: lookup.host, 0)
        lookup.answer.change { $0 = answer }
    }

    private static func look(up host: String, _ flags: Int32) -> Answer {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = flags
        var first: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, nil, &hints, &first)
        guard code == 0 else { return .failed(unsafe String(cString: gai_strerror(code))) }
        defer { unsafe freeaddrinfo(first) }
        var found: [String] = []
        var next = unsafe first
        while let info = unsafe next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let isNamed = unsafe getnameinfo(
                info.pointee.ai_addr, info.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
                NI_NUMERICHOST)
            if isNamed == 0 {
                let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                found.append(String(decoding: bytes, as: UTF8.self))
            }
            unsafe next = info.pointee.ai_next
        }
        return found.isEmpty ? .failed("it has no address") : .found(found)
    }
}
