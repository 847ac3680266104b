internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP
internal import SharedJSON

// Who asks, and what they must be allowed: what `holdfast doctor` shows.

extension DynamoDBDriver {
    static let identity = Operation<DynamoDBStore>(
        "dynamodb.identity",
        "Says who the service takes this machine for, and by which credentials.",
        [.reads, .idempotent], result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, call) throws(DriverError) in
        let (_, clock) = store.service.describe(call)
        var document = try store.service.identity.document(clock, call).members ?? [:]
        document["place"] = .string(store.service.shown)
        try result.write(JSONValue.object(document).bytes)
    }

    static let policy = Operation<DynamoDBStore>(
        "dynamodb.policy", "Prints the smallest policy that grants what this store does.",
        [.reads, .idempotent], result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, call) throws(DriverError) in
        let (resource, _) = store.service.describe(call)
        try result.write(store.policy(resource).document.bytes)
    }
}

extension Service {
    /// The table's ARN, and what the service's clock shows.
    fileprivate func describe(_ call: Call) -> (resource: String, clock: ServiceClock?) {
        let partition = AmazonResource.partition(region)
        let standard = "arn:\(partition):dynamodb:\(region):*:table/\(table)"
        let before = unixNanoseconds()
        guard let answer = try? answer("DescribeTable", [:], call) else { return (standard, nil) }
        let clock = ServiceClock(answer, between: before, and: unixNanoseconds())
        let name = (try? JSONValue(answer.body))?["Table"]?["TableArn"]?.text
        return (name ?? standard, clock)
    }
}

extension DynamoDBStore {
    /// The rights that the driver makes use of, and no others.
    fileprivate func policy(_ resource: String) -> AmazonPolicy {
        var rights: [(name: String, purposes: [String])] = [
            ("dynamodb:DescribeTable", ["open"]), ("dynamodb:GetItem", ["read", "write"]),
            ("dynamodb:Query", ["list"]), ("dynamodb:PutItem", ["write"]),
            ("dynamodb:DeleteItem", ["delete"]), ("dynamodb:BatchWriteItem", ["large"]),
            ("dynamodb:ConditionCheckItem", ["receipts"]),
        ]
        if bootstrap { rights.append(("dynamodb:CreateTable", ["open"])) }
        return AmazonPolicy([AmazonPolicy.Statement(resource, rights)])
    }
}
