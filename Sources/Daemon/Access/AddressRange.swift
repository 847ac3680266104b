internal import Glibc

/// A range of IP addresses, written as `10.0.0.0/8`, `fd00::/8` or one address.
struct AddressRange: Sendable {
    private let network: [UInt8]
    private let prefixBits: Int

    /// Reads a range; `nil` when `text` is none.
    init?(_ text: String) {
        let pieces = text.split(separator: "/", omittingEmptySubsequences: false)
        guard pieces.count <= 2, let address = IPAddress(String(pieces[0])) else { return nil }
        network = address.bytes
        guard pieces.count == 2 else {
            prefixBits = network.count * 8
            return
        }
        guard let bits = Int(pieces[1]), (0...network.count * 8).contains(bits) else { return nil }
        prefixBits = bits
    }

    /// Whether the range holds `address`.
    func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == network.count else { return false }
        for index in network.indices {
            let bits = min(8, prefixBits - index * 8)
            guard bits > 0 else { return true }
            let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - bits))
            guard address.bytes[index] & mask == network[index] & mask else { return false }
        }
        return true
    }
}

/// An IP address as bytes: four, or sixteen; IPv4 inside IPv6 counts as IPv4.
struct IPAddress: Sendable {
    /// In network order.
    let bytes: [UInt8]

    /// Reads an address without brackets or port; `nil` when `text` is none.
    init?(_ text: String) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if unsafe inet_pton(AF_INET, text, &v4) == 1 {
            bytes = unsafe withUnsafeBytes(of: v4) { unsafe Array($0) }
        } else if unsafe inet_pton(AF_INET6, text, &v6) == 1 {
            let all = unsafe withUnsafeBytes(of: v6) { unsafe Array($0) }
            let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
            bytes = all.starts(with: mapped) ? Array(all.dropFirst(12)) : all
        } else {
            return nil
        }
    }

    /// Whether only this machine can reach it.
    var isLoopback: Bool {
        bytes.count == 4
            ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    /// Whether it stands for every address of the machine.
    var isWildcard: Bool { bytes.allSatisfy { $0 == 0 } }
}
