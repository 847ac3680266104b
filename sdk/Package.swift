// swift-tools-version: 6.2

import PackageDescription

// What a driver's author needs, and nothing else: the C header, a Swift SDK over it, the loader that
// the host and the conformance kit share, and the kit.

/// The settings of every Swift target of this package; the root package repeats them.
let house: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// What loads drivers exports nothing, so that none of its symbols can take the place of a driver's.
let hiddenSymbols = LinkerSetting.unsafeFlags(
    ["-use-ld=lld"]
        + [
            "--version-script=\(Context.packageDirectory)/Sources/DriverHostCommand/host.map",
            "--gc-sections",
        ].flatMap { ["-Xlinker", $0] })

let package = Package(
    name: "sdk",
    products: [
        .library(name: "HoldfastDriver", targets: ["HoldfastDriver"]),
        .library(name: "HoldfastDriverEntry", targets: ["CHoldfastEntry"]),
        .library(name: "HoldfastLoader", targets: ["HoldfastLoader"]),
        .library(name: "HoldfastIsolation", targets: ["HoldfastIsolation"]),
        .executable(name: "holdfast-driver-host", targets: ["holdfast-driver-host"]),
        .library(name: "HoldfastHistory", targets: ["HoldfastHistory"]),
        .library(name: "HoldfastConformance", targets: ["HoldfastConformance"]),
        .executable(name: "holdfast-conformance", targets: ["holdfast-conformance"]),
    ],
    targets: [
        .systemLibrary(name: "CHoldfast", path: "include"),
        .target(
            name: "CHoldfastEntry",
            cSettings: [.headerSearchPath("../../include"), .unsafeFlags(["-Wall", "-Werror"])]
        ),
        .target(
            name: "CHoldfastOperations",
            cSettings: [.headerSearchPath("../../include"), .unsafeFlags(["-Wall", "-Werror"])]
        ),
        .target(name: "HoldfastDriver", dependencies: ["CHoldfast", "CHoldfastOperations"]),
        .systemLibrary(
            name: "CFFI", path: "Sources/CFFI", pkgConfig: "libffi",
            providers: [.apt(["libffi-dev"])]),
        .target(name: "HoldfastLoader", dependencies: ["CFFI", "CHoldfast"]),
        .target(
            name: "HoldfastConformance",
            dependencies: [
                "CHoldfast", "HoldfastHistory", "HoldfastIsolation", "HoldfastLoader",
            ]),
        .executableTarget(
            name: "holdfast-conformance", dependencies: ["HoldfastConformance"],
            path: "Sources/ConformanceCommand", linkerSettings: [hiddenSymbols]),
        .target(
            name: "CIsolation",
            cSettings: [.unsafeFlags(["-std=c11", "-Wall", "-Wextra", "-Werror"])]),
        .target(
            name: "HoldfastIsolation", dependencies: ["CHoldfast", "CIsolation", "HoldfastLoader"]),
        .executableTarget(
            name: "holdfast-driver-host", dependencies: ["HoldfastIsolation"],
            path: "Sources/DriverHostCommand", exclude: ["host.map"],
            linkerSettings: [hiddenSymbols]),
        .executableTarget(
            name: "holdfast-isolation-bench",
            dependencies: ["HoldfastIsolation", "HoldfastLoader"],
            path: "Instruments/IsolationBench"),
        .target(
            name: "IsolationFuzz", dependencies: ["HoldfastIsolation"],
            path: "Instruments/IsolationFuzz"),
        .executableTarget(
            name: "holdfast-codec-fuzz", dependencies: ["IsolationFuzz"],
            path: "Instruments/CodecFuzz"),
        .target(
            name: "SDKTestSupport", dependencies: ["HoldfastLoader"], path: "Tests/Support"),
        .testTarget(
            name: "HoldfastLoaderTests",
            dependencies: ["CHoldfast", "HoldfastDriver", "HoldfastLoader", "SDKTestSupport"]),
        .testTarget(
            name: "HoldfastConformanceTests",
            dependencies: [
                "HoldfastConformance", "HoldfastLoader", "SDKTestSupport", "holdfast-conformance",
            ]),
        .testTarget(
            name: "HoldfastIsolationTests",
            dependencies: [
                "CHoldfast", "HoldfastIsolation", "HoldfastLoader", "IsolationFuzz",
                "SDKTestSupport", "holdfast-driver-host",
            ]),
        .target(name: "HoldfastHistory"),
        .testTarget(name: "HoldfastHistoryTests", dependencies: ["HoldfastHistory"]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system && !target.name.hasPrefix("C") {
    target.swiftSettings = (target.swiftSettings ?? []) + house
    let isProduction = target.type != .test && target.name != "SDKTestSupport"
    if isProduction { target.swiftSettings?.append(.strictMemorySafety()) }
}
