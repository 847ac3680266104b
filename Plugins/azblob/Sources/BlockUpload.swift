internal import HoldfastDriver
internal import SharedDatabase
internal import SharedHTTP
internal import SharedJSON

/// The blocks of a large blob, several on their way at once, until their list makes them the blob.
final class BlockUpload {
    /// With the size of a block, the memory of a write.
    private static let atOnce = 4
    private static let blockByteCount = 8 << 20
    private static let attemptCount = 5

    private struct Block {
        let id: String
        let bytes: [UInt8]
        var attempts = 0
    }

    private let blob: String
    /// Nobody else's blocks have it, so that no writer can list another's.
    private let token: String
    private var first: [UInt8]?
    private var ids: [String] = []
    /// Blocks that failed, and those of them to send now.
    private var failed: [Block] = []
    private var again: [Block] = []

    init(_ blob: String, _ first: [UInt8]) {
        self.blob = blob
        self.first = first
        token = String(decoding: randomToken(), as: UTF8.self)
    }

    /// The request that makes the blocks the blob.
    var list: Service.Action {
        var action = Service.Action("PUT", blob, query: [("comp", "blocklist")])
        let items = ids.map { "<Uncommitted>\($0)</Uncommitted>" }.joined()
        let text = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>\(items)</BlockList>"
        action.body = Array(text.utf8)
        return action
    }

    /// Sends all blocks.
    func run(
        _ service: Service, _ blocks: inout BlockReader, _ call: Call
    ) throws(DriverError) {
        var isAtEnd = false
        repeat {
            if let attempts = failed.map(\.attempts).max(), !call.pauseToRepeat(attempts) {
                throw call.overError("waiting for the service", applied: .no)
            }
            (again, failed) = (failed, [])
            try service.sendAll(most: Self.atOnce, call) { () throws(DriverError) in
                guard let block = try self.take(&blocks, &isAtEnd, call) else { return nil }
                return (
                    self.action(block),
                    { outcome throws(DriverError) in try self.finish(block, outcome) }
                )
            }
        } while !failed.isEmpty || !isAtEnd
    }

    private func take(
        _ blocks: inout BlockReader, _ isAtEnd: inout Bool, _ call: Call
    ) throws(DriverError) -> Block? {
        if let block = again.popLast() { return block }
        // What failed is kept in memory too.
        guard !isAtEnd, failed.count < Self.atOnce else { return nil }
        var bytes = first ?? []
        if first == nil { bytes = try blocks.next(Self.blockByteCount, call) }
        first = nil
        isAtEnd = bytes.isEmpty
        if isAtEnd { return nil }
        let block = Block(id: id(ids.count), bytes: bytes)
        ids.append(block.id)
        return block
    }

    /// All ids of a blob have one length.
    private func id(_ number: Int) -> String {
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
        return Base64.encode(Array("\(token)-\(padded)".utf8))
    }

    private func action(_ block: Block) -> Service.Action {
        var action = Service.Action(
            "PUT", blob, query: [("comp", "block"), ("blockid", block.id)])
        action.body = block.bytes
        return action
    }

    private func finish(
        _ block: Block, _ outcome: Result<HTTPResponse, ServiceFailure>
    ) throws(DriverError) {
        guard case .failure(let failure) = outcome else { return }
        // Sending a block twice is sending it once.
        guard failure.isPassing, block.attempts + 1 < Self.attemptCount else {
            throw failure.error
        }
        var block = block
        block.attempts += 1
        failed.append(block)
    }
}
