import Glibc

/// The bytes of a file beside the tests' sources.
func vectorBytes(_ name: String, _ file: String = #filePath) -> [UInt8] {
    let folder = file.prefix(upTo: file.lastIndex(of: "/") ?? file.startIndex)
    guard let stream = fopen("\(folder)/Vectors/\(name)", "r") else { return [] }
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&buffer, 1, buffer.count, stream)
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}
