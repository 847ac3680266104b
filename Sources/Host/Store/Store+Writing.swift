extension Store {
    /// Writes a whole object, all or nothing.
    package func put(
        _ key: ObjectKey, _ bytes: [UInt8], condition: Condition,
        attributes: [String: String] = [:], isUnique: Bool = false, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        try put(
            key, from: MemorySource(bytes), condition: condition, attributes: attributes,
            isUnique: isUnique, call)
    }

    /// Writes a whole object, all or nothing.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - source: Its bytes.
    ///   - condition: What must hold.
    ///   - attributes: They replace those of the object.
    ///   - isUnique: Whether the bytes hold a random id, so that no other write has the same ones. Only
    ///     say so when it is true: a store may then compare nothing but a digest of them.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: The information of the new version.
    /// - Throws: ``HostError``, with code `condition` and the version where known when the
    ///   condition did not hold. `applied` is truthful. An error of the source is rethrown as it is.
    package func put(
        _ key: ObjectKey, from source: any ByteSource, condition: Condition,
        attributes: [String: String] = [:], isUnique: Bool = false, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        let tracked = TrackedSource(source, maximum: byteCountMax)
        do throws(HostError) {
            try key.check()
            try checkAttributes(attributes)
            try requireSupport(of: condition)
            try requireRoom(for: source.length)
            var request = PutRequest(
                condition: condition, attributes: attributes, isUnique: isUnique)
            request.attributes[WriteID.attribute] = WriteID.random()
            let info = try operations.put(key, request, from: tracked, call)
            if tracked.failure != nil { throw successDespiteSource() }
            try info.check(against: request, tracked)
            return info.strippedOfWriteID()
        } catch {
            throw located(tracked.failure.map { merged($0, with: error) } ?? error, key)
        }
    }

    /// Removes an object; an absent one under no condition is a success.
    package func remove(
        _ key: ObjectKey, condition: Condition, _ call: Call
    ) throws(HostError) {
        try located(key) { () throws(HostError) in
            try key.check()
            guard condition != .absent else {
                throw invalid("a removal cannot require that the object is absent")
            }
            try requireSupport(of: condition)
            try operations.remove(key, condition, call)
        }
    }

    /// Throws unless the store can judge the condition.
    func requireSupport(of condition: Condition) throws(HostError) {
        switch condition {
        case .none: break
        case .absent:
            try require(Capabilities.conditionAbsent, for: "writes that require an absent object")
        case .version(let version):
            guard (1...Limits.versionBytes).contains(version.token.count) else {
                throw invalid(
                    "the version of the condition has \(version.token.count) bytes, "
                        + "it must have 1 to \(Limits.versionBytes)")
            }
            try require(Capabilities.conditionVersion, for: "writes that require a version")
        }
    }

    /// Throws when an object is known to be too long for the store.
    func requireRoom(for length: UInt64?) throws(HostError) {
        guard let length, length > byteCountMax else { return }
        throw HostError(
            .tooLarge,
            "the object has \(length) bytes, this store takes at most \(byteCountMax)",
            advice: "use a store whose driver takes larger objects")
    }

    /// The error for a driver that takes what a failed source gave for an object.
    func successDespiteSource() -> HostError {
        nonsense("it reported success after the source failed", applied: .unknown)
    }

    /// The source's error, with what the driver says of the write.
    func merged(_ source: HostError, with error: HostError) -> HostError {
        var result = source
        // Contract: a write whose source failed leaves nothing. A driver that cannot say so, or that
        // reports success, left nobody knows what.
        if error.applied != .no { result.applied = error.applied }
        return result
    }
}
