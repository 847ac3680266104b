internal import CHoldfast
internal import HoldfastLoader

// The entry, the tables, and structs of other sizes than today's.

/// Checks of how host and driver come to terms.
enum NegotiationChecks {
    static func loads(_ run: CheckRun) throws { _ = try run.load() }

    static func twice(_ run: CheckRun) throws {
        let driver = try RawDriver(run)
        let first = try unsafe driver.table()
        for call in 2...3 {
            let again = unsafe driver.call()
            try require(
                unsafe again.status == HOLDFAST_OK && again.table == first,
                "call \(call) of the entry does not give what the first gave",
                do: "return HOLDFAST_OK and the address of one static const table each time")
        }
    }

    static func draftRefused(_ run: CheckRun) throws {
        let driver = try RawDriver(run)
        for draft in [HOLDFAST_DRAFT + 1, HOLDFAST_DRAFT - 1, UInt32.max] {
            let answer = unsafe driver.call(RawDriver.Offer(draft: draft))
            try require(
                unsafe answer.status == HOLDFAST_UNSUPPORTED,
                "the entry answers \(unsafe answer.status) to an offer of draft \(draft)",
                do: "compare offer->draft with HOLDFAST_DRAFT and return HOLDFAST_UNSUPPORTED")
            try require(
                unsafe answer.table == nil, "the entry gives a table although it refuses the offer")
        }
    }

    static func largerOffer(_ run: CheckRun) throws {
        let driver = try RawDriver(run)
        let first = try unsafe driver.table()
        let offer = RawDriver.Offer(
            abiMinor: HOLDFAST_ABI_MINOR + 7, behaviour: HOLDFAST_BEHAVIOUR + 7, flags: ~0,
            padding: 64)
        let answer = unsafe driver.call(offer)
        try require(
            unsafe answer.status == HOLDFAST_OK && answer.table == first,
            "the entry answers \(unsafe answer.status) to a newer host's longer offer",
            do: "read only the fields that you know, and ignore unknown flags")
    }

    static func table(_ run: CheckRun) throws {
        let driver = try RawDriver(run)
        let table = try unsafe driver.table()
        let before = unsafe bytes(of: table)
        let session = try RawSession(run)
        try require(session.open().status == HOLDFAST_OK, "open fails")
        try session.finish()
        try require(
            unsafe bytes(of: table) == before, "the table changed while the driver was used",
            do: "make the table const; the host keeps a copy")
    }

    private static func bytes(of table: UnsafePointer<holdfast_driver>) -> [UInt8] {
        let count = unsafe min(Int(table.pointee.size), MemoryLayout<holdfast_driver>.size)
        return unsafe Array(UnsafeRawBufferPointer(start: table, count: count))
    }

    static func extensions(_ run: CheckRun) throws {
        let driver = try run.driver()
        let unknown = ["", "x", "holdfast.unknown/1", "x.holdfast.kit-unknown/4294967295"]
        for id in unknown {
            try require(
                unsafe driver.extensionTable(id) == nil,
                "extension(\"\(id)\") gives a table", do: "return NULL for an id that is not known")
        }
    }

    static func largerHost(_ run: CheckRun) throws {
        try roundTrip(try RawSession(run, padding: 64))
    }

    /// Structs, arrays and texts of a newer host, which are poisoned after each call.
    private static func roundTrip(_ session: RawSession) throws {
        let opened = session.open()
        try require(
            opened.status == HOLDFAST_OK, "open answers \(opened.words) to a newer host",
            do: "read only what you know of a struct, step through arrays by their stride")
        let attributes = [
            Attribute(name: "first", value: "one"), Attribute(name: "second", value: "two"),
        ]
        let request = RawSession.Put(
            path: "newer/host", bytes: Array("bytes".utf8), length: 5, attributes: attributes)
        let put = session.put(request)
        try require(put.status == HOLDFAST_OK, "put answers \(put.words) to a newer host")
        let got = session.get("newer/host")
        try require(
            got.outcome.status == HOLDFAST_OK, "get answers \(got.outcome.words) to a newer host",
            do: "copy what has to outlive the call: the path's memory was used again")
        try require(
            got.bytes == request.bytes && got.attributes == attributes,
            "what a newer host wrote comes back as other bytes or attributes",
            do: "step through the attributes by their stride, and copy names and values")
        try session.finish()
    }

    static func borrowed(_ run: CheckRun) throws {
        let session = try RawSession(run)
        try require(session.open().status == HOLDFAST_OK, "open fails")
        let attributes = [Attribute(name: "kept", value: "as it was")]
        for number in 0..<20 {
            let put = session.put(
                .init(path: "borrowed/\(number)", bytes: [UInt8(number)], attributes: attributes))
            try require(put.status == HOLDFAST_OK, "put answers \(put.words)")
        }
        for number in 0..<20 {
            let got = session.get("borrowed/\(number)")
            try require(
                got.outcome.status == HOLDFAST_OK && got.bytes == [UInt8(number)]
                    && got.attributes == attributes,
                "an object differs after the memory of its put was used again: \(got.outcome.words)",
                do: "copy the path, the attributes and the options that the driver keeps")
        }
        try session.finish()
    }
}
