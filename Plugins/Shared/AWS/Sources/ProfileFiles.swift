internal import HoldfastDriver
internal import SharedHTTP

/// The shared configuration and credentials files of AWS's tools.
struct ProfileFiles: Sendable {
    /// What one profile says, in both files.
    struct Profile {
        var values: [String: String] = [:]

        var region: String? { values["region"] }

        var credentials: AWSCredentials? {
            guard let id = values["aws_access_key_id"],
                let secret = values["aws_secret_access_key"],
                isHeaderText(id)
            else { return nil }
            return AWSCredentials(
                accessKeyID: id, secretAccessKey: secret,
                sessionToken: values["aws_session_token"].flatMap { isHeaderText($0) ? $0 : nil })
        }

        /// A way to credentials that other tools know.
        var unsupported: String? {
            ["credential_process", "sso_session", "sso_start_url", "role_arn", "source_profile"]
                .first { values[$0] != nil }
        }
    }

    /// The path of each file; `nil` for none.
    let credentials: String?
    let config: String?

    /// Reads a profile anew.
    ///
    /// - Parameter named: The profile that somebody asked for; `nil` for the default one.
    /// - Returns: The profile, empty when nobody asked for it and it is not there.
    /// - Throws: ``DriverError`` when a file cannot be read, or the named profile is in neither.
    func read(_ named: String?) throws(DriverError) -> Profile {
        let name = named ?? "default"
        var profile = Profile()
        var isFound = false
        // What the credentials file says counts before the other's.
        for (path, isConfig) in [(config, true), (credentials, false)] {
            guard let path else { continue }
            let title = isConfig && name != "default" ? "profile \(name)" : name
            guard let values = sections(try readSmallFile(path))[title] else { continue }
            isFound = true
            profile.values.merge(values) { $1 }
        }
        guard isFound || named == nil else {
            throw DriverError(
                .invalid,
                "the AWS profile \(name.prefix(64)) is in neither the credentials file nor the config file"
            )
        }
        return profile
    }
}

/// The sections of a file; indented lines belong to the value above them and are left out.
private func sections(_ bytes: [UInt8]) -> [String: [String: String]] {
    var sections: [String: [String: String]] = [:]
    var title: String?
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
        guard let first = line.first, first != "#", first != ";", !first.isWhitespace else {
            continue
        }
        if first == "[" {
            let name = line.dropFirst().prefix { $0 != "]" }
            title = name.split(separator: " ").joined(separator: " ")
            if let title { sections[title, default: [:]].merge([:]) { $1 } }
            continue
        }
        guard let title, let equals = line.firstIndex(of: "=") else { continue }
        let name = trimmed(line[..<equals]).lowercased()
        sections[title, default: [:]][name] = trimmed(line[line.index(after: equals)...])
    }
    return sections
}

/// Text without blanks around it.
func trimmed(_ text: Substring) -> String {
    let start = text.drop(while: \.isWhitespace)
    let blanks = start.reversed().prefix(while: \.isWhitespace).count
    return String(start.dropLast(blanks))
}
