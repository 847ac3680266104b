import Glibc
import HoldfastConfiguration

/// A folder of its own for a test, removed at the end.
final class TemporaryProject {
    let root: String

    init() {
        var template = Array("/tmp/holdfast-configuration-XXXXXX".utf8CString)
        let made: String? = template.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, let path = mkdtemp(base) else { return nil }
            return String(cString: path)
        }
        root = made ?? "/nonexistent"
    }

    deinit { removeTree(root) }

    /// Writes a file with its folders; returns its path.
    @discardableResult
    func write(_ path: String, _ text: String, mode: mode_t = 0o600) -> String {
        write(path, Array(text.utf8), mode: mode)
    }

    /// Writes a file with its folders; returns its path.
    @discardableResult
    func write(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o600) -> String {
        let whole = root + "/" + path
        if let slash = path.lastIndex(of: "/") { makeFolder(String(path[..<slash])) }
        let descriptor = open(whole, O_WRONLY | O_CREAT | O_TRUNC, mode)
        precondition(descriptor >= 0)
        precondition(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        fchmod(descriptor, mode)
        close(descriptor)
        return whole
    }

    /// Makes a folder with its parents.
    func makeFolder(_ path: String) {
        var whole = root
        for part in path.split(separator: "/") {
            whole += "/" + part
            mkdir(whole, 0o700)
        }
    }

    /// A request from this folder, with these variables only.
    func request(_ environment: [String: String] = [:]) -> ConfigurationRequest {
        ConfigurationRequest(environment: environment, currentDirectory: root)
    }

    private func removeTree(_ path: String) {
        guard let directory = opendir(path) else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            let child = path + "/" + name
            if unlink(child) != 0 { removeTree(child) }
        }
        rmdir(path)
    }
}

/// The error of a load; `nil` when it succeeded.
func failure(_ request: ConfigurationRequest) -> ConfigurationError? {
    do {
        _ = try Configuration.load(request)
        return nil
    } catch {
        return error
    }
}

/// The bytes of a file of the test's own folder.
func fixture(_ path: String, file: StaticString = #filePath) -> [UInt8]? {
    let here = "\(file)"
    let folder = here[..<(here.lastIndex(of: "/") ?? here.endIndex)]
    let descriptor = open("\(folder)/\(path)", O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
        bytes += buffer[..<count]
    }
    return bytes
}

/// The names in a folder beside the tests, sorted.
func fixtureNames(_ path: String, file: StaticString = #filePath) -> [String] {
    let here = "\(file)"
    let folder = here[..<(here.lastIndex(of: "/") ?? here.endIndex)]
    guard let directory = opendir("\(folder)/\(path)") else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}
