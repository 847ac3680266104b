internal import Crypto
internal import FoundationEssentials

/// Objects that somebody waits for a change of.
package struct WatchScope: Sendable, Hashable {
    /// The collection.
    package var collection: String
    /// The workspace.
    package var workspace: String
    /// Only paths that start with these bytes.
    package var prefix: String

    /// Makes a scope.
    package init(collection: String, workspace: String = "", prefix: String = "") {
        self.collection = collection
        self.workspace = workspace
        self.prefix = prefix
    }

    fileprivate var listing: Listing {
        Listing(collection: collection, workspace: workspace, prefix: prefix)
    }
}

/// The pauses between the looks at a scope, where a store cannot tell of changes itself.
struct WatchPolicy: Sendable {
    /// The pause after the first look; each is half as long again as the one before.
    var firstPause = Duration.milliseconds(500)
    /// The longest pause.
    var longestPause = Duration.seconds(15)
    /// Picks a share of a pause from a half to the whole, so that many watchers do not look together.
    var pick: @Sendable () -> Double = { .random(in: 0.5...1) }
    /// Waits.
    var pause: @Sendable (Duration, Call) throws(HostError) -> Void = { duration, call in
        try waitOut(duration, call)
    }
}

extension Store {
    /// Waits until something in a scope may have changed.
    ///
    /// No change after the cursor is missed, also one that was made while nobody watched; a wake without
    /// a change is possible. Where the driver can watch it does (the capability `watch`); elsewhere the
    /// scope is listed after half a second, then after pauses that grow to 15 seconds, shortened by
    /// chance by up to a half, and the versions are compared.
    ///
    /// It blocks for long: never call it on a thread of the ``BlockingPool`` or one of Swift's own;
    /// ``startWatch(_:after:_:deliver:)`` has threads for it. It ends when the call is cancelled.
    ///
    /// - Parameters:
    ///   - scope: What to watch.
    ///   - cursor: What an earlier watch of the same scope returned; empty for this moment.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: The cursor to go on from: at once without one, and with one that is not known.
    /// - Throws: ``HostError``, with code `deadline` when nothing changed; the cursor stays good then.
    package func watch(
        _ scope: WatchScope, after cursor: String, _ call: Call
    ) throws(HostError) -> String {
        try watch(scope, after: cursor, call, WatchPolicy())
    }

    func watch(
        _ scope: WatchScope, after cursor: String, _ call: Call, _ policy: WatchPolicy
    ) throws(HostError) -> String {
        try located(nil) { () throws(HostError) in
            try scope.listing.check()
            try call.check()
            guard capabilities.level(Capabilities.watch) == .native else {
                return try poll(scope, after: cursor, call, policy)
            }
            let bytes = try operations.watch(scope, after: WatchCursor.driver(cursor), call)
            guard (1...WatchCursor.bytesMax).contains(bytes.count) else {
                throw nonsense("a cursor of \(bytes.count) bytes")
            }
            return WatchCursor.text(bytes)
        }
    }

    /// As ``watch(_:after:_:)``, on a thread of its own.
    ///
    /// - Parameters:
    ///   - scope: What to watch.
    ///   - cursor: What an earlier watch of the same scope returned; empty for this moment.
    ///   - call: The call's deadline and cancellation.
    ///   - deliver: Is called once, on that thread, with the cursor or the error.
    package func startWatch(
        _ scope: WatchScope, after cursor: String, _ call: Call,
        deliver: @escaping @Sendable (Result<String, HostError>) -> Void
    ) {
        let isStarted = PlainThread.start {
            deliver(Result { () throws(HostError) in try watch(scope, after: cursor, call) })
        }
        guard !isStarted else { return }
        let error = HostError(
            .throttled, "the system has no thread for a watch", retry: .same(after: .seconds(1)))
        deliver(.failure(located(error, nil)))
    }

    private func poll(
        _ scope: WatchScope, after cursor: String, _ call: Call, _ policy: WatchPolicy
    ) throws(HostError) -> String {
        var pause = policy.firstPause
        while true {
            let seen = try digest(of: scope, call)
            guard cursor == seen else { return seen }
            try policy.pause(pause * policy.pick(), call)
            pause = min(pause * 3 / 2, policy.longestPause)
        }
    }

    /// The cursor of what a listing of the scope shows now.
    private func digest(of scope: WatchScope, _ call: Call) throws(HostError) -> String {
        var hash = SHA256()
        let listing = scope.listing
        try forEachEntry(listing, call) { (entry) throws(HostError) in
            var version = entry.info.version
            if version == .unlisted {
                let key = ObjectKey(
                    collection: listing.collection, workspace: listing.workspace, path: entry.path)
                // One that was removed since looks like one that was not listed.
                guard let info = try head(key, call) else { return true }
                version = info.version
            }
            for part in [Array(entry.path.utf8), version.token] {
                // With its length, so that no two listings look alike.
                hash.update(data: Data("\(part.count) ".utf8))
                hash.update(data: part)
            }
            return true
        }
        return WatchCursor.listing + RandomBytes.hexadecimal(of: Array(hash.finalize()))
    }
}

/// The cursors as callers keep them; they tell who made them.
private enum WatchCursor {
    static let bytesMax = 256
    /// What cursors of listings start with.
    static let listing = "l-"
    private static let drivers = "d-"

    static func text(_ bytes: [UInt8]) -> String {
        drivers + RandomBytes.hexadecimal(of: bytes)
    }

    /// The driver's own cursor; another's is answered at once, as one that the driver does not know.
    static func driver(_ text: String) -> [UInt8] {
        guard text.hasPrefix(drivers) else { return [] }
        let digits = Array(text.utf8.dropFirst(drivers.utf8.count))
        return stride(from: 0, to: digits.count - 1, by: 2).map { index in
            value(digits[index]) << 4 | value(digits[index + 1])
        }
    }

    private static func value(_ digit: UInt8) -> UInt8 {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: 0
        }
    }
}

extension StoreOperations {
    /// No watches.
    package func watch(
        _ scope: WatchScope, after cursor: [UInt8], _ call: Call
    ) throws(HostError) -> [UInt8] {
        throw HostError(.unsupported, "the store does not tell of changes")
    }
}
