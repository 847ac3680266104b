internal import Foundation

/// A folder of its own that goes away with its object.
package final class TemporaryFolder: Sendable {
    /// Its absolute path, links followed.
    package let path: String

    /// Makes a folder that only this user can enter.
    package init() throws {
        let root = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
        path = "\(root)/holdfast-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { remove() }

    /// Removes the folder with all that is in it; the object's end does so too.
    package func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file with its folders, readable by all and writable by its owner.
    @discardableResult
    package func write(_ text: String, to name: String) throws -> String {
        let file = URL(filePath: path).appending(path: name)
        try Self.makeFolder(file.deletingLastPathComponent().path)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: file.path)
        return file.path
    }

    /// Makes a folder with those above it, with the modes that the loader asks for.
    package static func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
    }

    /// Moves what is in the folder to another name in it.
    package func rename(_ old: String, to new: String) throws {
        try FileManager.default.moveItem(atPath: "\(path)/\(old)", toPath: "\(path)/\(new)")
    }
}
