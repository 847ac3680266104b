/// The random id that goes with every put, by which a lost answer is resolved.
enum WriteID {
    /// The attribute that holds it.
    static let attribute = "write-id"
    /// What it takes of ``Limits/attributesBytes``.
    static let attributeBytes = attribute.utf8.count + 32

    /// 128 random bits in 32 hexadecimal digits.
    static func random() -> String { RandomBytes.hexadecimal(16) }
}

extension ObjectInfo {
    /// The same with the host's own attributes taken out of what callers see.
    func strippedOfWriteID() -> ObjectInfo {
        var info = self
        info.writeID = info.attributes.removeValue(forKey: WriteID.attribute) ?? ""
        return info
    }
}
