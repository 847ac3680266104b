internal import CIsolation
internal import Glibc
internal import HoldfastLoader
internal import Synchronization

/// The process that runs one driver for a host: what `holdfast-driver-host` does.
public enum DriverHost {
    static let magic: UInt32 = 0x6466_6c68

    /// Serves the host that started this process, until that closes its end.
    public static func run() -> Never {
        // The host's thread that started this process lives as long as the host wants it to.
        _ = isolation_die_with_parent()
        // A limit of the size of files, and an end that is gone, are errors for the driver to report.
        signal(SIGXFSZ, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        _ = isolation_close_from(ISOLATION_CONTROL + 1)
        let control = MessageSocket(ISOLATION_CONTROL)
        let buffer = MessageBuffer()
        guard case .hello(let hello)? = try? buffer.receive(control),
            let library = buffer.descriptors.first
        else { leave("is started by Holdfast for a driver and has no use by itself", status: 2) }
        guard hello.magic == magic, hello.version == Message.version else {
            let message = "speaks version \(Message.version), the host \(hello.version)"
            let refusal = LoaderError(
                .process, "holdfast-driver-host", message, do: "install both from one release")
            try? control.send(.refused(WireRefused(refusal)))
            leave(message, status: 2)
        }
        let sandbox = Sandbox.enter(hello)
        let events = EventRoute(control)
        DriverEvents.setHandler { events.send($0, $1, call: $2) }
        do throws(LoaderError) {
            let driver = try load(hello, library)
            try? control.send(.welcome(WireWelcome(driver, sandbox)))
            serve(ServedDriver(driver, events), control, buffer)
        } catch {
            try? control.send(.refused(WireRefused(error)))
            _exit(1)
        }
    }

    private static func load(
        _ hello: WireHello, _ library: Int32
    ) throws(LoaderError) -> LoadedDriver {
        try LoadedDriver.load(
            CandidateLibrary(
                inherited: library, folder: hello.folder, path: hello.library,
                manifest: hello.manifest),
            host: HostIdentity(name: hello.hostName, version: hello.hostVersion))
    }

    /// Takes connections until the host is gone.
    private static func serve(
        _ driver: ServedDriver, _ control: MessageSocket, _ buffer: MessageBuffer
    ) -> Never {
        while true {
            let message: Message?
            // What cannot be understood ends the process, as the host's end does.
            do throws(SocketError) { message = try buffer.receive(control) } catch { _exit(0) }
            guard case .connect? = message, buffer.descriptors.count == 2 else { _exit(3) }
            let socket = MessageSocket(buffer.descriptors[0])
            guard let window = try? Window(buffer.descriptors[1]) else { _exit(4) }
            _ = close(buffer.descriptors[1])
            guard startThread({ ServedConnection(driver, socket, window).run() }) else { _exit(5) }
        }
    }

    private static func leave(_ message: String, status: Int32) -> Never {
        let line = Array("holdfast-driver-host: \(message)\n".utf8)
        _ = unsafe write(2, line, line.count)
        _exit(status)
    }
}

extension WireRefused {
    init(_ error: LoaderError) {
        self.init()
        code = error.code.name
        path = error.path
        message = error.message
        remedy = error.remedy
    }
}

extension WireWelcome {
    init(_ driver: LoadedDriver, _ sandbox: [WireSandboxPart]) {
        self.init()
        version = Message.version
        id = driver.id
        driverVersion = driver.version
        vendor = driver.vendor
        threadModel = driver.threadModel.rawValue
        abiMinor = driver.abiMinor
        behaviour = driver.behaviour
        self.sandbox = sandbox
    }
}
