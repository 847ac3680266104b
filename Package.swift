// swift-tools-version: 6.2

import PackageDescription

// The architecture page. docs/ARCHITECTURE.md has the picture and the reasons; this file is what the
// build enforces: `make build` fails on an import of a target that is not declared here.

// MARK: - Drivers: one folder under Plugins/ and one row here

/// A storage driver, built as its own shared library.
struct Driver {
    /// Its id and its folder under `Plugins/`.
    var id: String
    /// The Swift module.
    var module: String
    /// What it needs besides the SDK: its own C library, or a part of `Plugins/Shared`.
    var dependencies: [Target.Dependency] = []
}

/// What a driver of one of Amazon's services needs.
let amazon: [Target.Dependency] = ["SharedAWS", "SharedHTTP", "SharedJSON"]

/// What a driver of one of Google's services needs.
let google: [Target.Dependency] = ["SharedGoogle", "SharedHTTP", "SharedJSON"]

/// What a driver that keeps objects in a database's rows needs.
let rows: [Target.Dependency] = ["SharedDatabase"]

/// What a driver of one of Microsoft's storage services needs.
let microsoft: [Target.Dependency] = ["SharedAzure", "SharedHTTP", "SharedJSON"]

/// What a driver that keeps objects in a bucket needs.
let buckets: [Target.Dependency] = ["SharedDatabase", "SharedObjects", "SharedXML"]

let drivers = [
    Driver(id: "local", module: "LocalDriver", dependencies: ["CLocal"]),
    Driver(id: "postgres", module: "PostgresDriver", dependencies: rows + ["CPostgres"]),
    Driver(id: "sqlite", module: "SQLiteDriver", dependencies: rows + ["CSQLite"]),
    Driver(id: "dynamodb", module: "DynamoDBDriver", dependencies: rows + amazon),
    Driver(
        id: "s3", module: "S3Driver",
        dependencies: amazon + ["SharedDatabase", "SharedObjects", "SharedXML"]),
    Driver(id: "gcs", module: "GCSDriver", dependencies: google + ["SharedObjects", "CCrypto"]),
    Driver(id: "azblob", module: "AzureBlobDriver", dependencies: buckets + microsoft),
]

let sdk = "sdk"

