// swift-tools-version: 6.2

import PackageDescription

// Which Holdfast SDK: the makefile says it.
let sdk = Context.environment["HOLDFAST_SDK"] ?? "@SDK@"
let identity = String(sdk.split(separator: "/").last ?? "sdk")

// The library carries its own Swift runtime, exports one symbol and is never unloaded. The linker
// is lld, because gold leaves hidden symbols in the table of the exported ones.
let linking = LinkerSetting.unsafeFlags(
    ["-static-stdlib", "-no-toolchain-stdlib-rpath", "-use-ld=lld"]
        + [
            "--version-script=\(Context.packageDirectory)/driver.map", "--gc-sections",
            "-s", "-z", "now", "-z", "relro", "-z", "nodelete", "-z", "defs",
        ].flatMap { ["-Xlinker", $0] })

let package = Package(
    name: "@ID@",
    products: [.library(name: "Driver", type: .dynamic, targets: ["Driver"])],
    dependencies: [.package(path: sdk)],
    targets: [
        .target(
            name: "Driver",
            dependencies: [
                .product(name: "HoldfastDriver", package: identity),
                .product(name: "HoldfastDriverEntry", package: identity),
            ],
            linkerSettings: [linking])
    ],
    swiftLanguageModes: [.v6]
)
