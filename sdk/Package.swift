// swift-tools-version: 6.2

import PackageDescription

// What a driver's author needs, and nothing else: the C header, a Swift SDK over it, and the loader
// that the host and the conformance kit share.

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
    ],
    targets: [
        .systemLibrary(name: "CHoldfast", path: "include"),
        .target(
            name: "CHoldfastEntry",
            cSettings: [.headerSearchPath("../../include"), .unsafeFlags(["-Wall", "-Werror"])]
        ),
        .target(name: "HoldfastDriver", dependencies: ["CHoldfast"]),
        .target(name: "HoldfastLoader", dependencies: ["CHoldfast"]),
        .testTarget(
            name: "HoldfastLoaderTests",
            dependencies: ["CHoldfast", "HoldfastDriver", "HoldfastLoader"]),
        .target(name: "HoldfastHistory"),
        .testTarget(name: "HoldfastHistoryTests", dependencies: ["HoldfastHistory"]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system && !target.name.hasPrefix("C") {
    target.swiftSettings = (target.swiftSettings ?? []) + house
    if target.type != .test { target.swiftSettings?.append(.strictMemorySafety()) }
}
