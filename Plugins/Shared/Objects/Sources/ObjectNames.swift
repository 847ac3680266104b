package import HoldfastDriver

/// Which key of a bucket each object has, below a prefix.
///
/// | object | key below the prefix |
/// |---|---|
/// | a receipt of the collection `state` | `<service>/<stage>/<provider>.state.json` |
/// | of the collection `terraform` | `terraform/<path>` |
/// | any other | `.holdfast/<collection>/<path>` |
/// | in a workspace | `.holdfast/workspaces/<workspace>/<collection>/<path>` |
///
/// Different objects have different keys, and keys of one collection sort as the paths do.
package struct ObjectNames: Sendable, Equatable {
    /// The most bytes of a prefix: with the longest workspace, collection and path a key then has 1024
    /// bytes at most, which is what the services allow.
    package static let maximumPrefixByteCount = 300

    private static let own = ".holdfast/"
    private static let terraform = "terraform/"

    /// The prefix of all keys: empty, or with a slash at its end.
    package let prefix: String

    /// Takes a prefix.
    ///
    /// - Parameters:
    ///   - prefix: Slashes at its ends do not count.
    ///   - option: The option's name, for messages.
    /// - Throws: ``DriverError`` of the class invalid that says what is wrong with it.
    package init(prefix: String, option: String) throws(DriverError) {
        var bytes = Array(prefix.utf8)[...]
        while bytes.first == UInt8(ascii: "/") { bytes.removeFirst() }
        while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        let text = String(decoding: bytes, as: UTF8.self)
        if let flaw = Self.flaw(of: text) {
            throw DriverError(.invalid, "the option \(option) \(flaw)")
        }
        self.prefix = text.isEmpty ? "" : text + "/"
    }

    private static func flaw(of prefix: String) -> String? {
        if prefix.isEmpty { return nil }
        guard prefix.utf8.count <= maximumPrefixByteCount else {
            return "has more than \(maximumPrefixByteCount) bytes"
        }
        if hasControl(prefix) { return "has a control character" }
        let parts = prefix.split(separator: "/", omittingEmptySubsequences: false)
        if parts.contains("") { return "has two slashes in a row" }
        if parts.contains(where: { $0 == "." || $0 == ".." }) { return "has a part . or .." }
        return nil
    }

    /// The key of an object.
    package func key(_ object: ObjectKey) -> String {
        guard object.workspace.isEmpty else {
            return folder(object.collection, object.workspace) + object.path
        }
        if object.collection == "state", Self.isReceipt(object.path) { return prefix + object.path }
        return folder(object.collection, "") + object.path
    }

    /// The key of something of the driver's own, which is no object.
    ///
    /// - Parameter name: Its name below the folder `probe`.
    /// - Returns: The key.
    package func scratchKey(_ name: String) -> String { prefix + Self.own + "probe/" + name }

    /// The path of the object with a key; `nil` when it is no object of that collection and workspace.
    package func path(ofKey key: String, _ collection: String, _ workspace: String) -> String? {
        path(ofKey: key, in: folder(collection, workspace), collection, workspace)
    }

    /// The same, where the folder of the collection is known: a listing asks for each of its keys.
    func path(
        ofKey key: String, in folder: String, _ collection: String, _ workspace: String
    ) -> String? {
        let hasReceipts = collection == "state" && workspace.isEmpty
        let isInFolder = key.utf8.starts(with: folder.utf8)
        guard isInFolder || hasReceipts && key.utf8.starts(with: prefix.utf8) else { return nil }
        let count = isInFolder ? folder.utf8.count : prefix.utf8.count
        guard let path = String(key.utf8.dropFirst(count)), isPath(path) else { return nil }
        // A receipt lies in the prefix itself and nowhere else.
        return hasReceipts && Self.isReceipt(path) == isInFolder ? nil : path
    }

    /// What all keys of a collection begin with; receipts lie in the prefix itself.
    func folder(_ collection: String, _ workspace: String) -> String {
        // No collection has an underscore in its name.
        let isTaken = collection == "workspaces" || collection == "probe"
        let name = isTaken ? collection + "_/" : collection + "/"
        if workspace.isEmpty {
            return collection == "terraform" ? prefix + Self.terraform : prefix + Self.own + name
        }
        return prefix + Self.own + "workspaces/" + WorkspaceName.folder(workspace) + "/" + name
    }

    /// Whether a path of the collection `state` lies in the prefix itself, where people look for it.
    static func isReceipt(_ path: String) -> Bool {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 3, let first = parts.first, let last = parts.last else { return false }
        return Array(last).hasSuffix(".state.json") && !first.elementsEqual(".holdfast".utf8)
            && !first.elementsEqual("terraform".utf8)
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ text: StaticString) -> Bool {
        let end = Array(text.description.utf8)
        return count >= end.count && self[(count - end.count)...].elementsEqual(end)
    }
}

/// Whether text has a control character.
private func hasControl(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) }
}

/// Whether text is an object's path, as section 7 of `holdfast/driver.h` describes it.
private func isPath(_ text: String) -> Bool {
    guard (1...640).contains(text.utf8.count), !hasControl(text) else { return false }
    let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return parts.allSatisfy { part in
        (1...200).contains(part.count) && !part.elementsEqual(".".utf8)
            && !part.elementsEqual("..".utf8)
    }
}
