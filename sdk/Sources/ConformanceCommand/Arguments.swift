internal import HoldfastConformance

/// A command line that makes no sense, in words.
struct UsageError: Error {
    var message: String

    init(_ message: String) { self.message = message }
}

/// What the command line asks for.
struct Arguments {
    var driverFolder: String?
    var optionsPath: String?
    var profiles: [Check.Profile] = Check.Profile.ordinary
    var only: [String] = []
    var wantsJSON = false
    var wantsList = false
    var wantsHelp = false
    var junitPath: String?
    var tablePath: String?
    var seed: UInt64?
    /// Whether the driver runs in a process of its own, beside the check's.
    var isIsolated = false
    /// The path of `holdfast-driver-host`.
    var driverHost: String?
    /// The check to run in this process.
    var check: String?
    /// That check's own folder.
    var folder: String?
    /// Whether this process serves the check instead of running it.
    var isPeer = false
    /// The most seconds for each check.
    var seconds: Int?

    /// Reads the words after the program's name.
    ///
    /// - Throws: ``UsageError``.
    init(_ words: [String]) throws(UsageError) {
        var rest = words[...]
        var isPlain = false
        while let word = rest.popFirst() {
            if isPlain || !word.hasPrefix("-") {
                guard driverFolder == nil else {
                    throw UsageError("more than one driver folder: \(word)")
                }
                driverFolder = word
            } else if word == "--" {
                isPlain = true
            } else {
                try read(word, &rest)
            }
        }
    }

    private mutating func read(_ flag: String, _ rest: inout ArraySlice<String>) throws(UsageError)
    {
        func value() throws(UsageError) -> String {
            guard let value = rest.popFirst(), !value.isEmpty else {
                throw UsageError("\(flag) needs a value")
            }
            return value
        }
        switch flag {
        case "--help", "-h": wantsHelp = true
        case "--list": wantsList = true
        case "--json": wantsJSON = true
        case "--options": optionsPath = try value()
        case "--junit": junitPath = try value()
        case "--table": tablePath = try value()
        case "--run-check": check = try value()
        case "--folder": folder = try value()
        case "--isolation": isIsolated = try Self.isIsolated(value())
        case "--driver-host": driverHost = try value()
        case "--large": profiles.append(.large)
        case "--peer": isPeer = true
        case "--deadline": seconds = try Self.seconds(value())
        case "--seed": seed = try Self.seed(value())
        case "--profile": profiles = try Self.profiles(value())
        case "--only": only += try value().split(separator: ",").map(String.init)
        default: throw UsageError("unknown option \(flag)")
        }
    }

    private static func isIsolated(_ text: String) throws(UsageError) -> Bool {
        switch text {
        case "process": return true
        case "in-process": return false
        default: throw UsageError("--isolation is process or in-process, not \(text)")
        }
    }

    private static func seed(_ text: String) throws(UsageError) -> UInt64 {
        guard let seed = UInt64(text) else {
            throw UsageError("--seed needs a whole number, not \(text)")
        }
        return seed
    }

    private static func seconds(_ text: String) throws(UsageError) -> Int {
        guard let seconds = Int(text), (1...86400).contains(seconds) else {
            throw UsageError("--deadline needs whole seconds, 1 to 86400, not \(text)")
        }
        return seconds
    }

    private static func profiles(_ text: String) throws(UsageError) -> [Check.Profile] {
        var profiles: [Check.Profile] = []
        for word in text.split(separator: ",") {
            guard let profile = Check.Profile(rawValue: String(word)) else {
                let known = Check.Profile.allCases.map(\.rawValue).joined(separator: ", ")
                throw UsageError("there is no profile \(word); there are \(known)")
            }
            profiles.append(profile)
        }
        return profiles
    }

    /// The checks that were chosen, in the table's order.
    func chosen(_ all: [Check]) throws(UsageError) -> [Check] {
        for id in only where !all.contains(where: { $0.id == id || $0.group == id }) {
            throw UsageError("there is no check or group \(id); --list shows them")
        }
        return all.filter { check in
            profiles.contains(check.profile)
                && (only.isEmpty || only.contains(check.id) || only.contains(check.group))
        }
    }

    static let help = """
        usage: holdfast-conformance DRIVER_FOLDER [options]

        Checks whether a driver keeps the driver interface, over its C functions alone. The folder
        holds driver.toml and the library. Each check runs in a process of its own.

          --options FILE      the store's options: lines "name = value", or a JSON object. In a value,
                              ${TMP} becomes an empty folder of the check's own, where relative paths
                              lie too. An option that is not given keeps its default.
          --profile A,B       only checks of these profiles: core, cas, list, clock,
                              transaction, watch, large
          --large             the profile large as well: objects of several GiB, for minutes
          --only A,B          only these checks or groups
          --isolation WHERE   in-process (the default), or process: the driver's calls go through
                              holdfast-driver-host
          --driver-host FILE  that program; the one beside this program when not given
          --seed N            the seed of all random numbers; a new one each time when not given
          --deadline SECONDS  how long each check may take, instead of its own 60 seconds or more
          --json              one JSON document on standard output instead of lines
          --junit FILE        write JUnit XML into FILE as well
          --table FILE        write what the driver can do into FILE as well, as a Markdown table
          --list              show the checks and end
          --help              show this

        Without ${TMP} or a relative path, the checks work in one store, in collections of their own,
        and leave objects behind: give them a store that can be thrown away.

        A check under a debugger, in an empty folder, with its verdict on the terminal:
          gdb --args holdfast-conformance --run-check ID --folder EMPTY DRIVER_FOLDER  (run 3>&1)

        Exit codes: 0 all passed or were refused as declared, 1 some did not, 2 wrong usage.

        """
}
