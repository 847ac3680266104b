internal import Glibc

/// Where lock files are, strongest first.
///
/// A pin beside the driver would prove nothing: whoever can replace the one can replace the other.
package struct DriverLockPlaces: Sendable, Hashable {
    /// One lock file.
    package struct Place: Sendable, Hashable {
        /// Its absolute path.
        package var path: String
        /// Whose it is, for messages.
        package var origin: String
        /// The directory to which its pins are confined; `nil` when they count everywhere.
        package var scope: String?
        /// Whether it is an error that it does not exist.
        package var mustExist = false
    }

    /// The environment variable with the path of the operator's lock file.
    package static let variable = "HOLDFAST_DRIVERS_LOCK"
    /// No lock files at all.
    package static let none = DriverLockPlaces(places: [])
    private static let systemPath = "/etc/holdfast/drivers.lock"

    /// The lock files, strongest first.
    package var places: [Place]

    /// The operator's own, which commands write.
    package var own: Place? { places.first { $0.scope == nil } }

    /// The same places, of which the operator's own may be missing because it is about to be made.
    var forWriting: DriverLockPlaces {
        DriverLockPlaces(
            places: places.map { place in
                var place = place
                place.mustExist = false
                return place
            })
    }

    /// Finds out where lock files are; reads none.
    ///
    /// - Parameters:
    ///   - explicit: The value of `--lock-file`.
    ///   - environment: The process's environment; nothing of it counts with raised privileges.
    ///   - executablePath: The path of the running executable.
    package init(explicit: String?, environment: [String: String], executablePath: String) {
        self.init(
            explicit: explicit, environment: environment, executablePath: executablePath,
            isPrivileged: runsWithRaisedPrivileges, user: geteuid())
    }

    init(
        explicit: String?, environment: [String: String], executablePath: String,
        isPrivileged: Bool, user: UInt32
    ) {
        let variable =
            isPrivileged ? nil : environment[Self.variable].flatMap { $0.isEmpty ? nil : $0 }
        if let explicit {
            places = [Place(path: absolute(explicit), origin: "--lock-file", mustExist: true)]
        } else if let variable {
            places = [Place(path: absolute(variable), origin: Self.variable, mustExist: true)]
        } else {
            places = []
            if user != 0, !isPrivileged,
                let folder = UserFolders.configuration(environment)
            {
                places.append(
                    Place(path: "\(folder)/drivers.lock", origin: "the user's lock file"))
            }
            places.append(Place(path: Self.systemPath, origin: "the system's lock file"))
        }
        guard !executablePath.isEmpty else { return }
        // What lies beside the program is trusted as the program is, but speaks only of its neighbours.
        let library = "\(parent(of: parent(of: resolved(executablePath))))/lib/holdfast"
        places.append(
            Place(
                path: "\(library)/drivers.lock", origin: "the program's lock file",
                scope: "\(library)/drivers"))
    }

    private init(places: [Place]) { self.places = places }
}

/// The folders of a user's own files; a relative path is invalid by their specification.
enum UserFolders {
    /// Where the user's configuration of Holdfast is.
    static func configuration(_ environment: [String: String]) -> String? {
        folder("XDG_CONFIG_HOME", ".config", environment)
    }

    /// Where the user's drivers are.
    static func drivers(_ environment: [String: String]) -> String? {
        folder("XDG_DATA_HOME", ".local/share", environment).map { $0 + "/drivers" }
    }

    /// Where what programs remember between runs is.
    static func state(_ environment: [String: String]) -> String? {
        folder("XDG_STATE_HOME", ".local/state", environment)
    }

    private static func folder(
        _ variable: String, _ usual: String, _ environment: [String: String]
    ) -> String? {
        if let folder = environment[variable], folder.hasPrefix("/") { return folder + "/holdfast" }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return "\(home)/\(usual)/holdfast"
    }
}
