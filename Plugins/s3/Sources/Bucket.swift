internal import HoldfastDriver
internal import SharedHTTP
internal import SharedXML

/// The bucket itself: whether it is there.
struct Bucket {
    private let service: Service

    init(_ service: Service) { self.service = service }

    /// Finds the bucket, or makes it where that is allowed.
    func prepare(bootstrap: Bool, mustExist: Bool, _ call: Call) throws(DriverError) {
        if try isThere(call) { return }
        // Where the driver may not make the bucket, an empty list of states would hide a wrong name.
        guard bootstrap else {
            throw DriverError(
                .invalid,
                "there is no \(service.place.shown): check the option bucket, the region and the endpoint,"
                    + " create it, or set bootstrap to true")
        }
        if mustExist { throw DriverError(.notFound, "there is no \(service.place.shown)") }
        try create(call)
    }

    private func isThere(_ call: Call) throws(DriverError) -> Bool {
        var request = ServiceRequest(.list, "GET")
        request.query = [("list-type", "2"), ("max-keys", "1"), ("prefix", service.prefix)]
        do throws(ServiceFailure) {
            _ = try service.perform(request, call)
            return true
        } catch {
            if error.isMissingBucket { return false }
            var failure = error.error
            failure.message = "cannot look at \(service.place.shown): \(failure.message)"
            if error.status == 404 { failure.code = .invalid }
            throw failure
        }
    }

    private func create(_ call: Call) throws(DriverError) {
        var request = ServiceRequest(.createBucket, "PUT")
        // The oldest region has no name here, and is called by none.
        if service.region != "us-east-1" {
            let body =
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + "<LocationConstraint>\(service.region)</LocationConstraint>"
                + "</CreateBucketConfiguration>"
            request.body = .bytes(Array(body.utf8))
        }
        do throws(ServiceFailure) {
            _ = try service.perform(request, call)
        } catch {
            // Somebody else made it.
            if error.name == "BucketAlreadyOwnedByYou" { return }
            var failure = error.error
            failure.message = "cannot create \(service.place.shown): \(failure.message)"
            throw failure
        }
    }
}
