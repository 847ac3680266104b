// swift-tools-version: 6.2

import PackageDescription

// What measures the calls of the driver interface. A package of its own, because an installed SDK has no
// benchmarks.

/// As drivers are linked: an own Swift runtime, one exported symbol, never unloaded.
let driverLinking = LinkerSetting.unsafeFlags(
    ["-static-stdlib", "-no-toolchain-stdlib-rpath", "-use-ld=lld"]
        + [
            "--version-script=\(Context.packageDirectory)/noop.map", "--gc-sections",
            "-s", "-z", "now", "-z", "relro", "-z", "nodelete", "-z", "defs",
        ].flatMap { ["-Xlinker", $0] })

/// The settings of the SDK's targets.
let house: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
]

let package = Package(
    name: "call-bench",
    products: [.library(name: "NoOpDriver", type: .dynamic, targets: ["NoOpDriver"])],
    dependencies: [.package(path: "..")],
    targets: [
        .target(
            name: "NoOpDriver",
            dependencies: [
                .product(name: "HoldfastDriver", package: "sdk"),
                .product(name: "HoldfastDriverEntry", package: "sdk"),
            ],
            path: "NoOpDriver", swiftSettings: house, linkerSettings: [driverLinking]),
        .executableTarget(
            name: "call-bench", dependencies: [.product(name: "HoldfastLoader", package: "sdk")],
            path: "CallBench", swiftSettings: house),
    ],
    swiftLanguageModes: [.v6]
)
