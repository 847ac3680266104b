internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON
internal import SharedObjects

extension GCSStore {
    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError) {
        var listing = ObjectListing<ObjectInfo>(names, request) {
            [self] range, token, most throws(DriverError) in
            do throws(ServiceFailure) {
                return try page(range, token, most, request.wantsAttributes, call)
            } catch {
                throw error.ofRead.during("cannot list \(request.collection) in \(service.shown)")
            }
        }
        var count = 0
        while count < request.limit, let found = try listing.next() {
            try call.check()
            try sink.send(Entry(path: found.path, info: found.item))
            count += 1
        }
    }

    private func page(
        _ range: KeyRange, _ token: String?, _ most: Int, _ wantsAttributes: Bool, _ call: Call
    ) throws(ServiceFailure) -> KeyPage<ObjectInfo> {
        let fields = "name,generation,size,timeCreated" + (wantsAttributes ? ",metadata" : "")
        var query = [
            ("prefix", range.prefix), ("maxResults", String(most)),
            ("fields", "items(\(fields)),nextPageToken"),
        ]
        if !range.after.isEmpty { query.append(("startOffset", range.after)) }
        if let end = range.end { query.append(("endOffset", end)) }
        if let token { query.append(("pageToken", token)) }
        let document = try service.document(HTTPRequest("GET", service.url(nil, query)), call)
        var page = KeyPage<ObjectInfo>(items: [], next: document["nextPageToken"]?.text)
        for item in document["items"]?.elements ?? [] {
            guard let name = item["name"]?.text else { continue }
            // The service's offset is the first key that counts, and not the last one that does not.
            if name.utf8.elementsEqual(range.after.utf8) { continue }
            do throws(DriverError) {
                page.items.append((name, try Resource(item, name).info))
            } catch {
                throw ServiceFailure(error)
            }
        }
        return page
    }
}
