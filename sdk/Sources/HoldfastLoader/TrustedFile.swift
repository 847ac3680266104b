internal import Glibc

/// Files beside which nobody else can put another: the operator's, and those that the build wrote.
public enum TrustedFile {
    /// Reads a small file that, like its folders, only root and the user can change.
    ///
    /// - Parameters:
    ///   - path: The file's absolute path.
    ///   - most: The most bytes that it may have.
    /// - Returns: Its bytes; `nil` when there is no such file.
    /// - Throws: ``LoaderError``: it is a link or no regular file, somebody else could write to it or
    ///   to a folder above it, or it cannot be read.
    public static func read(_ path: String, most: Int) throws(LoaderError) -> [UInt8]? {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let name = String(path[slash...].dropFirst())
        let above = String(path[..<slash])
        do throws(LoaderError) {
            let folder = try DriverFolder(above.isEmpty ? "/" : above, strictCount: 1)
            return try folder.open(name, most: UInt64(most)).read()
        } catch {
            if error.code == .missing { return nil }
            throw error
        }
    }
}
