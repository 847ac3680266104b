internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON
internal import SharedObjects
internal import SharedXML

extension S3Store {
    /// A listing tells no metadata: neither attributes nor the token that makes the version.
    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError) {
        if request.wantsAttributes {
            throw DriverError(.unsupported, "listings of S3 carry no attributes")
        }
        var listing = ObjectListing<Listed>(service.names, request) {
            [self] range, token, most throws(DriverError) in
            try page(range, token, most, call)
        }
        var left = request.limit
        while left > 0, let entry = try listing.next() {
            try call.check()
            let info = ObjectInfo(
                version: .unlisted, byteCount: entry.item.byteCount,
                modifiedNanoseconds: entry.item.modifiedNanoseconds)
            try sink.send(Entry(path: entry.path, info: info))
            left -= 1
        }
    }

    private func page(
        _ range: KeyRange, _ token: String?, _ most: Int, _ call: Call
    ) throws(DriverError) -> KeyPage<Listed> {
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
        return try ListedPage(response.body).page
    }
}

/// One page of a listing.
private struct ListedPage {
    let page: KeyPage<Listed>

    init(_ body: [UInt8]) throws(DriverError) {
        var items: [(key: String, item: Listed)] = []
        items.reserveCapacity(1000)
        var isWhole = true
        let document: XMLRecords
        do throws(XMLError) {
            document = try XMLRecords(
                body, of: "Contents", fields: ["Key", "Size", "LastModified"]
            ) { fields in
                guard !fields[0].isEmpty, let item = Listed(fields[1], fields[2]) else {
                    isWhole = false
                    return
                }
                items.append((String(decoding: fields[0], as: UTF8.self), item))
            }
        } catch {
            throw DriverError(.io, "the service's listing cannot be read: \(error.message)")
        }
        guard document.name == "ListBucketResult" else {
            throw DriverError(.io, "the service answered a listing with another document")
        }
        guard isWhole else {
            throw DriverError(.io, "the service listed an object without its name or size")
        }
        if document.text("EncodingType") == "url" {
            for index in items.indices { ListedText.decode(&items[index].key) }
        }
        let isCut = document.text("IsTruncated") == "true"
        page = KeyPage(
            items: items, next: isCut ? document.text("NextContinuationToken") : nil)
    }
}

/// What a listing tells of an object besides its name.
private struct Listed {
    let byteCount: UInt64
    let modifiedNanoseconds: Int64

    init?(_ size: [UInt8], _ modified: [UInt8]) {
        guard let byteCount = UInt64(String(decoding: size, as: UTF8.self)) else { return nil }
        self.byteCount = byteCount
        modifiedNanoseconds = (Timestamp.seconds(modified) ?? 0) * 1_000_000_000
    }
}

/// Names in the service's documents, which are escaped where it says so.
enum ListedText {
    static func decoded(_ text: String, in document: XMLElement) -> String {
        var text = text
        if document.text("EncodingType") == "url" { decode(&text) }
        return text
    }

    /// Decodes a name that is escaped; most have nothing to decode.
    static func decode(_ text: inout String) {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") })
        else { return }
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
        text = String(decoding: bytes, as: UTF8.self)
    }
}
