internal import Glibc
internal import HoldfastDriver

extension LocalDriver {
    /// The verb `local.fsck` of this driver's own.
    static let fsck = Operation<LocalStore>(
        "local.fsck",
        "Walks the whole directory and looks for damage, wrong modes and stray files.",
        [.reads, .mutates, .idempotent],
        Parameter.flag(
            "repair", "Remove what is certainly garbage: temporary files without a writer.",
            default: false),
        result: .json(
            schema: """
                {"type":"object","required":["ok","objects","problems","omitted"],"properties":{
                "ok":{"type":"boolean"},"objects":{"type":"integer"},
                "omitted":{"type":"integer"},"problems":{"type":"array","items":{
                "type":"object","required":["kind","path","message","repaired"],"properties":{
                "kind":{"type":"string"},"path":{"type":"string"},"message":{"type":"string"},
                "repaired":{"type":"boolean"}}}}}}
                """)
    ) { (store, result, call, repairs) throws(DriverError) in
        var check = Fsck(store: store, call: call)
        try check.run(repairs: repairs)
        try result.write(check.report)
    }
}

/// One walk over a store's directory.
private struct Fsck {
    /// Something that is not as it should be.
    struct Problem {
        var kind: String
        var path: String
        var message: String
        var isRepaired = false
    }

    /// What is told at most; more is only counted.
    static let problemsMax = 1000

    let store: LocalStore
    let call: Call
    private var objects = 0
    private var problems: [Problem] = []
    private var omitted = 0
    private var isSound = true

    init(store: LocalStore, call: Call) {
        self.store = store
        self.call = call
    }

    /// Walks everything; changes something only with `repairs`.
    mutating func run(repairs: Bool) throws(DriverError) {
        try call.check()
        try store.checkUsable()
        try store.root.checkIdentity()
        try checkTemporaryFiles(repairs: repairs)
        for (name, isFolder) in try names(in: ".") where isFolder {
            if name == Location.workspacesFolder {
                try walkWorkspaces(name)
            } else if isCollection(name) {
                try walk(name)
            }
        }
    }

    /// The report as `local.fsck` declares it.
    var report: String {
        let list = problems.map { problem in
            "{\"kind\":\(problem.kind.jsonLiteral),\"path\":\(problem.path.jsonLiteral),"
                + "\"message\":\(problem.message.jsonLiteral),\"repaired\":\(problem.isRepaired)}"
        }
        return "{\"ok\":\(isSound),\"objects\":\(objects),\"problems\":"
            + "[\(list.joined(separator: ","))],\"omitted\":\(omitted)}"
    }

    private mutating func note(
        _ kind: String, _ path: String, _ message: String, isRepaired: Bool = false
    ) {
        isSound = isSound && isRepaired
        guard problems.count < Self.problemsMax else {
            omitted += 1
            return
        }
        problems.append(
            Problem(kind: kind, path: path, message: message, isRepaired: isRepaired))
    }

    // MARK: - Temporary files

    private mutating func checkTemporaryFiles(repairs: Bool) throws(DriverError) {
        // Without a session the store can only be read, and nothing in it is being written from here.
        guard case .success(let session) = store.root.session else { return }
        let folder = Session.temporaryFolder
        let strays = try naming("read the folder \(store.place(folder))") { () throws(Errno) in
            try session.strays()
        }
        for name in strays {
            try call.check()
            var isRemoved = false
            if repairs {
                try naming("remove \(store.place("\(folder)/\(name)"))") { () throws(Errno) in
                    try session.removeStray(name)
                }
                isRemoved = true
            }
            note(
                "stray", "\(folder)/\(name)", "a temporary file that no process is writing",
                isRepaired: isRemoved)
        }
    }

    // MARK: - Folders

    private func names(in folder: String) throws(DriverError) -> [(String, isFolder: Bool)] {
        guard let directory = try store.openFolder(folder) else { return [] }
        let names = try naming("read the folder \(store.place(folder))") { () throws(Errno) in
            try directory.names()
        }
        return names.filter { $0.name != [0x2E] && $0.name != [0x2E, 0x2E] }.map { name, type in
            let text = String(decoding: name, as: UTF8.self)
            guard type == Int32(DT_UNKNOWN) else { return (text, type == Int32(DT_DIR)) }
            return (text, (try? directory.facts(of: text))?.isDirectory ?? false)
        }
    }

    private func isCollection(_ name: String) -> Bool {
        (try? Location.folder(collection: name, workspace: "")) != nil
    }

    /// A workspace's folder holds collections; one that ends in a percent sign goes on below.
    private mutating func walkWorkspaces(_ folder: String) throws(DriverError) {
        for (name, isFolder) in try names(in: folder) where isFolder {
            let place = "\(folder)/\(name)"
            guard !name.hasSuffix("%") else {
                try walkWorkspaces(place)
                continue
            }
            for (collection, isFolder) in try names(in: place)
            where isFolder && isCollection(collection) {
                try walk("\(place)/\(collection)")
            }
        }
    }

    private mutating func walk(_ top: String) throws(DriverError) {
        // Not by recursion: what others put here may be nested to any depth.
        var folders = [top]
        while let folder = folders.popLast() {
            try call.check()
            checkMode(of: folder)
            for (name, isFolder) in try names(in: folder) {
                let place = "\(folder)/\(name)"
                if isFolder, FileName.part(ofDirectory: Array(name.utf8)) != nil {
                    folders.append(place)
                } else if FileName.part(ofFile: Array(name.utf8)) != nil {
                    try call.check()
                    checkObject(place)
                }
            }
        }
    }

    private mutating func checkMode(of folder: String) {
        guard let facts = try? store.root.directory.facts(of: folder) else { return }
        checkMode(facts, folder)
    }

    private mutating func checkMode(_ facts: Facts, _ path: String) {
        guard facts.mode & (S_IWGRP | S_IWOTH) != 0 else { return }
        note("mode", path, "others may write to it: chmod go-w it")
    }

    // MARK: - Objects

    private mutating func checkObject(_ path: String) {
        do throws(DriverError) {
            guard let file = try store.openObject(path, in: store.root.directory) else { return }
            let (facts, bytes) = try naming("read") { () throws(Errno) in
                let facts = try file.facts()
                return (facts, facts.isRegular ? try file.stamp() : nil)
            }
            guard facts.isRegular else {
                return note("in-the-way", path, "it is not a regular file: move it away")
            }
            objects += 1
            checkMode(facts, path)
            if let bytes { checkStamp(bytes, facts, path) }
        } catch {
            note("unreadable", path, error.message)
        }
    }

    private mutating func checkStamp(_ bytes: [UInt8], _ facts: Facts, _ path: String) {
        do throws(Stamp.Failure) {
            let stamp = try Stamp(decoding: bytes)
            guard stamp.byteCount != facts.byteCount else { return }
            let isOld = stamp.modified == UInt64(bitPattern: facts.modified)
            note(
                "size", path,
                "it has \(facts.byteCount) bytes and was written with \(stamp.byteCount); "
                    + (isOld ? "it is damaged" : "something else has changed it since"))
        } catch .newer(let format) {
            note("newer-format", path, "it was written in format \(format), by a newer driver")
        } catch {
            note(
                "attribute", path,
                "its extended attribute \(Stamp.name) is damaged; 'setfattr -x' removes it")
        }
    }
}
