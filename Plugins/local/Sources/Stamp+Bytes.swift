internal import HoldfastDriver

extension Stamp {
    /// Why a stamp cannot be read.
    enum Failure: Error {
        case newer(UInt8)
        case damaged
    }

    /// The stamp as ``Stamp`` describes it.
    var encoded: [UInt8] {
        var bytes = [Self.format]
        for word in [random.0, random.1, modified, origin] { bytes.append(word: word) }
        bytes.append(number: byteCount)
        for attribute in attributes {
            let value = Array(attribute.value.utf8)
            let packed = packedHex(value)
            bytes.append(
                UInt8(truncatingIfNeeded: attribute.name.utf8.count)
                    | (packed == nil ? 0 : packedFlag))
            bytes.append(number: UInt64((packed ?? value).count))
            bytes += attribute.name.utf8
            bytes += packed ?? value
        }
        return bytes
    }

    /// Reads a stamp.
    init(decoding bytes: [UInt8]) throws(Failure) {
        var reader = Reader(rest: bytes[...])
        let format = try reader.byte()
        if format > Self.format { throw .newer(format) }
        guard format == Self.format else { throw .damaged }
        random = (try reader.word(), try reader.word())
        modified = try reader.word()
        origin = try reader.word()
        byteCount = try reader.number()
        attributes = []
        while !reader.rest.isEmpty { attributes.append(try reader.attribute()) }
    }

    /// The bytes of a stamp that are still to be read.
    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func byte() throws(Failure) -> UInt8 {
            guard let byte = rest.popFirst() else { throw .damaged }
            return byte
        }

        mutating func word() throws(Failure) -> UInt64 {
            var word: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                word |= UInt64(try byte()) << shift
            }
            return word
        }

        mutating func number() throws(Failure) -> UInt64 {
            var number: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                let group = try byte()
                number |= UInt64(group & 0x7F) << shift
                if group < 0x80 { return number }
            }
            throw .damaged
        }

        mutating func attribute() throws(Failure) -> Attribute {
            let head = try byte()
            let valueCount = try number()
            let name = try text(UInt64(head & ~packedFlag), isPacked: false)
            return Attribute(
                name: name, value: try text(valueCount, isPacked: head & packedFlag != 0))
        }

        private mutating func text(_ count: UInt64, isPacked: Bool) throws(Failure) -> String {
            guard count <= UInt64(rest.count) else { throw .damaged }
            let bytes = rest.prefix(Int(count))
            rest = rest.dropFirst(Int(count))
            if isPacked { return String(decoding: unpackedHex(bytes), as: UTF8.self) }
            guard let string = String(validating: bytes, as: UTF8.self) else { throw .damaged }
            return string
        }
    }
}

private let packedFlag: UInt8 = 0x80

extension [UInt8] {
    fileprivate mutating func append(word: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }

    fileprivate mutating func append(number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}

// MARK: - Hexadecimal

/// Half as many bytes for lower-case hexadecimal text; `nil` for any other.
private func packedHex(_ text: [UInt8]) -> [UInt8]? {
    guard !text.isEmpty, text.count.isMultiple(of: 2) else { return nil }
    var packed: [UInt8] = []
    packed.reserveCapacity(text.count / 2)
    for index in stride(from: 0, to: text.count, by: 2) {
        guard let high = hexValue(text[index]), let low = hexValue(text[index + 1]) else {
            return nil
        }
        packed.append(high << 4 | low)
    }
    return packed
}

private func unpackedHex(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        text.append(hexDigit(byte >> 4))
        text.append(hexDigit(byte & 0xF))
    }
    return text
}

private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

/// The 16 digits of a word.
func hexDigits(_ word: UInt64) -> [UInt8] {
    stride(from: UInt64(60), through: 0, by: -4).map { shift in
        hexDigit(UInt8(truncatingIfNeeded: word >> shift) & 0xF)
    }
}
