/// A receipt: what a deployment made, as the original system and its tools write it.
///
/// It stays the JSON object that was read: fields that are not known here are kept, and an edit
/// changes nothing else.
package struct Receipt: Sendable, Hashable {
    /// The whole document.
    package var document: JSONObject

    /// Reads a receipt.
    ///
    /// - Throws: ``StateError`` with code `invalid` when it is not a JSON object.
    package init(json: [UInt8]) throws(StateError) {
        let value: JSONValue
        do throws(JSONSyntaxError) { value = try JSONValue(parsing: json) } catch {
            throw StateError(
                .invalid, "the receipt is not JSON: \(error.reason) at byte \(error.offset)")
        }
        guard case .object(let document) = value else {
            throw StateError(.invalid, "the receipt is not a JSON object")
        }
        self.document = document
    }

    /// Makes an empty receipt of one deployment.
    package init(service: String, stage: String, provider: String) {
        document = JSONObject([
            ("version", .number("1")), ("service", .string(service)), ("stage", .string(stage)),
            ("provider", .string(provider)),
        ])
    }

    /// The document as UTF-8 without white space.
    package var json: [UInt8] { JSONValue.object(document).bytes }

    /// The version of the receipt's form.
    package var version: Int64? {
        get { document["version"]?.integer() }
        set { document["version"] = newValue.map { .integer($0) } }
    }

    /// The service that was deployed.
    package var service: String {
        get { text("service") }
        set { document["service"] = .string(newValue) }
    }

    /// The stage that it was deployed to.
    package var stage: String {
        get { text("stage") }
        set { document["stage"] = .string(newValue) }
    }

    /// The provider that deployed it.
    package var provider: String {
        get { text("provider") }
        set { document["provider"] = .string(newValue) }
    }

    /// The provider's id of the deployment.
    package var deploymentID: String {
        get { text("deploymentId") }
        set { document["deploymentId"] = .string(newValue) }
    }

    /// When the receipt was last changed, RFC 3339.
    package var updatedAt: String {
        get { text("updatedAt") }
        set { document["updatedAt"] = .string(newValue) }
    }

    /// What the deployment reports: texts by name.
    package var outputs: [String: String] {
        get { texts("outputs") }
        set { setTexts("outputs", newValue) }
    }

    /// What was deployed: {function, runtime, sourcePath, outputPath, sha256, sizeBytes,
    /// configSignature}.
    package var artifacts: [JSONObject] {
        get { objects("artifacts") }
        set { document["artifacts"] = .array(newValue.map { .object($0) }) }
    }

    /// Anything else, by name.
    package var metadata: JSONObject {
        get { document["metadata"]?.members ?? JSONObject() }
        set { document["metadata"] = .object(newValue) }
    }

    /// The functions: {function, artifactSha256, configSignature, resourceName,
    /// resourceIdentifier, metadata, environmentHash, tagsHash, layersHash}.
    package var functions: [JSONObject] {
        get { objects("functions") }
        set { document["functions"] = .array(newValue.map { .object($0) }) }
    }

    private func text(_ name: String) -> String { document[name]?.text ?? "" }

    private func objects(_ name: String) -> [JSONObject] {
        document[name]?.elements?.compactMap { $0.members } ?? []
    }

    private func texts(_ name: String) -> [String: String] {
        var result: [String: String] = [:]
        for member in document[name]?.members?.all ?? [] {
            result[member.name] = member.value.text
        }
        return result
    }

    /// Names that stay keep their place, new ones follow in order.
    private mutating func setTexts(_ name: String, _ texts: [String: String]) {
        var object = JSONObject()
        for member in document[name]?.members?.all ?? [] {
            if let text = texts[member.name] { object[member.name] = .string(text) }
        }
        for (key, text) in texts.sorted(by: { $0.key < $1.key }) where object[key] == nil {
            object[key] = .string(text)
        }
        document[name] = .object(object)
    }
}
