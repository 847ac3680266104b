internal import Synchronization

/// What this process has seen of other holders' leases, for stores whose clock cannot judge them.
///
/// A lease has run out when its nonce, which every renewal changes, stayed the same for a whole
/// lease by this machine's own clock. Wall clocks of two machines are never compared.
final class LeaseObserver: Sendable {
    private struct Sighting {
        var nonce: String
        var sinceBootNanoseconds: Int64
    }

    /// More states than this are not watched at once; forgetting one only delays its take-over.
    private static let countMax = 10_000

    private let sightings = Mutex<[StatePath: Sighting]>([:])

    /// Notes that `nonce` was seen, and tells for how long it has been the same.
    func nanosecondsUnchanged(_ path: StatePath, nonce: String, now: Int64) -> Int64 {
        sightings.withLock { sightings in
            if let sighting = sightings[path], isSame(sighting.nonce, nonce) {
                return max(0, now - sighting.sinceBootNanoseconds)
            }
            if sightings.count >= Self.countMax { sightings.removeAll() }
            sightings[path] = Sighting(nonce: nonce, sinceBootNanoseconds: now)
            return 0
        }
    }

    /// Forgets a state whose lock is free.
    func forget(_ path: StatePath) { sightings.withLock { _ = $0.removeValue(forKey: path) } }
}
