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

    init(_ number: Int, _ bytes: [UInt8]) {
        self.number = number
        self.bytes = bytes
    }

    /// Forgets the bytes.
    func drop() { bytes = [] }

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
    private var waiting: [Part]
    private var count = 1

    init(_ first: [UInt8], _ reader: PieceReader) {
        self.reader = reader
        waiting = [Part(1, first)]
    }

    /// The next part to send; `nil` when the source is at its end.
    func next() throws(DriverError) -> Part? {
        if let part = waiting.popLast() { return part }
        guard try reader.hasMore() else { return nil }
        guard reader.byteCount <= S3Store.maximumByteCount else { throw S3Store.tooLarge }
        count += 1
        return Part(count, try reader.next(S3Store.partByteCount))
    }

    /// Keeps what completes the upload, and no bytes.
    func isSent(_ part: Part) {
        part.drop()
        sent.append(part)
    }

    /// Sends a part once more.
    func again(_ part: Part) { waiting.append(part) }
}
