internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON
internal import SharedXML

// The verbs of this driver's own: `holdfast driver call STORE s3.presign`.

extension S3Driver {
    static let presign = Operation<S3Store>(
        "s3.presign",
        "Makes a URL with which anybody may do one thing with an object for some time.",
        [.reads],
        Parameter.text("collection", "The object's collection, such as terraform."),
        Parameter.text("path", "The object's path."),
        Parameter.text("workspace", "The object's workspace.", default: ""),
        Parameter.text(
            "method", "What is allowed.", choices: ["GET", "HEAD", "PUT"], default: "GET"),
        Parameter.integer(
            "lifetime", "How long, in seconds; not longer than the session of a temporary key.",
            in: 1...604_800, default: 900),
        result: .json(
            schema: """
                {"type":"object","required":["url","method","key","lifetime"],"properties":{
                "url":{"type":"string"},"method":{"type":"string"},"key":{"type":"string"},
                "lifetime":{"type":"integer"}}}
                """)
    ) { (store, result, call, collection, path, workspace, method, lifetime) throws(DriverError) in
        let key = try S3Store.key(collection, workspace, path)
        let document = try store.presigned(key, method, lifetime: Int(lifetime), call)
        try result.write(document.bytes)
    }

    static let versions = Operation<S3Store>(
        "s3.versions", "Lists what the bucket keeps of one object, where it keeps old versions.",
        [.reads, .idempotent],
        Parameter.text("collection", "The object's collection, such as terraform."),
        Parameter.text("path", "The object's path."),
        Parameter.text("workspace", "The object's workspace.", default: ""),
        result: .json(
            schema: """
                {"type":"object","required":["key","versions"],"properties":{
                "key":{"type":"string"},"versions":{"type":"array","items":{"type":"object",
                "required":["id","latest","removed","modified"],"properties":{
                "id":{"type":"string"},"latest":{"type":"boolean"},"removed":{"type":"boolean"},
                "modified":{"type":"string"},"bytes":{"type":"integer"},"etag":{"type":"string"}}}}}}
                """)
    ) { (store, result, call, collection, path, workspace) throws(DriverError) in
        let key = try S3Store.key(collection, workspace, path)
        try result.write(try store.keptVersions(of: key, call).bytes)
    }
}

extension S3Driver {
    /// What the host asks before it keeps the locks of a bucket in another store.
    static let place = Operation<S3Store>(
        "s3.place",
        "Tells the bucket and prefix, and whether all clients are told the same of conditional writes.",
        [.reads, .idempotent],
        result: .json(
            schema: """
                {"type":"object","required":["place","settled"],"properties":{
                "place":{"type":"string"},"settled":{"type":"boolean"}}}
                """)
    ) { (store, result, call) throws(DriverError) in
        let service = store.service
        let document = JSONValue.object([
            "place": .string("s3://\(service.place.bucket)/\(service.prefix)"),
            "settled": .boolean(store.verdict.isSettled),
        ])
        try result.write(document.bytes)
    }
}

extension S3Store {
    /// The most versions that are told.
    private static var versionCount: Int { 10_000 }

    /// A key from the arguments of an operation, which nobody has checked.
    static func key(
        _ collection: String, _ workspace: String, _ path: String
    ) throws(DriverError) -> ObjectKey {
        func isText(_ text: String) -> Bool {
            text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f..<0xa0).contains($0.value) }
        }
        let letters = collection.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
        guard (1...32).contains(collection.utf8.count), letters, collection.first?.isLetter == true
        else { throw DriverError(.invalid, "the argument collection is no collection's name") }
        guard workspace.utf8.count <= 512, isText(workspace) else {
            throw DriverError(.invalid, "the argument workspace is no workspace's name")
        }
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let areParts = parts.allSatisfy { part in
            (1...200).contains(part.count) && !part.elementsEqual(".".utf8)
                && !part.elementsEqual("..".utf8)
        }
        guard path.utf8.count <= 640, areParts, isText(path) else {
            throw DriverError(.invalid, "the argument path is no path such as prod/network")
        }
        return ObjectKey(collection: collection, workspace: workspace, path: path)
    }

    /// A URL that does one thing, as the result of the operation.
    func presigned(
        _ key: ObjectKey, _ method: String, lifetime: Int, _ call: Call
    ) throws(DriverError) -> JSONValue {
        let name = service.key(key)
        let url: String
        do throws(ServiceFailure) {
            url = try service.presigned(method, key: name, lifetime: lifetime, call)
        } catch {
            throw error.error
        }
        return .object([
            "url": .string(url), "method": .string(method), "key": .string(name),
            "lifetime": .number("\(lifetime)"),
        ])
    }

    /// What the bucket keeps of an object, newest first.
    func keptVersions(of key: ObjectKey, _ call: Call) throws(DriverError) -> JSONValue {
        let name = service.key(key)
        var versions: [JSONValue] = []
        var marker: [(String, String)] = []
        repeat {
            var request = ServiceRequest(.versions, "GET")
            request.query =
                [("versions", ""), ("encoding-type", "url"), ("prefix", name)] + marker
            let document: XMLElement
            do {
                document = try XMLElement(try service.perform(request, call).body)
            } catch {
                throw (error as? ServiceFailure)?.error
                    ?? DriverError(.io, "the service's listing of versions cannot be read")
            }
            marker = []
            for entry in document.children where ["Version", "DeleteMarker"].contains(entry.name) {
                // Longer keys that begin so come behind all of this one's.
                guard let text = entry.text("Key"),
                    ListedText.decoded(text, in: document).utf8.elementsEqual(name.utf8)
                else { return Self.document(name, versions) }
                versions.append(Self.version(entry))
            }
            if document.text("IsTruncated") == "true", let next = document.text("NextKeyMarker"),
                let id = document.text("NextVersionIdMarker")
            {
                marker = [
                    ("key-marker", ListedText.decoded(next, in: document)),
                    ("version-id-marker", id),
                ]
            }
        } while !marker.isEmpty && versions.count < Self.versionCount
        return Self.document(name, versions)
    }

    private static func document(_ key: String, _ versions: [JSONValue]) -> JSONValue {
        .object(["key": .string(key), "versions": .array(versions)])
    }

    private static func version(_ entry: XMLElement) -> JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(entry.text("VersionId") ?? "null"),
            "latest": .boolean(entry.text("IsLatest") == "true"),
            "removed": .boolean(entry.name == "DeleteMarker"),
            "modified": .string(entry.text("LastModified") ?? ""),
        ]
        if let count = entry.text("Size").flatMap({ Int64($0) }) {
            members["bytes"] = .number("\(count)")
        }
        if let tag = entry.text("ETag") { members["etag"] = .string(tag.filter { $0 != "\"" }) }
        return .object(members)
    }
}
