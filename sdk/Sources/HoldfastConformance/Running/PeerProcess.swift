internal import Glibc
internal import HoldfastLoader

extension CheckProcess {
    /// Serves a check that runs in another process, until that one has no more commands.
    ///
    /// - Parameters:
    ///   - check: The check.
    ///   - driverFolder: The driver's folder.
    ///   - folder: The check's own folder.
    ///   - optionsPath: The file with the store's options.
    ///   - seed: The seed of the run.
    ///   - driverHost: The path of `holdfast-driver-host`, when the driver is to be isolated.
    public static func serve(
        _ check: Check, driverFolder: String, folder: String, optionsPath: String?, seed: UInt64,
        driverHost: String? = nil
    ) -> Never {
        unblockSignals()
        _ = alarm(UInt32(check.seconds) + 10)
        _ = fcntl(Peer.descriptor, F_SETFD, FD_CLOEXEC)
        do throws(CheckFailure) {
            let options = try readOptions(optionsPath)
            try require(unsafe chdir(folder) == 0, "\(folder): \(systemError())")
            let run = CheckRun(
                check: check.id, driverFolder: driverFolder, folder: folder, seed: seed,
                optionsFile: options, driverHost: driverHost)
            var service = PeerService(run: run)
            service.serve()
            try run.finish()
        } catch {
            PeerService.say(PeerMessage.answer(error))
        }
        exit(0)
    }
}

/// What a check's second process does.
struct PeerService {
    let run: CheckRun
    private var buffer: [UInt8] = []
    /// Bytes that were made before there was a want of memory, by their id.
    private var prepared: [UInt64: [UInt8]] = [:]

    init(run: CheckRun) { self.run = run }

    /// Does what it is told until the other end is closed.
    mutating func serve() {
        while let command = nextCommand() {
            do { Self.say(["ok"] + (try perform(command))) } catch {
                Self.say(PeerMessage.answer(error))
            }
        }
    }

    private mutating func nextCommand() -> [String]? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let text = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeFirst(end + 1)
                return text.split(separator: " ").map(String.init)
            }
            var piece = [UInt8](repeating: 0, count: 4096)
            let count = unsafe read(Peer.descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return nil }
            buffer += piece[..<count]
        }
    }

    /// Tells the check something.
    static func say(_ words: [String]) {
        writeAll(Array((words.joined(separator: " ") + "\n").utf8), to: Peer.descriptor)
    }

    private mutating func perform(_ command: [String]) throws -> [String] {
        let words = command.dropFirst()
        switch (command.first, words.count) {
        case ("open", 0):
            _ = try run.openBench()
            return []
        case ("close", 0):
            try run.close(try run.bench().store)
            return []
        case ("clock", 0): return try clock()
        case ("get", 1):
            let (info, bytes) = try run.bench().get(words[1])
            let pattern = try Pattern(bytes, "get of \(words[1])")
            return [PeerMessage.hex(info.version.token), "\(pattern.id)", "\(pattern.count)"]
        case ("head", 1):
            return [PeerMessage.hex(try run.bench().head(words[1]).version.token)]
        case ("remove", 2):
            try run.bench().remove(words[1], if: PeerMessage.condition(words[2]))
            return []
        case ("prepare", 2):
            let pattern = Pattern(id: UInt64(words[1]) ?? 0, count: Int(words[2]) ?? 0)
            prepared[pattern.id] = pattern.bytes
            return []
        case ("put", 4):
            let pattern = Pattern(id: UInt64(words[2]) ?? 0, count: Int(words[3]) ?? 0)
            let bytes = prepared[pattern.id] ?? pattern.bytes
            let info = try run.bench().put(
                words[1], bytes, if: PeerMessage.condition(words[4]))
            return [PeerMessage.hex(info.version.token)]
        case ("commit", 1):
            try run.bench().commit(
                try words[1].split(separator: ",").map { text in
                    let parts = text.split(separator: "|").map(String.init)
                    guard parts.count == 4, let id = UInt64(parts[1]), let count = Int(parts[2])
                    else { throw CheckFailure("the kit's second process was told \(command)") }
                    return .put(
                        parts[0], Pattern(id: id, count: count).bytes,
                        if: PeerMessage.condition(parts[3]))
                })
            return []
        case ("watch", 3):
            let cursor = try run.bench().watch(
                String(decoding: PeerMessage.bytes(words[1]), as: UTF8.self),
                PeerMessage.bytes(words[2]), milliseconds: Int(words[3]) ?? 0)
            return [PeerMessage.hex(cursor)]
        default: return try performLast(command)
        }
    }

    /// The commands that the process may not survive.
    private func performLast(_ command: [String]) throws -> [String] {
        let words = command.dropFirst()
        let bench = try run.bench()
        switch (command.first, words.count) {
        case ("die-in-put", 4):
            let pattern = Pattern(id: UInt64(words[2]) ?? 0, count: Int(words[3]) ?? 0)
            try Doomed.put(bench, words[1], pattern, at: Int(words[4]) ?? 0)
            return []
        case ("die-after-put", 3):
            let pattern = Pattern(id: UInt64(words[2]) ?? 0, count: Int(words[3]) ?? 0)
            let info = try bench.put(words[1], pattern.bytes)
            Self.say(["ok", PeerMessage.hex(info.version.token)])
            raise(SIGKILL)
            return []
        case ("die-after-remove", 1):
            try bench.remove(words[1])
            Self.say(["ok"])
            raise(SIGKILL)
            return []
        case ("write-for-ever", 2):
            try Doomed.writeForEver(
                bench, seed: UInt64(words[1]) ?? 0, most: Int(words[2]) ?? Pattern.least)
            return []
        case ("commit-for-ever", 2):
            try Doomed.commitForEver(
                bench, seed: UInt64(words[1]) ?? 0, most: Int(words[2]) ?? Pattern.least)
            return []
        case ("starve", 1):
            try run.limitMemory(growth: Int(words[1]) ?? 0)
            return []
        default: throw CheckFailure("the kit's second process was told \(command)")
        }
    }

    private func clock() throws -> [String] {
        guard let clock = try run.bench().store.ping(CallContext()) else { return [] }
        return [
            PeerMessage.hex(Array(clock.domain.utf8)), "\(clock.nowNanoseconds)",
            "\(clock.uncertaintyNanoseconds)",
        ]
    }
}

