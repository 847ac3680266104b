internal import HoldfastIsolation

/// `holdfast-driver-host`: runs one driver for a host, in a process of its own.
@main enum Main {
    static func main() { DriverHost.run() }
}
