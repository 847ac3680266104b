package import HoldfastDriver

/// One page of a service's listing.
package struct KeyPage<Item> {
    /// Keys in ascending order of their bytes, with what the listing tells of each.
    package var items: [(key: String, item: Item)]
    /// How the service is asked for the page after this one; `nil` when this is the last.
    package var next: String?

    /// Makes a page.
    package init(items: [(key: String, item: Item)], next: String?) {
        self.items = items
        self.next = next
    }
}

/// The objects of a listing in the order of their paths, fetched page by page.
package struct ObjectListing<Item> {
    /// Asks for a page: the keys, how to go on from the page before, and the most keys.
    package typealias Fetch = (KeyRange, String?, Int) throws(DriverError) -> KeyPage<Item>

    private let names: ObjectNames
    private let request: ListRequest
    private let fetch: Fetch
    private let folder: String
    private var streams: [KeyStream<Item>]

    /// Begins a listing; nothing is asked before the first object is.
    package init(_ names: ObjectNames, _ request: ListRequest, fetch: @escaping Fetch) {
        self.names = names
        self.request = request
        self.fetch = fetch
        folder = names.folder(request.collection, request.workspace)
        streams = names.streams(
            request.collection, request.workspace, prefix: request.prefix, after: request.startAfter
        ).map { KeyStream($0, most: request.limit) }
    }

    /// The next object; `nil` at the end.
    ///
    /// Keys that are no objects of the collection are passed over.
    package mutating func next() throws(DriverError) -> (path: String, key: String, item: Item)? {
        var first: (index: Int, path: String)?
        for index in streams.indices {
            guard let path = try peek(index) else { continue }
            if let best = first, !precedes(path, best.path) { continue }
            first = (index, path)
        }
        guard let first, let found = streams[first.index].pop() else { return nil }
        return (first.path, found.key, found.item)
    }

    private mutating func peek(_ index: Int) throws(DriverError) -> String? {
        while let key = try streams[index].peek(fetch) {
            let path = names.path(
                ofKey: key, in: folder, request.collection, request.workspace)
            if let path { return path }
            _ = streams[index].pop()
        }
        return nil
    }
}

/// The keys of some ranges, one after the other.
private struct KeyStream<Item> {
    /// What the services answer at most.
    private static var pageCount: Int { 1000 }

    private var ranges: ArraySlice<KeyRange>
    private var page: ArraySlice<(key: String, item: Item)> = []
    private var token: String?
    private var isRangeBegun = false
    private var most: Int

    init(_ ranges: [KeyRange], most: Int) {
        self.ranges = ranges[...]
        self.most = min(max(most, 1), Self.pageCount)
    }

    mutating func peek(_ fetch: ObjectListing<Item>.Fetch) throws(DriverError) -> String? {
        while true {
            if let first = page.first {
                guard let range = ranges.first, range.isPast(first.key) else { return first.key }
                endRange()
            } else if isRangeBegun && token == nil {
                endRange()
            }
            guard let range = ranges.first else { return nil }
            if page.isEmpty { try advance(in: range, fetch) }
        }
    }

    mutating func pop() -> (key: String, item: Item)? { page.popFirst() }

    private mutating func advance(
        in range: KeyRange, _ fetch: ObjectListing<Item>.Fetch
    ) throws(DriverError) {
        let answer = try fetch(range, token, most)
        guard answer.next == nil || answer.next != token else {
            throw DriverError(.io, "the service's listing does not get any further")
        }
        (page, token, isRangeBegun) = (answer.items[...], answer.next, true)
        // The first page shows whether what is listed is ours; then there is no reason to ask for little.
        most = Self.pageCount
    }

    private mutating func endRange() {
        (page, token, isRangeBegun) = ([], nil, false)
        ranges = ranges.dropFirst()
    }
}
