internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON
internal import SharedObjects

/// The bucket itself: whether it is there.
struct Bucket {
    private let service: Service
    private let names: ObjectNames

    init(_ service: Service, _ names: ObjectNames) {
        self.service = service
        self.names = names
    }

    /// Finds the bucket, or makes it where that is allowed.
    func prepare(
        _ settings: StoreOptions, mustExist: Bool, _ call: Call
    ) throws(DriverError) {
        if try isThere(call) { return }
        // Where the driver may not make the bucket, an empty list of states would hide a wrong name.
        guard settings.bootstrap else {
            throw DriverError(
                .invalid,
                "there is no \(service.shown): create it (gcloud storage buckets create), or set bootstrap"
                    + " to true; check its name too")
        }
        if mustExist { throw DriverError(.notFound, "there is no \(service.shown)") }
        try create(settings, call)
        // The service tells only by being asked again when a new bucket can be used.
        while try !isThere(call) {
            guard call.pause(200_000_000) else {
                throw call.overError("waiting for \(service.shown)", applied: .no)
            }
        }
    }

    /// Looks whether the bucket can be used.
    func look(_ call: Call) throws(DriverError) {
        guard try isThere(call) else {
            throw DriverError(
                .unavailable, "there is no \(service.shown) any more", retry: .reopen)
        }
    }

    /// Lists nothing: that needs no other right than the store's own work does.
    private func isThere(_ call: Call) throws(DriverError) -> Bool {
        do throws(ServiceFailure) {
            _ = try service.document(emptyListing, call)
            return true
        } catch {
            if error.isMissingBucket { return false }
            throw error.error.during("cannot look at \(service.shown)")
        }
    }

    private var emptyListing: HTTPRequest {
        // No object can be called so, because a part of a path is never empty.
        let query = [
            ("prefix", names.scratchKey("/")), ("maxResults", "1"), ("fields", "nextPageToken"),
        ]
        return HTTPRequest("GET", service.url(nil, query))
    }

    /// What the service's clock shows; `nil` where its answer does not tell.
    func clock(_ call: Call) -> ServiceClock? {
        let before = unixNanoseconds()
        guard let answer = try? service.send(emptyListing, call) else { return nil }
        return ServiceClock(answer, between: before, and: unixNanoseconds())
    }

    private func create(_ settings: StoreOptions, _ call: Call) throws(DriverError) {
        guard let project = settings.project, !project.isEmpty else {
            throw DriverError(
                .invalid,
                "there is no \(service.shown), and no project to create it in: set the option project or"
                    + " GOOGLE_CLOUD_PROJECT")
        }
        var members: [String: JSONValue] = [
            "name": .string(service.bucket),
            "iamConfiguration": .object([
                "uniformBucketLevelAccess": .object(["enabled": .boolean(true)]),
                "publicAccessPrevention": .string("enforced"),
            ]),
        ]
        if let location = settings.location, !location.isEmpty {
            members["location"] = .string(location)
        }
        let request = HTTPRequest(
            "POST", service.bucketsURL([("project", project)]),
            headers: [("Content-Type", "application/json")],
            body: .bytes(JSONValue.object(members).bytes))
        do throws(ServiceFailure) {
            _ = try service.document(request, call)
        } catch {
            // Somebody else is making it; if it is another's, looking at it says so.
            if error.status == 409 { return }
            throw error.error.during("cannot create \(service.shown)")
        }
    }
}
