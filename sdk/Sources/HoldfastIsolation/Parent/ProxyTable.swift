internal import CHoldfast
internal import Glibc

/// The driver's table that hosts see in place of the one in the other process.
enum ProxyTable {
    /// Makes the table of a driver.
    ///
    /// - Parameter welcome: What the driver says of itself; its texts are kept for ever.
    /// - Returns: The table.
    static func make(_ welcome: WireWelcome) -> holdfast_driver {
        unsafe holdfast_driver(
            size: UInt32(MemoryLayout<holdfast_driver>.size), flags: 0,
            abi_minor: welcome.abiMinor, draft: HOLDFAST_DRAFT, behaviour: welcome.behaviour,
            thread_model: welcome.threadModel, id: keep(welcome.id),
            version: keep(welcome.driverVersion), vendor: keep(welcome.vendor),
            start: { _, call, driver in unsafe proxyStart(call, driver) },
            stop: { _, _ in HOLDFAST_OK },
            describe: { driver, call, sink in unsafe proxyDescribe(driver, call, sink) },
            extension: { unsafe proxyExtension($0, $1) },
            open: { unsafe proxyOpen($0, $1, $2, $3) },
            close: { unsafe proxyClose($0, $1) },
            capabilities: { unsafe proxyCapabilities($0, $1, $2) },
            head: { unsafe proxyHead($0, $1, $2, $3) },
            get: { unsafe proxyGet($0, $1, $2, $3, $4) },
            put: { unsafe proxyPut($0, $1, $2, $3, $4) },
            remove: { unsafe proxyRemove($0, $1, $2) },
            list: { unsafe proxyList($0, $1, $2, $3) },
            ping: { unsafe proxyPing($0, $1, $2) })
    }

    /// Copies text that stays for the life of the process.
    static func keep(_ text: String) -> holdfast_text {
        let bytes = Array(text.utf8)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: max(1, bytes.count))
        for (index, byte) in bytes.enumerated() { unsafe copy[index] = CChar(bitPattern: byte) }
        return unsafe holdfast_text(data: UnsafePointer(copy), size: UInt64(bytes.count))
    }
}
