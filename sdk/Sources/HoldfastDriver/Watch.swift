/// A store that can wait until something may have changed.
///
/// A driver whose store conforms has the extension `x.holdfast.watch/1` and reports the capability
/// `watch`; its thread model is ``DriverDescription/ThreadModel/parallel``.
public protocol WatchableStore: DriverStore {
    /// Waits until something in the scope may have changed since the request's cursor.
    ///
    /// Without a cursor it returns that of this moment at once. The rules of `holdfast/watch.h` hold:
    /// a change is never missed, a wake without one is allowed.
    ///
    /// - Parameters:
    ///   - request: The scope and the cursor.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: The cursor to go on from, 1 to 256 bytes.
    /// - Throws: ``DriverError``, with ``DriverError/Code/deadline`` when nothing changed in time.
    func watch(_ request: WatchRequest, _ call: Call) throws(DriverError) -> [UInt8]
}

/// What a watch waits for.
public struct WatchRequest: Sendable {
    /// The collection to watch.
    public var collection: String
    /// The workspace to watch.
    public var workspace: String
    /// Only paths that start with these bytes; may end inside a part.
    public var prefix: String
    /// Where an earlier watch of the same scope ended; empty for this moment.
    public var cursor: [UInt8]

    /// Makes a request.
    public init(collection: String, workspace: String, prefix: String, cursor: [UInt8]) {
        self.collection = collection
        self.workspace = workspace
        self.prefix = prefix
        self.cursor = cursor
    }
}
