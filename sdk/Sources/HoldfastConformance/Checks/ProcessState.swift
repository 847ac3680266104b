internal import Glibc

/// What a driver may not change in its process, as text for comparing.
struct ProcessState {
    private(set) var facts: [String: String] = [:]

    /// Looks at this process.
    init() {
        facts["working directory"] = Self.workingDirectory
        let mask = umask(0o77)
        _ = umask(mask)
        facts["umask"] = String(mask, radix: 8)
        facts["environment"] = Self.environment
        facts["locale"] = unsafe setlocale(LC_ALL, nil).map { unsafe String(cString: $0) } ?? ""
        for line in Self.signalLines {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { facts["signals \(parts[0])"] = String(parts[1].trimmed) }
        }
    }

    private static var workingDirectory: String {
        guard let path = unsafe getcwd(nil, 0) else { return "unknown" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    private static var environment: String {
        var result: [String] = []
        var place = unsafe environ
        while let text = unsafe place.pointee {
            result.append(unsafe String(cString: text))
            unsafe place += 1
        }
        return result.sorted().joined(separator: " ")
    }

    /// What is blocked, ignored and caught, by the kernel's word.
    private static var signalLines: [Substring] {
        let status = (try? readFile("/proc/self/status", most: 65536)) ?? []
        return String(decoding: status, as: UTF8.self).split(separator: "\n").filter {
            $0.hasPrefix("SigBlk") || $0.hasPrefix("SigIgn") || $0.hasPrefix("SigCgt")
        }
    }
}
