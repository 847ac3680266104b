internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP
internal import SharedJSON
internal import SharedXML

// Takes away the parts of uploads that nobody completes any more; the service keeps and charges them for ever.

extension S3Store {
    /// How old an upload is that counts as given up.
    ///
    /// One in progress is never so old: it has a deadline.
    private static var abandonedSeconds: Int64 { 7 * 86_400 }
    /// The longest time that a write may take for it.
    private static var collectNanoseconds: Int64 { 250_000_000 }

    /// Looks for them beside a large write.
    ///
    /// A failure here is none of the write's.
    func collect(_ call: Call) {
        let control = LimitedControl(call, nanoseconds: Self.collectNanoseconds)
        // Only where nobody but this driver writes: below a prefix of nothing there may be others.
        for folder in [".holdfast/", "terraform/"] {
            do throws(ServiceFailure) {
                try collect(below: service.prefix + folder, control)
            } catch {
                return call.log(
                    .debug, "abandoned uploads were not looked for: \(error.error.message)")
            }
        }
    }

    private func collect(
        below folder: String, _ control: LimitedControl<Call>
    ) throws(ServiceFailure) {
        var request = ServiceRequest(.uploads, "GET")
        request.query = [("uploads", ""), ("encoding-type", "url"), ("prefix", folder)]
        let response = try service.perform(request, control)
        // Both times are the service's.
        guard let now = response["date"].flatMap(HTTPDate.seconds),
            let document = try? XMLElement(response.body)
        else { return }
        for upload in document.all("Upload") {
            guard let id = upload.text("UploadId"), let text = upload.text("Initiated"),
                let begun = Timestamp.seconds(text), now - begun > Self.abandonedSeconds,
                let key = upload.text("Key").map({ ListedText.decoded($0, in: document) }),
                key.hasPrefix(folder)
            else { continue }
            var abort = ServiceRequest(.abort, "DELETE", key: key)
            abort.query = [("uploadId", id)]
            _ = try service.perform(abort, control)
        }
    }
}