/// C libraries and shims of the drivers.
let driverLibraries: [Target] = [
    .target(name: "CLocal", path: "Plugins/local/CLocal"),
    .systemLibrary(
        name: "CPostgres", path: "Plugins/postgres/CPostgres", pkgConfig: "libpq",
        providers: [.apt(["libpq-dev"])]),
    .systemLibrary(
        name: "CSQLite", path: "Plugins/sqlite/CSQLite", pkgConfig: "sqlite3",
        providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(
        name: "CCurl", path: "Plugins/Shared/HTTP/CCurl", pkgConfig: "libcurl",
        providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(
        name: "CCrypto", path: "Plugins/Shared/AWS/CCrypto", pkgConfig: "libcrypto",
        providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
        name: "CExpat", path: "Plugins/Shared/XML/CExpat", pkgConfig: "expat",
        providers: [.apt(["libexpat1-dev"])]),
]

/// What several drivers need: rows of databases, keys of buckets, HTTP, JSON, XML, the signing and
/// credentials of AWS, and the tokens of Google.
let sharedByDrivers: [Target] = [
    .target(
        name: "SharedDatabase", dependencies: [.product(name: "HoldfastDriver", package: sdk)],
        path: "Plugins/Shared/Database/Sources"),
    .target(
        name: "SharedHTTP",
        dependencies: ["CCurl", .product(name: "HoldfastDriver", package: sdk)],
        path: "Plugins/Shared/HTTP/Sources"),
    .target(name: "SharedJSON", path: "Plugins/Shared/JSON/Sources"),
    .target(name: "SharedXML", dependencies: ["CExpat"], path: "Plugins/Shared/XML/Sources"),
    .target(
        name: "SharedObjects",
        dependencies: ["CCrypto", .product(name: "HoldfastDriver", package: sdk)],
        path: "Plugins/Shared/Objects/Sources"),
    .target(
        name: "SharedAWS",
        dependencies: [
            "CCrypto", "SharedHTTP", "SharedJSON",
            .product(name: "HoldfastDriver", package: sdk),
        ],
        path: "Plugins/Shared/AWS/Sources"),
    .target(
        name: "SharedAzure",
        dependencies: [
            "CCrypto", "SharedHTTP", "SharedJSON",
            .product(name: "HoldfastDriver", package: sdk),
        ],
        path: "Plugins/Shared/Azure/Sources"),
    .target(
        name: "SharedGoogle",
        dependencies: [
            "CCrypto", "SharedHTTP", "SharedJSON",
            .product(name: "HoldfastDriver", package: sdk),
        ],
        path: "Plugins/Shared/Google/Sources"),
]

// MARK: - Modules

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let modules: [Target] = [
    .systemLibrary(
        name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
        name: "Host",
        dependencies: [
            .product(name: "HoldfastIsolation", package: sdk),
            .product(name: "HoldfastLoader", package: sdk), crypto, logging, metrics, tracing,
        ]),
    .target(name: "State", dependencies: ["Host", crypto]),
    .target(name: "Diagnosis", dependencies: ["Host", "State"]),
    .target(
        name: "HoldfastConfiguration", dependencies: ["Host", "Yams"], path: "Sources/Configuration"
    ),
    .executableTarget(
        name: "holdfast",
        dependencies: ["Diagnosis", "HoldfastConfiguration", "Host", "State", arguments, logging],
        path: "Sources/CommandLine", linkerSettings: [hiddenSymbols]),
    .executableTarget(
        name: "holdfastd",
        dependencies: [
            "HoldfastConfiguration", "Host", "State", "CZlib", arguments, crypto, logging, metrics,
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        ],
        path: "Sources/Daemon", linkerSettings: [hiddenSymbols]),
]

let tests: [Target] = [
    .target(
        name: "TestSupport",
        dependencies: ["Host", .product(name: "HoldfastLoader", package: sdk)],
        path: "Tests/TestSupport"),
    .testTarget(name: "HostTests", dependencies: ["Host", "TestSupport"]),
    .testTarget(
        name: "DiagnosisTests", dependencies: ["Diagnosis", "Host", "State", "TestSupport"]),
    .testTarget(name: "DriverTests", dependencies: ["Host", "TestSupport"]),
    .testTarget(name: "StateTests", dependencies: ["State", "Host", "TestSupport", logging]),
    .testTarget(
        name: "ConfigurationTests", dependencies: ["HoldfastConfiguration", "Host", "TestSupport"],
        exclude: ["Corpus"]),
    .testTarget(
        name: "DaemonTests",
        dependencies: [
            "holdfastd", "Host", .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "NIOCore", package: "swift-nio"),
        ]),
    .testTarget(
        name: "SharedTests",
        dependencies: [
            "SharedAWS", "SharedAzure", "SharedDatabase", "SharedGoogle", "SharedHTTP",
            "SharedJSON", "SharedObjects", "SharedXML",
            .product(name: "HoldfastDriver", package: sdk),
        ],
        exclude: ["Vectors"]),
    .testTarget(name: "TidyTests"),
]

/// What measures and what torments: built by `make bench` and `make test-long`, never installed.
let instruments: [Target] = [
    .executableTarget(
        name: "lease-worker", dependencies: ["Host", "State", logging], path: "Tests/LeaseWorker"),
    .executableTarget(
        name: "holdfast-bench", dependencies: ["Host", "State", logging],
        path: "Benchmarks/HoldfastBench"),
    .executableTarget(
        name: "empty-route",
        dependencies: [.product(name: "Hummingbird", package: "hummingbird")],
        path: "Benchmarks/EmptyRoute"),
]

// MARK: - How things are linked

/// Executables export nothing, so that none of their symbols can take the place of a driver's.
var hiddenSymbols: LinkerSetting {
    .unsafeFlags(
        ["-use-ld=lld"]
            + ["--version-script=\(Context.packageDirectory)/Sources/host.map", "--gc-sections"]
            .flatMap { ["-Xlinker", $0] })
}

/// Drivers carry their own Swift runtime, export one symbol and are never unloaded.
///
/// The linker is lld, because gold leaves hidden symbols in the table of the exported ones.
let driverLinking = LinkerSetting.unsafeFlags(
    ["-static-stdlib", "-no-toolchain-stdlib-rpath", "-use-ld=lld"]
        + [
            "--version-script=\(Context.packageDirectory)/Plugins/driver.map", "--gc-sections",
            "-s", "-z", "now", "-z", "relro", "-z", "nodelete", "-z", "defs",
        ].flatMap { ["-Xlinker", $0] })

let driverTargets = drivers.map { driver in
    Target.target(
        name: driver.module,
        dependencies: [
            .product(name: "HoldfastDriver", package: sdk),
            .product(name: "HoldfastDriverEntry", package: sdk),
        ] + driver.dependencies,
        path: "Plugins/\(driver.id)/Sources", linkerSettings: [driverLinking])
}

// MARK: - The package

let package = Package(
    name: "holdfast",
    products: drivers.map { .library(name: $0.module, type: .dynamic, targets: [$0.module]) }
        + [
            .executable(name: "holdfast", targets: ["holdfast"]),
            .executable(name: "holdfastd", targets: ["holdfastd"]),
        ],
    dependencies: [
        .package(path: "sdk"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: driverLibraries + sharedByDrivers + driverTargets + modules + tests + instruments,
    swiftLanguageModes: [.v6]
)

// The house settings, for every Swift target. `docs/ARCHITECTURE.md` says why each is on.
let house: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

for target in package.targets where target.type != .system && target.name != "CLocal" {
    target.swiftSettings = (target.swiftSettings ?? []) + house
    let isProduction = target.type != .test && target.name != "TestSupport"
    if isProduction { target.swiftSettings?.append(.strictMemorySafety()) }
}
