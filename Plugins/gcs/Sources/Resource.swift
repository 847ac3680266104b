internal import HoldfastDriver
internal import SharedJSON
internal import SharedObjects

/// What the service says of one object.
struct Resource {
    /// The key of the metadata that holds the attributes.
    static let attributesKey = "holdfast"
    /// What is asked for.
    static let fields = "generation,size,timeCreated,crc32c,metadata"

    /// The object's generation, which is its version.
    let generation: String
    /// The checksum in the service's form; `nil` for none.
    let sum: String?
    /// What is known of the object.
    let info: ObjectInfo

    /// Reads an object's resource.
    ///
    /// - Parameters:
    ///   - document: The resource.
    ///   - key: The object's name, for messages.
    /// - Throws: ``DriverError`` when it is none, or its attributes are damaged.
    init(_ document: JSONValue, _ key: String) throws(DriverError) {
        guard let generation = document["generation"]?.text, isGeneration(generation),
            let size = document["size"]?.text.flatMap({ UInt64($0) })
        else {
            throw DriverError(
                .io, "the service's answer on \(key) has no generation and size", applied: .unknown)
        }
        self.generation = generation
        sum = document["crc32c"]?.text
        var attributes: [Attribute] = []
        if let text = document["metadata"]?[Self.attributesKey]?.text {
            guard let found = [Attribute](headerValue: text) else {
                throw DriverError(
                    .corrupt,
                    "the metadata \(Self.attributesKey) of \(key) is damaged; write the object anew"
                )
            }
            attributes = found
        }
        info = ObjectInfo(
            version: Version(generation), byteCount: size,
            modifiedNanoseconds: modified(document["timeCreated"]?.text), attributes: attributes)
    }
}

/// Whether text is a generation: a number above zero, which would stand for "no object".
func isGeneration(_ text: String) -> Bool {
    guard (1...20).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "0") else {
        return false
    }
    return text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
}

/// The time of a write in nanoseconds; 0 when it is not known.
private func modified(_ text: String?) -> Int64 {
    guard let text, let seconds = Timestamp.seconds(text) else { return 0 }
    let fraction = text.utf8.drop { $0 != UInt8(ascii: ".") }.dropFirst().prefix {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
    }
    let digits = String(decoding: fraction.prefix(9), as: UTF8.self)
    let padded = digits + String(repeating: "0", count: 9 - digits.utf8.count)
    return seconds * 1_000_000_000 + (Int64(padded) ?? 0)
}
