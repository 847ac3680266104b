internal import HoldfastDriver

/// Where an object lies below the store's directory.
struct Location {
    /// The folder of the object's collection: `state`, or `.workspaces/<workspace>/state`.
    var collection: String
    /// The folder of the file, at or below the collection's.
    var folder: String
    /// The file's name in the folder.
    var name: String
    /// Which of the lock files guards the object.
    var stripe: UInt8

    var file: String { folder + "/" + name }

    /// Finds the place of a key.
    ///
    /// The host has checked the key; what could lead out of the store's directory is refused here all
    /// the same.
    init(_ key: ObjectKey) throws(DriverError) {
        collection = try Self.folder(collection: key.collection, workspace: key.workspace)
        let parts = key.path.utf8.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let last = parts.last, parts.allSatisfy({ FileName.isPart($0) }) else {
            throw DriverError(.invalid, "'\(key.path)' is not a valid path of an object")
        }
        folder = collection
        for part in parts.dropLast() {
            folder += "/" + (try Self.text(FileName.directory(part), key))
        }
        name = try Self.text(FileName.file(last), key)
        stripe = Self.stripe(key)
    }

    /// The folder of a collection.
    static func folder(collection: String, workspace: String) throws(DriverError) -> String {
        let isName = collection.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
        }
        guard isName, (1...32).contains(collection.utf8.count) else {
            throw DriverError(.invalid, "'\(collection)' is not a valid collection")
        }
        guard !workspace.isEmpty else { return collection }
        guard workspace.utf8.count <= 512, !workspace.utf8.contains(0) else {
            throw DriverError(.invalid, "the workspace has more than 512 bytes or holds a NUL")
        }
        return workspacesFolder + "/" + folder(workspace: workspace) + "/" + collection
    }

    /// Holds the folders of all workspaces but the store's own.
    static let workspacesFolder = ".workspaces"

    /// A workspace's folder: one name, with the slashes escaped.
    ///
    /// A long one is cut into several, each but the last marked with a percent sign at its end, which
    /// no whole name has.
    private static func folder(workspace: String) -> String {
        var names = [""]
        for character in workspace.unicodeScalars {
            let isFirst = names[names.count - 1].isEmpty
            let text: String
            switch character {
            case "/": text = "%2F"
            case "%": text = "%25"
            case "." where isFirst: text = "%2E"
            default: text = String(character)
            }
            names[names.count - 1] += text
            if names[names.count - 1].utf8.count >= 200 { names.append("") }
        }
        if names[names.count - 1].isEmpty { names.removeLast() }
        return names.joined(separator: "%/")
    }

    private static func text(_ name: [UInt8], _ key: ObjectKey) throws(DriverError) -> String {
        guard name.count <= FileName.bytesMax else {
            throw DriverError(
                .tooLarge,
                "a part of '\(key.path)' has too many escapes for a file name of at most "
                    + "\(FileName.bytesMax) bytes; use fewer percent signs")
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// FNV-1a, folded to a byte; all processes that share the directory must agree on it.
    private static func stripe(_ key: ObjectKey) -> UInt8 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = hash &* 0x100_0000_01b3
        }
        mix(key.workspace)
        mix(key.collection)
        mix(key.path)
        return UInt8(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
