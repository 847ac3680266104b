import Foundation

/// The repository's own text files, as the tidy rules read them.
struct SourceTree {
    /// One file: its path from the repository's root and its lines.
    struct File {
        var path: String
        var lines: [String]
    }

    /// The repository's root.
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All files below `folders` with one of the extensions, in order.
    static func files(in folders: [String], extensions: Set<String>) -> [File] {
        folders.flatMap { folder in
            let start = root.appending(path: folder)
            let names = FileManager.default.enumerator(atPath: start.path)?.allObjects ?? []
            return names.compactMap { $0 as? String }
                .filter { name in
                    extensions.contains((name as NSString).pathExtension)
                        && !name.split(separator: "/").contains { $0.hasPrefix(".") }
                }
                .sorted()
                .compactMap { name in read(folder.isEmpty ? name : folder + "/" + name) }
        }
    }

    /// One file, by its path from the root.
    static func read(_ path: String) -> File? {
        guard let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8) else {
            return nil
        }
        return File(path: path, lines: text.components(separatedBy: "\n"))
    }

    /// The Swift files of production and test code.
    static var swift: [File] {
        files(
            in: ["Sources", "Plugins", "sdk/Sources", "Tests", "sdk/Tests"], extensions: ["swift"])
    }
}

/// A broken rule: where, and how to mend it.
struct Complaint: CustomStringConvertible {
    var path: String
    var line: Int
    var message: String

    var description: String { "\(path):\(line): \(message)" }
}
