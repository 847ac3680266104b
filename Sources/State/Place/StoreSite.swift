internal import Host

/// What a store whose conditional writes are not certain tells of its place.
///
/// A driver over services of which some ignore conditions declares the operation `<driver>.place`
/// without required parameters. Its result is JSON: `place` names the place alike for every client, such
/// as `s3://bucket/prefix`; `settled` is whether every client of that place is told the same of
/// conditional writes. A driver without the operation is certain of its conditional writes.
struct StoreSite: Sendable, Hashable {
    private static let resultBytesMax = 16 << 10
    private static let placeBytesMax = 1024

    /// The place, alike for every client.
    var place: String
    /// Whether every client of the place is told the same of conditional writes.
    var isSettled: Bool

    /// Asks the driver; `nil` where it has no such operation.
    static func find(_ store: Store, _ call: Call) throws(HostError) -> StoreSite? {
        let id = "\(store.driverID).place"
        guard let operation = try store.driverOperations().first(where: { $0.id == id }),
            operation.parameters.isEmpty
        else { return nil }
        var bytes: [UInt8] = []
        try unsafe store.callOperation(
            OperationCall(operation), call,
            body: { piece throws(HostError) in
                unsafe bytes.append(contentsOf: piece)
                guard bytes.count <= resultBytesMax else { throw nonsense(id) }
            })
        let document: JSONValue
        do throws(JSONSyntaxError) { document = try JSONValue(parsing: bytes) } catch {
            throw nonsense(id)
        }
        guard let place = document.members?["place"]?.text,
            (1...placeBytesMax).contains(place.utf8.count),
            !place.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }),
            let isSettled = document.members?["settled"]?.isTrue
        else { throw nonsense(id) }
        return StoreSite(place: place, isSettled: isSettled)
    }

    /// Where another store keeps what belongs to a workspace of this place.
    func namespace(of workspace: String) -> String {
        let text = "locks:\(place)" + (workspace.isEmpty ? "" : " \(workspace)")
        guard text.utf8.count > Limits.workspaceBytes else { return text }
        return "locks:sha256:" + PlainDigest.text(of: Array(text.utf8))
    }

    private static func nonsense(_ id: String) -> HostError {
        HostError(
            .internalError, "the driver broke its contract: the result of \(id) names no place",
            advice: "report this to the driver's vendor")
    }
}
