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

    /// Reads a file.
    package func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: "\(path)/\(name)")), as: UTF8.self)
    }

    /// The names in the folder, or in one in it, sorted.
    package func names(_ name: String = ".") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(name)").sorted()
    }

    /// Makes a symbolic link.
    package func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: "\(path)/\(name)", withDestinationPath: target)
    }

    /// The permission bits of a file or folder.
    package func mode(of name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
        return (attributes[.posixPermissions] as? Int ?? 0) & 0o7777
    }

    /// Changes the permission bits of a file or folder.
    package func setMode(_ mode: Int, of name: String) throws {
        try FileManager.default.setAttributes(
            [.posixPermissions: mode], ofItemAtPath: "\(path)/\(name)")
    }

    /// Changes one bit of one byte of a file, in its middle.
    package func flipBit(of name: String) throws {
        let file = URL(filePath: "\(path)/\(name)")
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: file)
    }
}
