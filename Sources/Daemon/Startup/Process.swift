internal import Glibc

/// What the operating system says of this process.
enum Process {
    /// The path of the running executable.
    static var executablePath: String {
        let size = 4096
        let path = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let length = unsafe readlink("/proc/self/exe", buffer.baseAddress, size)
            count = max(0, length)
        }
        return String(decoding: path, as: UTF8.self)
    }

    /// The environment.
    static var environment: [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            unsafe entry += 1
        }
        return variables
    }
}
