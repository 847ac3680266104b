internal import CLocal
internal import Glibc

extension Descriptor {
    /// Keeps a stamp beside the bytes of this file.
    func setStamp(_ bytes: [UInt8]) throws(Errno) {
        let result = unsafe bytes.withUnsafeBytes { buffer in
            unsafe local_set_attribute(number, Stamp.name, buffer.baseAddress, buffer.count)
        }
        try checked(result)
    }

    /// The stamp's bytes; `nil` when this file has none.
    func stamp() throws(Errno) -> [UInt8]? {
        // The second size is the kernel's own limit of an extended attribute.
        for capacity in [4096, 65536] {
            do throws(Errno) {
                return try readStamp(capacity)
            } catch {
                if error.number == ENODATA { return nil }
                guard error.number == ERANGE else { throw error }
            }
        }
        throw Errno(number: ERANGE)
    }

    private func readStamp(_ capacity: Int) throws(Errno) -> [UInt8] {
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            let size = unsafe local_attribute(number, Stamp.name, buffer.baseAddress, capacity)
            if size < 0 { failure = .last }
            count = max(0, size)
        }
        if let failure { throw failure }
        return bytes
    }
}
