/// What the worker was told on its command line.
struct Options {
    var driver = ""
    var driverPath = ""
    var project = ""
    var path = ""
    var leaseMilliseconds = 150
    var isFenced = true

    /// Why the command line cannot be used.
    struct Failure: Error {
        var message: String
    }

    init(_ arguments: [String]) throws(Failure) {
        var rest = arguments.dropFirst()
        while let flag = rest.popFirst() {
            if flag == "--no-fence" {
                isFenced = false
                continue
            }
            guard let value = rest.popFirst() else {
                throw Failure(message: "\(flag) needs a value")
            }
            try set(flag, value)
        }
        guard ![driver, driverPath, project, path].contains("") else {
            throw Failure(message: "--driver, --driver-path, --project and --path are required")
        }
    }

    private mutating func set(_ flag: String, _ value: String) throws(Failure) {
        switch flag {
        case "--driver": driver = value
        case "--driver-path": driverPath = value
        case "--project": project = value
        case "--path": path = value
        case "--lease-ms":
            guard let number = Int(value), number > 0 else {
                throw Failure(message: "--lease-ms needs a positive number")
            }
            leaseMilliseconds = number
        default: throw Failure(message: "unknown flag \(flag)")
        }
    }
}