/// Writes that a kill ends.
enum Doomed {
    /// Puts an object from a source that kills the process at a reading.
    ///
    /// - Parameters:
    ///   - bench: Where.
    ///   - path: The object.
    ///   - pattern: Its bytes, of which each reading gives a quarter.
    ///   - place: How many quarters were read by then.
    /// - Throws: What put throws before the kill.
    static func put(_ bench: Bench, _ path: String, _ pattern: Pattern, at place: Int) throws {
        let bytes = pattern.bytes
        let quarter = (bytes.count + 3) / 4
        var (position, next) = (0, 0)
        _ = try unsafe bench.store.put(
            bench.key(path), PutRequest(length: UInt64(bytes.count)), CallContext()
        ) { buffer in
            // A small buffer takes several readings for one quarter.
            if position >= min(place * quarter, bytes.count) { raise(SIGKILL) }
            next = min((position / quarter + 1) * quarter, bytes.count)
            let count = min(buffer.count, next - position)
            unsafe buffer.copyBytes(from: bytes[position..<position + count])
            position += count
            return count
        }
    }

    /// Writes and removes objects, and says what it begins and what was acknowledged.
    static func writeForEver(_ bench: Bench, seed: UInt64, most: Int) throws {
        var random = SeededGenerator(seed: seed, name: "write-for-ever")
        for number in UInt64(1)... {
            let path = "path/\(Int.random(in: 0..<4, using: &random))"
            let choice = Int.random(in: 0..<8, using: &random)
            if choice == 0 {
                PeerService.say(["begin", path, "0", "0"])
                try bench.remove(path)
            } else {
                let sizes = [Pattern.least, 100, 5000, 70_000, 300_000].map { min($0, most) }
                let size = sizes.randomElement(using: &random) ?? most
                let pattern = Pattern(id: seed &+ number, count: size)
                let bytes = pattern.bytes
                PeerService.say(["begin", path, "\(pattern.id)", "\(pattern.count)"])
                try bench.put(path, bytes)
            }
            PeerService.say(["end"])
        }
    }
}
