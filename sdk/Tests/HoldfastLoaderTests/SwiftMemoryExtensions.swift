import Glibc
import HoldfastDriver

// Commits and watches of the driver over the Swift SDK that keeps objects in memory.

extension SwiftMemoryStore: TransactionalStore {
    func commit(_ changes: [Change], _ call: Call) throws(DriverError) -> [ObjectInfo] {
        var bytes: [[UInt8]] = []
        for (index, change) in changes.enumerated() {
            do throws(DriverError) {
                guard case .put(_, let source) = change.action else { continue }
                if change.key.path == "unread" { continue }
                bytes.append(try Self.readAll(source))
            } catch {
                var named = error
                named.change = UInt32(index + 1)
                throw named
            }
        }
        return try apply(changes, bytes)
    }

    private static func readAll(_ source: ObjectSource) throws(DriverError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1000)
        while case let count = try source.read(into: &buffer), count > 0 {
            bytes += buffer[..<count]
        }
        return bytes
    }
}

extension SwiftMemoryStore: WatchableStore {
    func watch(_ request: WatchRequest, _ call: Call) throws(DriverError) -> [UInt8] {
        // What is asked for decides what is broken, so that the tests need no other driver.
        if request.prefix == "no-cursor" { return [] }
        while true {
            let now = Array("\(request.collection)/\(request.workspace)/\(writes)".utf8)
            if now != request.cursor { return now }
            try call.check()
            usleep(500)
        }
    }
}
