internal import HoldfastDriver
internal import SharedObjects
internal import SharedXML

/// A part of a large object.
final class Part {
    let number: Int
    private(set) var bytes: [UInt8]
    var tries = 0
    /// What the service calls it.
    var tag = ""
    var checksum: String?
    /// The hash of its bytes, where the signature needs it.
    var hash: String?

    init(_ number: Int, _ bytes: [UInt8]) {
        self.number = number
        self.bytes = bytes
    }

    /// Gives the memory to another part.
    func giveSpace() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// The part in the document that completes an upload.
    var xml: String {
        let sum = checksum.map { "<ChecksumCRC32C>\($0)</ChecksumCRC32C>" } ?? ""
        let tag = XMLEscaping.escaped(tag) ?? ""
        return "<Part><PartNumber>\(number)</PartNumber><ETag>\(tag)</ETag>\(sum)</Part>"
    }
}

/// The parts of a large object, as they are read and sent.
final class PartList {
    private(set) var reader: PieceReader
    private(set) var sent: [Part] = []
    /// Parts that are sent once more.
    private var repeated: [Part] = []
    /// Parts that were read and not sent yet, in their order.
    private var ahead: [Part] = []
    /// The parts on their way.
    private var underWay = 0
    /// The memory of parts that were sent.
    private var spaces: [[UInt8]] = []
    private var count = 1
    /// What hashes the parts; `nil` where their signatures need no hash.
    private let hashes: PartHashes?

    /// The most parts that are read before they can be sent.
    private static let aheadCount = 2

    init(_ first: [UInt8], _ reader: PieceReader, _ hashes: PartHashes?) {
        self.reader = reader
        self.hashes = hashes
        add(Part(1, first))
    }

    /// The next part to send; `nil` when the source is at its end, or the next part is not ready and
    /// others are on their way.
    func next() throws(DriverError) -> Part? {
        if let part = repeated.popLast() {
            underWay += 1
            return part
        }
        try readAhead()
        guard let part = ahead.first else { return nil }
        if let hashes {
            // What is under way goes on by itself for a moment, but not for long.
            part.hash = underWay > 1 ? hashes.take(part) : hashes.wait(for: part)
            if part.hash == nil { return nil }
        }
        ahead.removeFirst()
        underWay += 1
        try readAhead()
        return part
    }

    private func readAhead() throws(DriverError) {
        while ahead.count < (hashes == nil ? 1 : Self.aheadCount), try reader.hasMore() {
            guard reader.byteCount <= S3Store.maximumByteCount else { throw S3Store.tooLarge }
            count += 1
            let bytes = try reader.next(
                S3Store.partByteCount, reusing: spaces.popLast() ?? [])
            add(Part(count, bytes))
        }
    }

    private func add(_ part: Part) {
        ahead.append(part)
        hashes?.start(part)
    }

    /// Keeps what completes the upload, and no bytes.
    func isSent(_ part: Part) {
        underWay -= 1
        spaces.append(part.giveSpace())
        sent.append(part)
    }

    /// Sends a part once more.
    func again(_ part: Part) {
        underWay -= 1
        repeated.append(part)
    }
}
