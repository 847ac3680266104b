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

let package = Package(
    name: "sdk",
    products: [
        .library(name: "HoldfastDriver", targets: ["HoldfastDriver"]),
        .library(name: "HoldfastDriverEntry", targets: ["CHoldfastEntry"]),
        .library(name: "HoldfastLoader", targets: ["HoldfastLoader"]),
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
        .target(name: "HoldfastDriver", dependencies: ["CHoldfast"]),
        .target(name: "HoldfastLoader", dependencies: ["CHoldfast"]),
        .target(name: "HoldfastConformance", dependencies: ["CHoldfast", "HoldfastLoader"]),
        .executableTarget(
            name: "holdfast-conformance", dependencies: ["HoldfastConformance"],
            path: "Sources/ConformanceCommand"),
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
