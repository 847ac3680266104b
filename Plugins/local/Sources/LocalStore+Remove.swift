internal import Glibc
internal import HoldfastDriver

extension LocalStore {
    func remove(
        _ key: ObjectKey, _ condition: Condition, _ call: Call
    ) throws(DriverError) {
        try checkUsable()
        let location = try Location(key)
        if condition == .absent {
            throw DriverError(.unsupported, "removing takes no condition that the object is absent")
        }
        try locks.with(location, call) { () throws(DriverError) in
            try self.root.checkIdentity()
            let current = try self.info(of: location.file, in: self.root.directory)
            try self.check(condition, current, location)
            try call.check()
            guard let folder = try self.openFolder(location.folder) else { return }
            if current != nil { try self.unlink(location, folder) }
            // Also when there was nothing to remove: a writer that was killed may have removed it
            // and not come this far.
            try self.synchronize(folder, location.folder, applied: .unknown)
        }
        pruneFolders(location)
    }

    private func unlink(
        _ location: Location, _ folder: borrowing Descriptor
    ) throws(DriverError) {
        guard unsafe unlinkat(folder.number, location.name, 0) != 0 else { return }
        let failure = Errno.last
        if failure.number == ENOENT { return }
        throw DriverError(
            failure, "remove \(place(location.file))", applied: failure.applied)
    }

    /// Removes the folders that became empty, up to the collection's.
    ///
    /// One that is not empty, or gets a new object meanwhile, stays; nothing depends on the outcome.
    private func pruneFolders(_ location: Location) {
        var names = location.folder.split(separator: "/")
        let kept = location.collection.split(separator: "/").count
        while names.count > kept {
            let name = String(names.removeLast())
            guard let parent = try? openFolder(names.joined(separator: "/")),
                unsafe unlinkat(parent.number, name, AT_REMOVEDIR) == 0
            else { return }
        }
    }
}
