/// The parts of a receipt's path, `<service>/<stage>/<provider>.state.json`.
package struct ReceiptName {
    /// Its service, byte for byte as in the path.
    package let service: String
    /// Its stage, byte for byte as in the path.
    package let stage: String
    /// Its provider, byte for byte as in the path.
    package let provider: String

    private static let suffix = ".state.json"

    /// Splits a path; `nil` when it is not a receipt's.
    package init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].hasSuffix(Self.suffix),
            parts[2].utf8.count > Self.suffix.utf8.count
        else { return nil }
        service = String(parts[0])
        stage = String(parts[1])
        provider = String(parts[2].dropLast(Self.suffix.count))
    }

    /// Names a receipt by its parts; `nil` when they cannot be parts of a path.
    package init?(service: String, stage: String, provider: String) {
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
    package var path: String { "\(service)/\(stage)/\(provider)\(Self.suffix)" }
}

/// Whether texts have the same bytes; `==` also takes those for equal that only look it.
private func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
