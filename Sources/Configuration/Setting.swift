internal import Host

/// One value for `config show`, fit to be seen by anybody.
package struct Setting: Sendable, Hashable {
    /// What stands for a value that must not be seen.
    package static let redacted = "[REDACTED]"

    /// The key, such as `daemon.port`.
    package var key: String
    /// The values; more than one only for lists.
    package var values: [String]
    /// Whether it is a list.
    package var isList: Bool
    /// Where it came from.
    package var origin: Origin
}

extension Configuration {
    /// Every value, in a stable order, secrets redacted.
    ///
    /// - Parameter secretOptions: The names and flat keys of a driver's secret options; `nil` when
    ///   the driver cannot be asked, and then whatever might be one is hidden.
    /// - Returns: The settings, in the order of `config show`.
    package func settings(secretOptions: (_ driver: String) -> Set<String>?) -> [Setting] {
        var settings = [setting("workspace", projectRoot)]
        if let file { settings.append(setting("config", file)) }
        if let service { settings.append(setting("service", service)) }
        if let region { settings.append(setting("provider.region", region)) }
        settings.append(setting("store", selectedStore))
        for store in stores {
            settings += storeSettings(store, secrets: secretOptions(store.driver.value))
        }
        return settings + driversSettings + daemonSettings
    }

    private var driversSettings: [Setting] {
        func time(_ key: String, _ value: Sourced<Duration>) -> Setting {
            let milliseconds = value.value.nanoseconds / 1_000_000
            let text =
                milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
            return Setting(
                key: "drivers.\(key)", values: [text], isList: false, origin: value.origin)
        }
        return [
            Setting(
                key: "drivers.quarantineCrashes", values: ["\(drivers.quarantineCrashes.value)"],
                isList: false, origin: drivers.quarantineCrashes.origin),
            time("quarantineWithin", drivers.quarantineWithin),
            time("restartDelay", drivers.restartDelay),
            time("restartDelayMost", drivers.restartDelayMost),
        ]
    }

    private func storeSettings(_ store: StoreConfiguration, secrets: Set<String>?) -> [Setting] {
        let isBackend = store.name == "default"
        let prefix = isBackend ? "backend" : "stores.\(store.name)"
        var settings = [setting("\(prefix).\(isBackend ? "kind" : "driver")", store.driver)]
        if isBackend { settings.append(setting("\(prefix).workspaceId", store.workspaceID)) }
        let isFlat = store.specification.keyStyle == .flatKeys
        for (name, option) in store.options.sorted(by: { $0.key < $1.key }) {
            let key = isFlat ? "\(prefix).\(name)" : "\(prefix).options.\(name)"
            let isHidden = Redaction.hides(option, named: name, secrets: secrets)
            settings.append(
                Setting(
                    key: key, values: [isHidden ? Setting.redacted : option.value], isList: false,
                    origin: option.origin))
        }
        if let locks = store.locks {
            settings.append(setting("\(prefix).\(locks.key)", locks.value))
        }
        if let isolation = store.isolation {
            settings.append(
                Setting(
                    key: "\(prefix).isolation", values: [isolation.value.rawValue], isList: false,
                    origin: isolation.origin))
        }
        if let layers = store.specification.layers {
            settings.append(
                Setting(
                    key: "\(prefix).layers", values: layers, isList: true,
                    origin: store.driver.origin))
        }
        return settings
    }

    private var daemonSettings: [Setting] {
        var settings = [
            setting("daemon.address", daemon.address),
            Setting(
                key: "daemon.port", values: ["\(daemon.port.value)"], isList: false,
                origin: daemon.port.origin),
            Setting(
                key: "daemon.insecure", values: ["\(daemon.insecure.value)"], isList: false,
                origin: daemon.insecure.origin),
            Setting(
                key: "daemon.trustedProxies", values: daemon.trustedProxies.value, isList: true,
                origin: daemon.trustedProxies.origin),
            Setting(
                key: "daemon.allowedHosts", values: daemon.allowedHosts.value, isList: true,
                origin: daemon.allowedHosts.origin),
            Setting(
                key: "daemon.stores", values: daemon.stores.value, isList: true,
                origin: daemon.stores.origin),
        ]
        if let key = daemon.apiKey {
            settings.append(
                Setting(
                    key: "daemon.apiKey", values: [Setting.redacted], isList: false,
                    origin: key.origin))
        }
        return settings
    }

    private func setting(_ key: String, _ value: Sourced<String>) -> Setting {
        Setting(key: key, values: [value.value], isList: false, origin: value.origin)
    }
}

/// What may be shown.
enum Redaction {
    /// Whether an option's value must not be seen.
    static func hides(_ option: Sourced<String>, named name: String, secrets: Set<String>?) -> Bool
    {
        if let secrets, secrets.contains(name) { return true }
        if hasCredentials(option.value) || namesPassword(option.value) || looksSecret(name) {
            return true
        }
        return secrets == nil && option.isBound
    }

    private static let words = [
        "secret", "token", "password", "passwd", "credential", "apikey", "privatekey", "accesskey",
        "connectionstring", "dsn",
    ]

    /// Whether a name sounds like that of a secret.
    ///
    /// A name that ends in `Env` names a variable.
    private static func looksSecret(_ name: String) -> Bool {
        let plain = name.lowercased().filter { $0 != "_" && $0 != "-" }
        return !plain.hasSuffix("env") && words.contains { plain.contains($0) }
    }

    /// Whether a connection string of keywords has a password in it.
    private static func namesPassword(_ value: String) -> Bool {
        let plain = value.lowercased().filter { $0 != " " }
        return plain.contains("password=") || plain.contains("accountkey=")
    }

    /// Whether a URL carries a user and a password, or a query that signs it.
    private static func hasCredentials(_ value: String) -> Bool {
        let parts = value.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0].hasSuffix(":"), parts[1].isEmpty else { return false }
        return parts[2].contains("@") || value.contains("?")
    }
}
