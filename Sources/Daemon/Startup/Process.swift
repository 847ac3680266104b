internal import Glibc

/// What the operating system says of this process.
enum Process {
    /// The path of the running executable.
    static var executablePath: String {
        let path = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { return }
                count = unsafe max(0, readlink("/proc/self/exe", start, characters.count))
            }
        }
        return String(decoding: path, as: UTF8.self)
    }

    /// The environment.
    static var environment: [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            unsafe entry += 1
        }
        return variables
    }
}
