internal import CIsolation
internal import Glibc

/// What a driver's process gives up before it loads the driver.
///
/// Each part is put into force where the kernel has it, and reported.
enum Sandbox {
    static func enter(_ hello: WireHello) -> [WireSandboxPart] {
        guard hello.sandboxed else {
            return ["no-new-privs", "rlimits", "landlock", "seccomp"].map {
                part($0, .off, "switched off by the host")
            }
        }
        // Landlock and seccomp both need the first one.
        return [
            report("no-new-privs", isolation_no_new_privileges()), limits(hello.limits),
            landlock(hello), report("seccomp", isolation_seccomp()),
        ]
    }

    private static func limits(_ limits: WireLimits) -> WireSandboxPart {
        let wanted = [
            (ISOLATION_LIMIT_CORE, UInt64(0)), (ISOLATION_LIMIT_FILES, limits.openFiles),
            (ISOLATION_LIMIT_DATA, limits.dataBytes),
            (ISOLATION_LIMIT_FILE_SIZE, limits.fileBytes),
        ]
        for (limit, most) in wanted where most != .max {
            let code = isolation_limit(limit, most)
            guard code == 0 else { return report("rlimits", code) }
        }
        return part("rlimits", .active, "")
    }

    /// Beneath what a driver may read: libraries, the names of hosts and users, certificates, and
    /// what the C and Swift runtimes ask the kernel.
    private static let readable = [
        "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
        "/etc/resolv.conf", "/run/systemd/resolve", "/etc/hosts", "/etc/host.conf",
        "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/passwd",
        "/etc/group", "/etc/localtime", "/etc/ssl", "/etc/pki", "/etc/ca-certificates",
        "/proc/self", "/proc/sys/kernel/random", "/proc/sys/vm/overcommit_memory",
        "/proc/cpuinfo", "/proc/meminfo", "/proc/mounts", "/sys/devices/system/cpu",
        "/dev/random", "/dev/urandom",
    ]

    private static func landlock(_ hello: WireHello) -> WireSandboxPart {
        let version = isolation_landlock_version()
        guard version > 0 else { return report("landlock", version) }
        let rules = isolation_landlock_rules(version)
        guard rules >= 0 else { return report("landlock", rules) }
        defer { _ = close(rules) }
        let writable =
            ["/dev/null", "/dev/zero", "/dev/full", hello.temporary]
            + hello.writable.map { place(for: $0.path) }
        // Drivers open the folders on the way to their store, to make and sync what is missing there.
        // A rule holds for all beneath, so that names can be listed everywhere, and files not read.
        let all =
            [("/", ISOLATION_LIST)]
            + (readable + [hello.folder]).map { ($0, ISOLATION_READ) }
            + writable.map { ($0, ISOLATION_WRITE) }
        for (path, access) in all {
            let code = unsafe isolation_landlock_allow(rules, version, path, access)
            // What is not there needs no rule; what may not be looked at stays forbidden.
            guard code == 0 || [ENOENT, ENOTDIR, EACCES].contains(-code) else {
                return report("landlock", code, path)
            }
        }
        let code = isolation_landlock_enforce(rules)
        return code == 0
            ? part("landlock", .active, "version \(version)") : report("landlock", code)
    }

    /// The folder that an option's path needs: itself where it is one, else the nearest that is
    /// there, because files are made beside a file, and folders where one is missing.
    private static func place(for path: String) -> String {
        var place = path
        while place != "/" && !place.isEmpty {
            var status = stat()
            if unsafe stat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                return place
            }
            place = String(place[..<(place.lastIndex(of: "/") ?? place.startIndex)])
        }
        // A rule for the root would allow everything.
        return ""
    }

    private static func report(
        _ name: String, _ code: Int32, _ path: String = ""
    ) -> WireSandboxPart {
        switch -code {
        case 0: part(name, .active, "")
        case ENOSYS, EOPNOTSUPP, EINVAL: part(name, .unavailable, systemReason(-code))
        default: part(name, .failed, (path.isEmpty ? "" : "\(path): ") + systemReason(-code))
        }
    }

    private static func part(
        _ name: String, _ activity: WireActivity, _ detail: String
    ) -> WireSandboxPart {
        var part = WireSandboxPart()
        part.name = name
        part.activity = activity
        part.detail = detail
        return part
    }
}
