internal import Glibc
internal import HoldfastDriver

extension LocalStore {
    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError) {
        try checkUsable()
        let folder = try Location.folder(
            collection: request.collection, workspace: request.workspace)
        var listing = Listing(store: self, request: request)
        // Only the folder that the prefix leads to needs to be read.
        var start = folder
        var path: [UInt8] = []
        for part in listing.prefix.split(separator: slash, omittingEmptySubsequences: false)
            .dropLast()
        {
            let name = FileName.directory(part)
            guard FileName.isPart(part), name.count <= FileName.bytesMax else { return }
            start += "/" + String(decoding: name, as: UTF8.self)
            path += part + [slash]
        }
        _ = try listing.send(folder: start, path: path, into: sink, call)
    }
}

private let slash = UInt8(ascii: "/")

/// The most bytes of a path, as section 7 of `holdfast/driver.h` has it.
private let pathBytesMax = 640

/// One listing: a walk in the order of the paths that skips what cannot match.
private struct Listing {
    private let store: LocalStore
    private let wantsAttributes: Bool
    private let startAfter: [UInt8]
    private var remaining: Int
    let prefix: [UInt8]

    /// A name that leads on: the key sorts as its paths do, so a folder's ends in a slash.
    struct Item {
        var key: [UInt8]
        var name: String
        var isFolder: Bool { key.last == slash }

        /// `nil` when the name is not one that the driver makes.
        init?(_ name: [UInt8], isFolder: Bool) {
            let part = isFolder ? FileName.part(ofDirectory: name) : FileName.part(ofFile: name)
            guard let part else { return nil }
            key = isFolder ? part + [slash] : part
            self.name = String(decoding: name, as: UTF8.self)
        }
    }

    init(store: LocalStore, request: ListRequest) {
        self.store = store
        wantsAttributes = request.wantsAttributes
        startAfter = Array(request.startAfter.utf8)
        remaining = request.limit
        prefix = Array(request.prefix.utf8)
    }

    /// Sends the objects of a folder and those below it.
    ///
    /// - Parameters:
    ///   - folder: The folder's path below the store's directory.
    ///   - path: What the paths of its objects start with.
    ///   - sink: Where the entries go.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: Whether more may be sent.
    /// - Throws: `DriverError`; what the sink throws is passed on unchanged.
    mutating func send(
        folder: String, path: [UInt8], into sink: EntrySink, _ call: Call
    ) throws(DriverError) -> Bool {
        for item in try items(of: folder, path) {
            try call.check()
            let place = folder + "/" + item.name
            if item.isFolder {
                guard try send(folder: place, path: path + item.key, into: sink, call) else {
                    return false
                }
            } else if var info = try store.info(of: place, in: store.root.directory) {
                if !wantsAttributes { info.attributes = [] }
                try sink.send(
                    Entry(path: String(decoding: path + item.key, as: UTF8.self), info: info))
                remaining -= 1
                if remaining <= 0 { return false }
            }
        }
        return true
    }

    private func items(of folder: String, _ path: [UInt8]) throws(DriverError) -> [Item] {
        guard let directory = try store.openFolder(folder) else { return [] }
        let names = try naming("read the folder \(store.place(folder))") { () throws(Errno) in
            try directory.names()
        }
        var items: [Item] = []
        for (name, type) in names {
            guard let item = Item(name, isFolder: isFolder(name, type, directory)),
                mayMatch(path + item.key)
            else { continue }
            items.append(item)
        }
        return items.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    private func isFolder(
        _ name: [UInt8], _ type: Int32, _ directory: borrowing Descriptor
    ) -> Bool {
        switch type {
        case Int32(DT_DIR): return true
        // Neither may be there; going on with it makes the error that says so.
        case Int32(DT_LNK): return FileName.part(ofFile: name) == nil
        case Int32(DT_UNKNOWN):
            let facts = try? directory.facts(of: String(decoding: name, as: UTF8.self))
            return facts?.isDirectory ?? false
        default: return false
        }
    }

    /// Whether a path, or one below it when it ends in a slash, belongs to this listing.
    private func mayMatch(_ path: [UInt8]) -> Bool {
        guard path.last == slash else {
            return path.count <= pathBytesMax && path.starts(with: prefix)
                && startAfter.lexicographicallyPrecedes(path)
        }
        return path.count < pathBytesMax && (path.starts(with: prefix) || prefix.starts(with: path))
            && (startAfter.starts(with: path) || startAfter.lexicographicallyPrecedes(path))
    }
}
