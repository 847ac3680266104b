// The house rules that a program can check. Each takes a file and returns what is wrong with it, so that a
// test can show each rule a bad sample.

/// Who may import what: the table of docs/ARCHITECTURE.md, by the folder of the importing file.
let importTable: [(folder: String, allowed: Set<String>)] = [
    (
        "sdk/Sources/HoldfastDriver",
        ["CHoldfast", "CHoldfastOperations", "Glibc", "Synchronization"]
    ),
    ("sdk/Sources/HoldfastLoader", ["CFFI", "CHoldfast", "Glibc", "Synchronization"]),
    (
        "sdk/Sources/HoldfastIsolation",
        ["CHoldfast", "CIsolation", "HoldfastLoader", "Glibc", "Synchronization"]
    ),
    ("sdk/Sources/DriverHostCommand", ["HoldfastIsolation"]),
    ("sdk/Sources/HoldfastHistory", ["Glibc", "Synchronization"]),
    (
        "sdk/Sources/HoldfastConformance",
        [
            "HoldfastIsolation", "CHoldfast", "HoldfastHistory", "HoldfastLoader", "Glibc",
            "Synchronization",
        ]
    ),
    ("sdk/Sources/ConformanceCommand", ["HoldfastConformance", "Glibc"]),
    ("Plugins/local", ["HoldfastDriver", "CLocal", "Glibc", "Synchronization"]),
    (
        "Plugins/postgres",
        ["HoldfastDriver", "SharedDatabase", "CPostgres", "Glibc", "Synchronization"]
    ),
    (
        "Plugins/sqlite",
        ["HoldfastDriver", "SharedDatabase", "CSQLite", "Glibc", "Synchronization"]
    ),
    (
        "Plugins/dynamodb",
        [
            "HoldfastDriver", "SharedAWS", "SharedDatabase", "SharedHTTP", "SharedJSON", "Glibc",
            "Synchronization",
        ]
    ),
    (
        "Plugins/s3",
        [
            "HoldfastDriver", "SharedAWS", "SharedDatabase", "SharedHTTP", "SharedJSON",
            "SharedObjects", "SharedXML", "Glibc", "Synchronization",
        ]
    ),
    (
        "Plugins/gcs",
        [
            "HoldfastDriver", "SharedGoogle", "SharedHTTP", "SharedJSON", "SharedObjects",
            "CCrypto",
        ]
    ),
    (
        "Plugins/azblob",
        [
            "HoldfastDriver", "SharedAzure", "SharedDatabase", "SharedHTTP", "SharedJSON",
            "SharedObjects", "SharedXML", "Synchronization",
        ]
    ),
    (
        "Plugins/Shared/Google",
        ["HoldfastDriver", "SharedHTTP", "SharedJSON", "CCrypto", "Glibc", "Synchronization"]
    ),
    ("Plugins/Shared/Database", ["HoldfastDriver", "Glibc"]),
    ("Plugins/Shared/HTTP", ["HoldfastDriver", "CCurl", "Glibc", "Synchronization"]),
    ("Plugins/Shared/JSON", []),
    ("Plugins/Shared/XML", ["CExpat"]),
    ("Plugins/Shared/Objects", ["HoldfastDriver", "CCrypto"]),
    (
        "Plugins/Shared/AWS",
        ["HoldfastDriver", "SharedHTTP", "SharedJSON", "CCrypto", "Glibc", "Synchronization"]
    ),
    (
        "Plugins/Shared/Azure",
        ["HoldfastDriver", "SharedHTTP", "SharedJSON", "CCrypto", "Synchronization"]
    ),
    (
        "Sources/Host",
        [
            "HoldfastLoader", "HoldfastIsolation", "Crypto", "Glibc", "Synchronization",
            "FoundationEssentials",
            "Logging", "Metrics", "CoreMetrics", "Tracing", "Instrumentation",
            "ServiceContextModule",
        ]
    ),
    ("Sources/State", ["Host", "Crypto", "FoundationEssentials", "Synchronization"]),
    ("Sources/Diagnosis", ["State", "Host", "Synchronization"]),
    ("Sources/Configuration", ["Host", "Yams", "Glibc", "FoundationEssentials"]),
    (
        "Sources/CommandLine",
        [
            "Diagnosis", "State", "Host", "HoldfastConfiguration", "ArgumentParser",
            "FoundationEssentials",
            "Glibc", "Logging", "Synchronization",
        ]
    ),
]

/// Modules that the daemon may never import; its own libraries are many.
let daemonMayNotImport: Set<String> = [
    "CHoldfast", "HoldfastLoader", "HoldfastDriver", "LocalDriver", "SQLiteDriver", "CSQLite",
    "CLocal", "PostgresDriver", "CPostgres", "DynamoDBDriver", "S3Driver", "GCSDriver",
    "AzureBlobDriver", "SharedAWS", "SharedAzure", "SharedGoogle",
    "SharedDatabase", "SharedHTTP", "SharedJSON", "SharedObjects", "SharedXML", "CCurl",
    "CCrypto", "CExpat", "Foundation",
]

