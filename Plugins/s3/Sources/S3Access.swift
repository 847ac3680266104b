internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP
internal import SharedJSON

// Who asks, and what they must be allowed: what `holdfast doctor` shows.

extension S3Driver {
    static let identity = Operation<S3Store>(
        "s3.identity", "Says who the service takes this machine for, and by which credentials.",
        [.reads, .idempotent], result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, call) throws(DriverError) in
        let clock = store.service.clock(call)
        var document = try store.service.identity.document(clock, call).members ?? [:]
        document["place"] = .string(store.service.place.shown)
        try result.write(JSONValue.object(document).bytes)
    }

    static let policy = Operation<S3Store>(
        "s3.policy", "Prints the smallest policy that grants what this store does.", [.idempotent],
        result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, _) throws(DriverError) in
        try result.write(store.policy.document.bytes)
    }
}

extension Service {
    /// What the service's clock shows; `nil` where its answer does not tell.
    fileprivate func clock(_ call: Call) -> ServiceClock? {
        var request = ServiceRequest(.list, "GET")
        request.query = [("list-type", "2"), ("max-keys", "1"), ("prefix", prefix)]
        let before = unixNanoseconds()
        guard let answer = try? perform(request, call) else { return nil }
        return ServiceClock(answer, between: before, and: unixNanoseconds())
    }
}

extension S3Store {
    /// The rights that the driver makes use of, and no others.
    fileprivate var policy: AmazonPolicy {
        let partition = AmazonResource.partition(service.region)
        let bucket = "arn:\(partition):s3:::\(service.place.bucket)"
        var statements = [
            AmazonPolicy.Statement(
                "\(bucket)/\(service.prefix)*",
                [
                    ("s3:GetObject", ["read", "write", "condition"]), ("s3:PutObject", ["write"]),
                    ("s3:DeleteObject", ["delete"]), ("s3:AbortMultipartUpload", ["large"]),
                ]),
            AmazonPolicy.Statement(
                bucket, [("s3:ListBucket", ["open", "list", "read"])],
                condition: service.prefix.isEmpty
                    ? nil
                    : .object([
                        "StringLike": .object(["s3:prefix": .string("\(service.prefix)*")])
                    ])),
            AmazonPolicy.Statement(bucket, [("s3:ListBucketMultipartUploads", ["large"])]),
        ]
        if bootstrap {
            statements.append(AmazonPolicy.Statement(bucket, [("s3:CreateBucket", ["open"])]))
        }
        if let key = service.encryption.last, key.name.hasSuffix("kms-key-id") {
            // An id or alias alone names no resource; the account's own keys are meant then.
            let resource = key.value.hasPrefix("arn:") ? key.value : "*"
            statements.append(
                AmazonPolicy.Statement(
                    resource,
                    [("kms:GenerateDataKey", ["write"]), ("kms:Decrypt", ["read", "large"])]))
        }
        return AmazonPolicy(statements)
    }
}
