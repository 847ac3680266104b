internal import HoldfastLoader

/// What the lock files say, read once for one purpose.
struct DriverTrust: Sendable {
    /// The files that exist, strongest first.
    let locks: [DriversLock]
    /// Why they cannot all be used.
    ///
    /// One that cannot be read might deny any driver, so none is loaded then.
    let failure: HostError?

    init(_ places: DriverLockPlaces) {
        var locks: [DriversLock] = []
        do throws(HostError) {
            for place in places.places {
                if let lock = try Self.read(place) { locks.append(lock) }
            }
            failure = nil
        } catch {
            failure = error
        }
        self.locks = locks
    }

    /// Reads one lock file.
    ///
    /// - Parameter place: Where it is.
    /// - Returns: `nil` when there is none.
    /// - Throws: ``HostError`` with code `driversLock`.
    static func read(_ place: DriverLockPlaces.Place) throws(HostError) -> DriversLock? {
        guard let bytes = try bytes(place) else {
            guard place.mustExist else { return nil }
            throw .driversLock(
                "\(place.path) (\(place.origin)) does not exist",
                advice: "check the path; holdfast driver pin and driver install make the file")
        }
        return try DriversLock(bytes, at: place)
    }

    /// The bytes of a lock file that nobody else can change; `nil` when there is none.
    static func bytes(_ place: DriverLockPlaces.Place) throws(HostError) -> [UInt8]? {
        do throws(LoaderError) {
            return try TrustedFile.read(place.path, most: ManifestText.mostBytes)
        } catch {
            throw .driversLock(
                "\(place.path) cannot be trusted: \(error.path): \(error.message)",
                advice: error.code == .tooLarge ? nil : error.remedy)
        }
    }

    /// The pin that counts for a driver: that of the strongest file that has one.
    ///
    /// - Parameters:
    ///   - id: The driver's id.
    ///   - folders: The paths of its folder, as found and resolved.
    /// - Returns: The pin; `nil` when no file pins the driver.
    func pin(of id: String, in folders: [String]) -> DriverPin? {
        for lock in locks {
            guard let pin = lock.pins[id] else { continue }
            guard let scope = lock.place.scope else { return pin }
            if folders.contains("\(scope)/\(id)") { return pin }
        }
        return nil
    }

    /// Why the policy of a file refuses a driver; `nil` when none does.
    func refusal(
        of id: String, vendor: String, isPinned: Bool
    ) -> DriverInspection.Problem? {
        for lock in locks {
            guard
                let refusal = lock.policy.refusal(id: id, vendor: vendor, isPinned: isPinned)
            else { continue }
            return DriverInspection.Problem(
                code: "policy", path: refusal.place,
                message: "the driver \(shown(id)) is refused: \(refusal.message)",
                remedy: isPinned || !refusal.message.hasPrefix("unpinned")
                    ? "change the rule if the driver is to be used"
                    : "look into it, then run: holdfast driver pin \(id)")
        }
        return nil
    }
}
