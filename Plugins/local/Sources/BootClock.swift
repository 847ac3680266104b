internal import Glibc
internal import HoldfastDriver

/// This machine's clock since it was booted, which all processes of the machine share.
struct BootClock {
    private let domain: String

    /// Finds the clock's name; `nil` where `/proc` is missing, or where a time namespace shifts the
    /// clock, so that processes inside and outside would disagree under one name.
    init?() {
        guard let id = Self.contents(of: "/proc/sys/kernel/random/boot_id"), !id.isEmpty else {
            return nil
        }
        for line in (Self.contents(of: "/proc/self/timens_offsets") ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first == "boottime", words.dropFirst().contains(where: { $0 != "0" }) {
                return nil
            }
        }
        domain = "boot:" + id
    }

    func read() -> StoreClock {
        StoreClock(
            domain: domain, nowNanoseconds: bootNanoseconds(), uncertaintyNanoseconds: 0)
    }

    private static func contents(of path: String) -> String? {
        guard let file = try? Descriptor(path: path, flags: O_RDONLY) else { return nil }
        var buffer = [UInt8](repeating: 0, count: 256)
        guard let count = try? file.read(into: &buffer, count: buffer.count, at: 0) else {
            return nil
        }
        let text = buffer.prefix(count)
        return String(
            decoding: text.last == UInt8(ascii: "\n") ? text.dropLast() : text, as: UTF8.self)
    }
}
