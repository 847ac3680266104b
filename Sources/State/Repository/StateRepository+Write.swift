package import Host

extension StateRepository {
    /// Writes a state.
    ///
    /// With a lock id, that lock must hold the state; without one, nobody may. What is refused is
    /// kept as an orphan when the request wants it. The same bytes as the current version's are a
    /// success without a new version. A write that was committed is answered with success also when
    /// its legible copy could not be published in time: then `isPublished` is false, and the next
    /// call of any kind publishes it.
    ///
    /// - Returns: The committed version.
    /// - Throws: ``StateError``, with code `locked`, `lockMismatch`, `notLocked` or `conflict` for a
    ///   refused write, `checksumMismatch` and `tooLarge` for a bad body. `applied` is `unknown`
    ///   when an answer was lost and could not be read back; repeating the request settles it.
    package func write(
        _ path: StatePath, from source: any ByteSource, _ request: WriteRequest, _ call: Call
    ) throws(StateError) -> StateVersion {
        try requireConditions(path, call)
        let snapshot = try load(path, call)
        try refuseSetBack(path, snapshot, call)
        var operation = try WriteOperation(self, path, from: source, request, snapshot, call)
        return try operation.run(snapshot)
    }
}
