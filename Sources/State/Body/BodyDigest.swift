internal import Crypto
internal import Host

/// Everything that is computed from a body while it passes by.
struct BodyDigest {
    private var sha256 = SHA256()
    private var md5: Insecure.MD5?
    private var scanner = StateScanner()

    /// - Parameter wantsMD5: Whether there is an MD5 to compare with.
    init(wantsMD5: Bool) { md5 = wantsMD5 ? Insecure.MD5() : nil }

    mutating func consume(_ piece: UnsafeRawBufferPointer) {
        unsafe sha256.update(bufferPointer: piece)
        unsafe md5?.update(bufferPointer: piece)
        unsafe scanner.consume(piece)
    }

    /// The SHA-256 so far, in hexadecimal.
    var sha256Text: String { hexadecimal(sha256.finalize()) }

    /// The MD5 so far; `nil` where it was not wanted.
    var md5Bytes: [UInt8]? { md5.map { Array($0.finalize()) } }

    /// What the body says of itself, once it has passed.
    var facts: StateFacts {
        var scanner = scanner
        return scanner.finish()
    }
}

/// The SHA-256 of a body in pieces, in hexadecimal.
struct PlainDigest {
    private var sha256 = SHA256()

    mutating func consume(_ piece: UnsafeRawBufferPointer) {
        unsafe sha256.update(bufferPointer: piece)
    }

    var text: String { hexadecimal(sha256.finalize()) }

    /// The digest of bytes in memory.
    static func text(of bytes: [UInt8]) -> String {
        var digest = PlainDigest()
        unsafe bytes.withUnsafeBytes { unsafe digest.consume($0) }
        return digest.text
    }

    /// The digest of everything that `source` has.
    static func text(of source: any ByteSource) throws(HostError) -> String {
        var digest = PlainDigest()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let result: Result<Int, HostError> = unsafe buffer.withUnsafeMutableBytes { buffer in
                do throws(HostError) { return .success(unsafe try source.read(into: buffer)) } catch
                {
                    return .failure(error)
                }
            }
            let count = try result.get()
            if count == 0 { return digest.text }
            unsafe buffer.withUnsafeBytes {
                unsafe digest.consume(UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
        }
    }
}
