internal import Glibc
internal import HoldfastDriver

extension LocalStore {
    func put(
        _ request: PutRequest, from source: ObjectSource, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        try checkUsable()
        let location = try Location(request.key)
        if request.condition != .none {
            // Saves the transfer; what counts is the check below, under the lock.
            try check(request.condition, try info(of: location.file, in: root.directory), location)
        }
        var file = try TemporaryFile(for: location.file, in: root)
        try file.fill(from: source, call)
        let info = try file.finish(request.attributes)
        try call.check()
        try locks.with(location, call) { () throws(DriverError) in
            try self.publish(&file, at: location, request.condition, call)
        }
        return info
    }

    /// Checks the condition and gives the file its name; the key's lock is held.
    private func publish(
        _ file: inout TemporaryFile, at location: Location, _ condition: Condition, _ call: Call
    ) throws(DriverError) {
        try root.checkIdentity()
        while true {
            let current = try info(of: location.file, in: root.directory)
            try check(condition, current, location)
            try call.check()
            let folder = try openOrMakeFolder(location)
            if try file.move(to: folder, as: location.name) {
                return try synchronize(folder, location.folder, applied: .unknown)
            }
            // Whoever removed the last other object of the folder removed the folder too.
        }
    }

    /// Makes what was changed in a folder durable.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - path: Its path, for messages.
    ///   - applied: What is known of the object's write when this fails.
    /// - Throws: `DriverError`; then the store refuses everything else as well.
    func synchronize(
        _ folder: borrowing Descriptor, _ path: String, applied: DriverError.Applied
    ) throws(DriverError) {
        do throws(Errno) {
            try folder.synchronize()
        } catch {
            noteLostWrites()
            throw DriverError(
                error, "write the folder \(place(path)) to the disk", applied: applied)
        }
    }

    /// Throws unless the condition holds for the object as it is; `nil` stands for no object.
    func check(
        _ condition: Condition, _ current: ObjectInfo?, _ location: Location
    ) throws(DriverError) {
        let reason: String
        switch condition {
        case .none: return
        case .absent:
            guard current != nil else { return }
            reason = "exists already"
        case .version(let wanted):
            guard current?.version != wanted else { return }
            reason = current == nil ? "does not exist" : "has another version"
        }
        throw DriverError(
            .condition, "\(place(location.file)) \(reason)", currentVersion: current?.version)
    }

    // MARK: - Folders

    private static let folderFlags = O_RDONLY | O_DIRECTORY

    /// Opens an object's folder; `nil` when it does not exist.
    func openFolder(_ path: String) throws(DriverError) -> Descriptor? {
        do throws(Errno) {
            return try root.directory.open(beneath: path, flags: Self.folderFlags)
        } catch {
            if error.number == ENOENT { return nil }
            throw DriverError(error, "open the folder \(place(path))")
        }
    }

    private func openOrMakeFolder(_ location: Location) throws(DriverError) -> Descriptor {
        while true {
            if let folder = try openFolder(location.folder) { return folder }
            try makeFolders(location.folder)
        }
    }

    /// Makes a folder and those above it, each durable before anything is put into it.
    private func makeFolders(_ path: String) throws(DriverError) {
        var parent = "."
        for name in path.split(separator: "/") {
            guard let folder = try openFolder(parent) else { return }
            let isNew: Bool
            do throws(Errno) {
                isNew = try folder.makeDirectory(String(name))
            } catch {
                // The parent was removed as empty; the caller starts again.
                if error.number == ENOENT { return }
                throw DriverError(error, "make the folder \(place(path))")
            }
            if isNew { try synchronize(folder, parent, applied: .no) }
            parent = parent == "." ? String(name) : parent + "/" + name
        }
    }
}
