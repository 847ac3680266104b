internal import HoldfastDriver
internal import SharedAzure
internal import SharedHTTP
internal import SharedObjects

/// One container, or what lies below a prefix in it.
final class AzureBlobStore: DriverStore {
    /// The most bytes of one object.
    static let maximumByteCount: UInt64 = 64 << 30

    let service: Service
    let names: ObjectNames
    let bookmarks = Bookmarks()

    init(_ service: Service, _ names: ObjectNames) {
        self.service = service
        self.names = names
    }

    func capabilities(_ call: Call) throws(DriverError) -> [Capability] {
        AzureBlobDriver.capabilities
    }

    func ping(_ call: Call) throws(DriverError) -> StoreClock? {
        do throws(ServiceFailure) {
            try look(call)
        } catch {
            throw error.ofRead.during("cannot read \(service.shown)")
        }
        // The service's answers carry a date, in whole seconds and not of one clock: no clock for leases.
        return nil
    }

    func close(_ call: Call) { service.close() }

    /// Looks whether the container is there.
    func prepare(_ call: Call) throws(DriverError) {
        do throws(ServiceFailure) {
            try look(call)
        } catch {
            guard error.isNoContainer else {
                throw error.ofRead.during("cannot look at \(service.shown)")
            }
            // As nobody but an operator makes it, an empty list of states would hide a wrong name.
            throw DriverError(
                .invalid,
                "there is no \(service.shown): create it (az storage container create), or correct the"
                    + " option container or the account", vendorCode: 404,
                vendorName: "ContainerNotFound")
        }
    }

    /// Asks for a blob that nobody makes: whoever may read gets to know whether the container is there.
    private func look(_ call: Call) throws(ServiceFailure) {
        let name = BlobName.name(ofKey: names.scratchKey("none"))
        do throws(ServiceFailure) {
            _ = try service.send(Service.Action("HEAD", name), call)
        } catch {
            if !error.isNoBlob { throw error }
        }
    }

    /// The name of the blob of an object.
    func blob(_ key: ObjectKey) throws(DriverError) -> String {
        let name = BlobName.name(ofKey: names.key(key))
        guard BlobName.fits(name) else {
            throw DriverError(
                .tooLarge,
                "the name of \(key.shown) would have more than \(BlobName.maximumCount) characters:"
                    + " use a shorter path or prefix")
        }
        return name
    }

    func notFound(_ key: ObjectKey) -> DriverError {
        DriverError(.notFound, "there is no \(key.shown) in \(service.shown)")
    }
}

extension ObjectKey {
    /// The object in messages.
    var shown: String { "\(collection)/\(path)" }
}
