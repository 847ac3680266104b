internal import HoldfastDriver
internal import SharedAzure
internal import SharedHTTP
internal import SharedObjects
internal import SharedXML

extension AzureBlobStore {
    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError) {
        let pages = BlobPages(self, request, call)
        var listing = ObjectListing<ObjectInfo>(names, request) {
            range, token, most throws(DriverError) in
            do throws(ServiceFailure) {
                return try pages.page(range, token, most)
            } catch {
                throw error.ofRead.during(
                    "cannot list \(request.collection) in \(self.service.shown)")
            }
        }
        var count = 0
        while count < request.limit, let (path, _, info) = try listing.next() {
            try call.check()
            try sink.send(Entry(path: path, info: info))
            count += 1
        }
    }
}

/// The pages of one listing.
///
/// The service cannot begin in the middle: a listing goes on from a marker that the service gave, or begins
/// at what all names begin with. The store keeps the markers of its last listings; without one, what comes
/// before is read and passed over.
private final class BlobPages {
    private let service: Service
    private let names: ObjectNames
    private let bookmarks: Bookmarks
    private let request: ListRequest
    private let call: Call
    /// What the names of each range begin with, in their order.
    private var parts: [String: [String]] = [:]
    /// The names of the folders behind each beginning.
    private var folders: [String: [String]] = [:]

    init(_ store: AzureBlobStore, _ request: ListRequest, _ call: Call) {
        service = store.service
        names = store.names
        bookmarks = store.bookmarks
        self.request = request
        self.call = call
    }

    func page(
        _ range: KeyRange, _ token: String?, _ most: Int
    ) throws(ServiceFailure) -> KeyPage<ObjectInfo> {
        let parts = try self.parts(of: range)
        let place = token.flatMap { Place($0) } ?? Place(part: 0, marker: "")
        guard place.part < parts.count else { return KeyPage(items: [], next: nil) }
        let prefix = parts[place.part]
        let page: KeyPage<ObjectInfo>
        if place.marker.isEmpty, let marker = bookmarks.marker(prefix, before: range.after) {
            page = try fetch(prefix, bookmark: marker, most)
        } else {
            page = try fetch(prefix, marker: place.marker, most)
        }
        var next: Place?
        if let marker = page.next {
            next = Place(part: place.part, marker: marker)
            if let last = page.items.last?.key { bookmarks.keep(prefix, after: last, marker) }
        } else if place.part + 1 < parts.count {
            next = Place(part: place.part + 1, marker: "")
        }
        let items = page.items.filter { precedes(range.after, $0.key) }
        return KeyPage(items: items, next: next?.text)
    }

    private func fetch(
        _ prefix: String, bookmark: String, _ most: Int
    ) throws(ServiceFailure) -> KeyPage<ObjectInfo> {
        do throws(ServiceFailure) {
            return try fetch(prefix, marker: bookmark, most)
        } catch {
            // Nothing promises that an old marker is still taken.
            guard error.status == 400 else { throw error }
            bookmarks.forget(prefix)
            return try fetch(prefix, marker: "", most)
        }
    }

    private func fetch(
        _ prefix: String, marker: String, _ most: Int
    ) throws(ServiceFailure) -> KeyPage<ObjectInfo> {
        var query = [("maxresults", String(most))]
        if request.wantsAttributes { query.append(("include", "metadata")) }
        let document = try ask(prefix, marker: marker, query)
        var items: [(key: String, item: ObjectInfo)] = []
        for blob in document.child("Blobs")?.children ?? [] {
            if let item = item(blob) { items.append(item) }
        }
        return KeyPage(items: items, next: nextMarker(document))
    }

    private func item(_ blob: XMLElement) -> (key: String, item: ObjectInfo)? {
        guard blob.name == "Blob", let name = blob.text("Name"),
            let key = BlobName.key(ofName: name), let properties = blob.child("Properties"),
            let version = properties.text("Etag").flatMap({ BlobInfo.version($0) }),
            let byteCount = properties.text("Content-Length").flatMap({ UInt64($0) })
        else { return nil }
        let info = ObjectInfo(
            version: version, byteCount: byteCount,
            modifiedNanoseconds: BlobInfo.nanoseconds(properties.text("Last-Modified")),
            attributes: BlobInfo.attributes(blob.child("Metadata")?.text(BlobInfo.attributes)))
        return (key, info)
    }

