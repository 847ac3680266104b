/// The parts of a receipt's path, `<service>/<stage>/<provider>.state.json`.
struct ReceiptName {
    let service: String
    let stage: String
    let provider: String

    private static let suffix = ".state.json"

    /// Splits a path; `nil` when it is not a receipt's.
    init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].hasSuffix(Self.suffix),
            parts[2].utf8.count > Self.suffix.utf8.count
        else { return nil }
        service = String(parts[0])
        stage = String(parts[1])
        provider = String(parts[2].dropLast(Self.suffix.count))
    }

    /// Names a receipt by its parts; `nil` when they cannot be parts of a path.
    init?(service: String, stage: String, provider: String) {
        let path = "\(service)/\(stage)/\(provider)\(Self.suffix)"
        let areParts = path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            part in
            (1...200).contains(part.utf8.count) && part != "." && part != ".."
        }
        guard areParts, path.utf8.count <= 640, !provider.isEmpty,
            path.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }),
            let name = ReceiptName(path: path), isSame(name.service, service),
            isSame(name.stage, stage)
        else { return nil }
        self = name
    }

    /// The receipt's path.
    var path: String { "\(service)/\(stage)/\(provider)\(Self.suffix)" }
}
