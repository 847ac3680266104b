internal import HoldfastDriver
internal import SharedHTTP
internal import SharedObjects
internal import SharedXML

extension S3Store {
    /// The most objects that are looked at at once.
    private static var lookCount: Int { 32 }
    /// The most objects whose names are held in memory.
    private static var batchCount: Int { 1000 }

    /// A listing tells no metadata, and with it no version: each object is looked at.
    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError) {
        if request.wantsAttributes {
            throw DriverError(.unsupported, "listings of S3 carry no attributes")
        }
        var listing = ObjectListing<Void>(service.names, request) { [self] range, token, most throws(DriverError) in
            try page(range, token, most, call)
        }
        var left = request.limit
        while left > 0 {
            var batch: [(path: String, key: String)] = []
            while batch.count < min(left, Self.batchCount), let entry = try listing.next() {
                batch.append((entry.path, entry.key))
            }
            if batch.isEmpty { return }
            for (entry, found) in zip(batch, try look(batch.map(\.key), call)) {
                // It was removed after it was listed.
                guard var info = found else { continue }
                info.attributes = []
                try call.check()
                try sink.send(Entry(path: entry.path, info: info))
                left -= 1
            }
        }
    }

    /// What is known of several objects, side by side; `nil` for those that are not there.
    private func look(_ keys: [String], _ call: Call) throws(DriverError) -> [ObjectInfo?] {
        var infos = [ObjectInfo?](repeating: nil, count: keys.count)
        var next = 0
        try service.performAll(most: Self.lookCount, call) { () throws(DriverError) in
            guard next < keys.count else { return nil }
            let index = next
            next += 1
            return ServiceExchange(request: ServiceRequest(.head, "HEAD", key: keys[index])) {
                result throws(DriverError) in
                switch result {
                case .success(let response): infos[index] = try Self.foundInfo(response)
                case .failure(let failure):
                    guard failure.isMissing else { throw failure.error }
                }
            }
        }
        return infos
    }

    private func page(
        _ range: KeyRange, _ token: String?, _ most: Int, _ call: Call
    ) throws(DriverError) -> KeyPage<Void> {
        var request = ServiceRequest(.list, "GET")
        request.query = [
            ("list-type", "2"), ("encoding-type", "url"), ("max-keys", String(most)),
            ("prefix", range.prefix),
        ]
        if let token {
            request.query.append(("continuation-token", token))
        } else if !range.after.isEmpty {
            request.query.append(("start-after", range.after))
        }
        let response: HTTPResponse
        do throws(ServiceFailure) { response = try service.perform(request, call) } catch {
            throw error.error
        }
        let document: XMLElement
        do throws(XMLError) { document = try XMLElement(response.body) } catch {
            throw DriverError(.io, "the service's listing cannot be read: \(error.message)")
        }
        guard document.name == "ListBucketResult" else {
            throw DriverError(.io, "the service answered a listing with another document")
        }
        let keys = document.all("Contents").compactMap { entry in
            entry.text("Key").map { (ListedText.decoded($0, in: document), ()) }
        }
        let isCut = document.text("IsTruncated") == "true"
        return KeyPage(
            items: keys.map { (key: $0.0, item: ()) },
            next: isCut ? document.text("NextContinuationToken") : nil)
    }
}

/// Names in the service's documents, which are escaped where it says so.
enum ListedText {
    static func decoded(_ text: String, in document: XMLElement) -> String {
        guard document.text("EncodingType") == "url" else { return text }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                if digits.utf8.count == 2, let value = UInt8(digits, radix: 16) {
                    bytes.append(value)
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(byte)
                }
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