    private func ask(
        _ prefix: String, marker: String, _ more: [(String, String)]
    ) throws(ServiceFailure) -> XMLElement {
        var query = [("restype", "container"), ("comp", "list")]
        if !prefix.isEmpty { query.append(("prefix", prefix)) }
        if !marker.isEmpty { query.append(("marker", marker)) }
        let response = try service.send(Service.Action("GET", query: query + more), call)
        do throws(XMLError) {
            return try XMLElement(response.body, limits: XMLLimits(byteCount: 64 << 20))
        } catch {
            throw ServiceFailure(
                DriverError(.io, "the listing of \(service.shown) cannot be read: \(error.message)")
            )
        }
    }

    private func nextMarker(_ document: XMLElement) -> String? {
        document.text("NextMarker").flatMap { $0.isEmpty ? nil : $0 }
    }

    // MARK: - Receipts, which lie beside folders with everything else

    /// What the names of a range begin with.
    ///
    /// Receipts lie in the prefix itself, where also the folders of everything else are. As the service
    /// cannot pass over those, it is asked for the names of all folders, and then for what begins as the
    /// wanted ones do and the unwanted ones do not.
    private func parts(of range: KeyRange) throws(ServiceFailure) -> [String] {
        let prefix = BlobName.prefix(ofPrefix: range.prefix)
        let rest = String(range.prefix.utf8.dropFirst(names.prefix.utf8.count)) ?? ""
        guard request.collection == "state", request.workspace.isEmpty,
            !rest.utf8.contains(UInt8(ascii: "/"))
        else { return [prefix] }
        let id = "\(range.prefix)\n\(range.after)\n\(range.end ?? "")"
        if let known = parts[id] { return known }
        var found: [String] = []
        for folder in try folders(prefix) {
            guard let key = BlobName.key(ofName: folder + "x").map({ String($0.dropLast()) }),
                !range.isPast(key), isReceiptFolder(key),
                precedes(range.after, key) || range.after.utf8.starts(with: key.utf8)
            else { continue }
            let part = shortest(folder, prefix)
            if found.last != part { found.append(part) }
        }
        parts[id] = found
        return found
    }

    private func isReceiptFolder(_ key: String) -> Bool {
        let name = key.utf8.dropFirst(names.prefix.utf8.count)
        return !name.elementsEqual(".holdfast/".utf8) && !name.elementsEqual("terraform/".utf8)
    }

    private func folders(_ prefix: String) throws(ServiceFailure) -> [String] {
        if let known = folders[prefix] { return known }
        var found: [String] = []
        var marker = ""
        repeat {
            let document = try ask(prefix, marker: marker, [("delimiter", "/")])
            for item in document.child("Blobs")?.all("BlobPrefix") ?? [] {
                if let name = item.text("Name") { found.append(name) }
            }
            marker = nextMarker(document) ?? ""
        } while !marker.isEmpty
        folders[prefix] = found
        return found
    }

    /// The shortest beginning of a folder's name that is longer than `prefix` and none of the others'.
    private func shortest(_ folder: String, _ prefix: String) -> String {
        let base = BlobName.prefix(ofPrefix: names.prefix)
        let others = [base + ".holdfast/", base + "terraform/"]
        let scalars = Array(folder.unicodeScalars)
        for count
            in (prefix.unicodeScalars.count + 1)..<max(
                scalars.count, prefix.unicodeScalars.count + 1)
        {
            var part = String.UnicodeScalarView()
            part.append(contentsOf: scalars[..<count])
            let text = String(part)
            if !others.contains(where: { $0.utf8.starts(with: text.utf8) }) { return text }
        }
        return folder
    }
}

/// How far a listing of several parts is.
private struct Place {
    var part: Int
    var marker: String

    init(part: Int, marker: String) {
        self.part = part
        self.marker = marker
    }

    init?(_ text: String) {
        let number = text.prefix { $0 != " " }
        guard let part = Int(number) else { return nil }
        self.part = part
        marker = String(text.dropFirst(number.count + 1))
    }

    var text: String { "\(part) \(marker)" }
}

/// Whether a text comes before another one in the order of their bytes.
private func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}
