internal import CCrypto

/// A workspace as one part of a key.
enum WorkspaceName {
    /// The longest name that stands as it is; more would not leave room for the longest path.
    static let maximumByteCount = 27

    /// The workspace with everything but `[A-Za-z0-9._-]` as `%XX`; for a long one `~` and 144 bits of its
    /// SHA-256 in the letters of base64url.
    static func folder(_ workspace: String) -> String {
        let name = escaped(workspace)
        return name.utf8.count <= maximumByteCount ? name : "~" + hash(workspace)
    }

    private static func escaped(_ workspace: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        // A name of dots alone would be a part that no key may have.
        let isDots = workspace == "." || workspace == ".."
        var result: [UInt8] = []
        for byte in workspace.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                result.append(byte)
            case UInt8(ascii: ".") where !isDots: result.append(byte)
            default:
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func hash(_ workspace: String) -> String {
        let bytes = Array(workspace.utf8)
        let digest = unsafe [UInt8](unsafeUninitializedCapacity: 32) { digest, filled in
            let isDone = unsafe bytes.withUnsafeBytes { bytes in
                unsafe holdfast_sha256(bytes.baseAddress, bytes.count, digest.baseAddress)
            }
            precondition(isDone == 1, "libcrypto has no SHA-256")
            filled = 32
        }
        let letters = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var result: [UInt8] = []
        for start in stride(from: 0, to: 18, by: 3) {
            let bits = digest[start..<(start + 3)].reduce(0) { $0 << 8 | Int($1) }
            for shift in [18, 12, 6, 0] { result.append(letters[bits >> shift & 63]) }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
