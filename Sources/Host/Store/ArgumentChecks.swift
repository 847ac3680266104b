// What a caller may ask for: section 7 of the driver contract is kept here, for every driver at once.

extension ObjectKey {
    /// Throws unless every part of the key is within ``Limits``.
    func check() throws(HostError) {
        try checkCollection(collection)
        try checkWorkspace(workspace)
        guard !path.isEmpty else { throw invalid("the path is empty") }
        try checkLength(path, of: "the path", most: Limits.objectPathBytes)
        // One look at each byte finds nothing in almost every path; only the others are taken apart.
        if isPlain(path) { return }
        for part in parts(of: path) { try checkPart(part, of: "path", path) }
    }
}

extension Listing {
    /// Throws unless the listing can match something.
    func check() throws(HostError) {
        try checkCollection(collection)
        try checkWorkspace(workspace)
        try checkStart(of: "prefix", prefix)
        try checkStart(of: "start-after", startAfter)
        guard (1...Limits.listingEntries).contains(limit) else {
            throw invalid("the limit is \(limit), it must be 1 to \(Limits.listingEntries)")
        }
    }
}

/// Throws unless the names and values may be stored as attributes next to the host's own.
func checkAttributes(_ attributes: [String: String]) throws(HostError) {
    var total = WriteID.attributeBytes
    for (name, value) in attributes {
        try checkLength(
            name, of: "the attribute name \(shown(name))", most: Limits.attributeNameBytes)
        guard !name.isEmpty, name.utf8.allSatisfy({ isLowercaseWordByte($0) }) else {
            throw invalid("the attribute name \(shown(name)) is not made of a-z, 0-9 and -")
        }
        guard name != WriteID.attribute else {
            throw invalid("the attribute \(name) is the host's own")
        }
        if let byte = controlCharacter(in: value.utf8) {
            throw invalid("the attribute \(name) holds the control character \(hex(byte))")
        }
        total += name.utf8.count + value.utf8.count
    }
    guard total <= Limits.attributesBytes else {
        throw HostError(
            .tooLarge,
            "the attributes take \(total) bytes, at most \(Limits.attributesBytes) are allowed "
                + "(\(WriteID.attributeBytes) of them are the host's own)")
    }
}

private func checkCollection(_ name: String) throws(HostError) {
    guard !name.isEmpty else { throw invalid("the collection is empty") }
    try checkLength(name, of: "the collection", most: Limits.collectionBytes)
    guard name.utf8.allSatisfy({ isLowercaseWordByte($0) }), name.utf8.first.map(isLetter) == true
    else {
        throw invalid(
            "the collection \(shown(name)) is not made of a-z, 0-9 and -, starting with a letter")
    }
}

private func checkWorkspace(_ name: String) throws(HostError) {
    try checkLength(name, of: "the workspace", most: Limits.workspaceBytes)
    if let byte = controlCharacter(in: name.utf8) {
        throw invalid("the workspace \(shown(name)) holds the control character \(hex(byte))")
    }
}

/// Checks the start of a path: its last part may be cut anywhere, the ones before are whole.
private func checkStart(of what: String, _ text: String) throws(HostError) {
    try checkLength(text, of: "the \(what)", most: Limits.objectPathBytes)
    let parts = parts(of: text)
    for part in parts.dropLast() { try checkPart(part, of: what, text) }
    guard let last = parts.last, !last.isEmpty else { return }
    try checkLength(last, of: "the last part of the \(what)", most: Limits.partBytes)
    try checkCharacters(last, of: what, text)
}

/// Whether every part of a path is a name; `false` may also mean that a closer look is needed.
private func isPlain(_ path: String) -> Bool {
    var partCount = 0
    // A part of nothing but dots is left to the closer look.
    var hasName = false
    for byte in path.utf8 {
        if byte == UInt8(ascii: "/") {
            guard hasName else { return false }
            (partCount, hasName) = (0, false)
            continue
        }
        partCount += 1
        guard byte >= 0x20, byte != 0x7F, partCount <= Limits.partBytes else { return false }
        if byte != UInt8(ascii: ".") { hasName = true }
    }
    return hasName
}

/// The parts of a path, as bytes: looking for letters as people see them would take far longer.
private func parts(of path: String) -> [Substring.UTF8View] {
    path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
}

private func checkPart(
    _ part: Substring.UTF8View, of what: String, _ whole: String
) throws(HostError) {
    guard !part.isEmpty else {
        throw invalid(
            "the \(what) \(shown(whole)) has an empty part: single slashes go between parts")
    }
    guard part.count <= Limits.partBytes else {
        throw invalid(
            "the \(what) \(shown(whole)) has a part of \(part.count) bytes, "
                + "at most \(Limits.partBytes) are allowed")
    }
    guard !part.elementsEqual(".".utf8), !part.elementsEqual("..".utf8) else {
        throw invalid(
            "the \(what) \(shown(whole)) has the part \"\(Substring(part))\", which is not a name")
    }
    try checkCharacters(part, of: what, whole)
}

private func checkCharacters(
    _ part: Substring.UTF8View, of what: String, _ whole: String
) throws(HostError) {
    if let byte = controlCharacter(in: part) {
        throw invalid("the \(what) \(shown(whole)) holds the control character \(hex(byte))")
    }
}

// The names are only made for a message: these checks stand before every call of a driver.

private func checkLength(
    _ text: String, of what: @autoclosure () -> String, most: Int
) throws(HostError) {
    try checkLength(text.utf8[...], of: what(), most: most)
}

private func checkLength(
    _ text: Substring.UTF8View, of what: @autoclosure () -> String, most: Int
) throws(HostError) {
    guard text.count <= most else {
        throw invalid("\(what()) has \(text.count) bytes, at most \(most) are allowed")
    }
}

func invalid(_ message: String) -> HostError { HostError(.invalid, message) }

func isLowercaseWordByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: "-")
}

private func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
}

private func controlCharacter(in bytes: some Sequence<UInt8>) -> UInt8? {
    bytes.first { $0 < 0x20 || $0 == 0x7F }
}

private func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0x0" : "0x") + String(byte, radix: 16, uppercase: true)
}

/// The text for a message: quoted, control characters replaced, cut when it is long.
func shown(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars.prefix(80) {
        let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        result.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
    }
    return result + (text.unicodeScalars.count > 80 ? "…\"" : "\"")
}