/// The module that a line imports, if it is an import.
func importedModule(_ line: String) -> String? {
    var words = line.split(separator: " ")
    let modifiers: Set<Substring> = ["public", "package", "internal", "private", "@testable"]
    while let first = words.first, modifiers.contains(first) { words.removeFirst() }
    guard words.first == "import", words.count >= 2 else { return nil }
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "typealias", "var"]
    let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
    return name.split(separator: ".").first.map(String.init)
}

/// Imports that the table forbids.
func forbiddenImports(_ file: SourceTree.File) -> [Complaint] {
    let row = importTable.first { file.path.hasPrefix($0.folder + "/") }
    let isDaemon = file.path.hasPrefix("Sources/Daemon/")
    guard row != nil || isDaemon else { return [] }
    return file.lines.enumerated().compactMap { index, line in
        guard let module = importedModule(line) else { return nil }
        let isAllowed =
            row.map { $0.allowed.contains(module) } ?? !daemonMayNotImport.contains(module)
        guard !isAllowed else { return nil }
        return Complaint(
            path: file.path, line: index + 1,
            message: "may not import \(module); see the table in docs/ARCHITECTURE.md")
    }
}

/// Files over 500 lines.
func tooLong(_ file: SourceTree.File) -> [Complaint] {
    guard file.lines.count > 501 else { return [] }
    return [
        Complaint(
            path: file.path, line: 501,
            message: "has \(file.lines.count - 1) lines; split it by purpose at 500")
    ]
}

/// Functions over 70 lines, by the indentation of their closing brace.
func longFunctions(_ file: SourceTree.File) -> [Complaint] {
    var complaints: [Complaint] = []
    for (index, line) in file.lines.enumerated() {
        let indent = line.prefix { $0 == " " }
        let words = line.dropFirst(indent.count).split(separator: " ")
        guard words.prefix(5).contains(where: { $0 == "func" || $0.hasPrefix("init(") }),
            let end = file.lines[index...].firstIndex(of: indent + "}"), end - index > 70
        else { continue }
        complaints.append(
            Complaint(
                path: file.path, line: index + 1,
                message: "a function of \(end - index) lines; the limit is 70"))
    }
    return complaints
}

/// Escapes from the compiler's checks without a reason beside them.
func unexplainedEscapes(_ file: SourceTree.File) -> [Complaint] {
    file.lines.enumerated().compactMap { index, line in
        let code = line.prefix { $0 != "\"" }
        guard
            code.contains("@unchecked Sendable") || code.contains("nonisolated(unsafe)"),
            !line.trimmingPrefix(while: { $0 == " " }).hasPrefix("//")
        else { return nil }
        let around = file.lines[max(0, index - 8)...min(file.lines.count - 1, index + 3)]
        guard !around.contains(where: { $0.contains("SAFETY:") }) else { return nil }
        return Complaint(
            path: file.path, line: index + 1, message: "needs a `// SAFETY:` sentence beside it")
    }
}

/// Markers of unfinished work and leftovers.
func leftovers(_ file: SourceTree.File) -> [Complaint] {
    let banned = [
        "FIX" + "ME", "TO" + "DO", "XX" + "X", "HA" + "CK", "try" + "!", "fatal" + "Error(",
    ]
    return file.lines.enumerated().compactMap { index, line in
        guard let word = banned.first(where: { line.contains($0) }) else { return nil }
        return Complaint(
            path: file.path, line: index + 1, message: "\(word) is banned: finish it or throw")
    }
}

/// Functions of the driver table whose comment lacks the tag.
func untaggedFunctions(_ file: SourceTree.File) -> [Complaint] {
    file.lines.enumerated().compactMap { index, line in
        guard line.hasPrefix("    "), line.contains("(*"), !line.contains("(*)"),
            !line.contains("typedef")
        else { return nil }
        let start = file.lines[..<index].lastIndex { $0.isEmpty || $0.hasPrefix("typedef") } ?? 0
        // A sink's or source's tag stands in the comment of its struct.
        let above = file.lines[max(0, start - 8)..<index].joined(separator: " ")
        let own = file.lines[start..<index].joined(separator: " ")
        guard !own.contains("repeat:"), !above.contains("repeat:") else { return nil }
        let isReceiver = file.lines[max(0, start - 6)...index].contains {
            $0.contains("// Receives")
        }
        guard !isReceiver else { return nil }
        return Complaint(
            path: file.path, line: index + 1,
            message: "needs a [threads | states | blocking | repeat] tag")
    }
}
