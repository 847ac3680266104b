internal import Glibc

/// Paths as text: joined and cleaned without asking the file system.
enum FilePath {
    /// `path` seen from `directory`, absolute, without `.`, `..`, doubled or trailing slashes.
    static func absolute(_ path: String, from directory: String) -> String {
        let whole = path.hasPrefix("/") ? path : directory + "/" + path
        var parts: [Substring] = []
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// The directory that holds a file; the file's path is absolute.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// The last part of a path.
    static func name(of path: String) -> Substring {
        path.split(separator: "/").last ?? ""
    }

    /// Whether a directory is there.
    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFDIR
    }
}
