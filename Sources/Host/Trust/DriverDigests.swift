internal import Crypto
internal import HoldfastLoader

/// The SHA-256 of a driver's two files, in lower-case hexadecimal.
package struct DriverDigests: Sendable, Hashable {
    /// That of the library; empty when it could not be read.
    package var library: String
    /// That of `driver.toml`; empty when it could not be read.
    package var manifest: String

    /// Makes a pair from known texts.
    package init(library: String, manifest: String) {
        self.library = library
        self.manifest = manifest
    }

    /// Computes them from the very files that would be loaded.
    init(_ candidate: borrowing CandidateLibrary) {
        manifest = candidate.manifestBytes.map { Self.text(SHA256.hash(data: $0)) } ?? ""
        guard candidate.isOpen else {
            library = ""
            return
        }
        var hash = SHA256()
        do throws(LoaderError) {
            try candidate.readLibrary { (piece) throws(LoaderError) in hash.update(data: piece) }
            library = Self.text(hash.finalize())
        } catch {
            library = ""
        }
    }

    private static func text(_ digest: SHA256.Digest) -> String {
        RandomBytes.hexadecimal(of: Array(digest))
    }

    /// Whether a text is a SHA-256 as lock files spell it.
    static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// What a lock file says of one driver.
package struct DriverPin: Sendable, Hashable {
    /// What the files must have.
    package var digests: DriverDigests
    /// The lock file's path.
    package var file: String
    /// The line of the pin in it.
    package var line: Int
    /// Whose lock file it is, such as `the user's lock file`.
    package var origin: String
}
