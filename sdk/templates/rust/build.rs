// SPDX-License-Identifier: Apache-2.0
//! How a driver is linked: all symbols found at once, never unloaded. That it exports one symbol
//! alone is what a `cdylib` does by itself.

fn main() {
    for option in ["now", "relro", "defs", "nodelete", "noexecstack"] {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,{option}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
