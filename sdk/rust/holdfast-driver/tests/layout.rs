// SPDX-License-Identifier: Apache-2.0
//! Holds `raw.rs` to the C header: a C program asserts every size, offset and number.

use holdfast_driver::{Applied, Kind, Level, Severity, ThreadModel, raw};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// `InfoSink` is `holdfast_info_sink`.
fn c_name(rust: &str) -> String {
    let mut name = String::from("holdfast");
    for character in rust.chars() {
        if character.is_uppercase() {
            name.push('_');
        }
        name.extend(character.to_lowercase());
    }
    name
}

fn program() -> String {
    let mut text = String::from("#include <holdfast/operations.h>\n");
    for (name, size, fields) in raw::LAYOUT.iter().chain(raw::operations::LAYOUT) {
        let name = c_name(name);
        writeln!(text, "_Static_assert(sizeof({name}) == {size}, \"{name}\");").unwrap();
        for (field, offset) in *fields {
            let field = field.trim_start_matches("r#");
            writeln!(
                text,
                "_Static_assert(offsetof({name}, {field}) == {offset}, \"{name}.{field}\");"
            )
            .unwrap();
        }
    }
    let mut number = |name: &str, value: i128| {
        writeln!(text, "_Static_assert(HOLDFAST_{name} == {value}, \"{name}\");").unwrap();
    };
    number("ABI_MAJOR", raw::ABI_MAJOR.into());
    number("ABI_MINOR", raw::ABI_MINOR.into());
    number("DRAFT", raw::DRAFT.into());
    number("BEHAVIOUR", raw::BEHAVIOUR.into());
    number("STOPPED", raw::STOPPED.into());
    number("LIST_ATTRIBUTES", raw::LIST_ATTRIBUTES.into());
    number("OPEN_EXISTING", raw::OPEN_EXISTING.into());
    number("OPTION_INTEGER", raw::OPTION_INTEGER.into());
    number("OPTION_SIZE", raw::OPTION_SIZE.into());
    number("NOTE_TYPE", raw::NOTE.r#type.into());
    for (name, kind) in [
        ("NOT_FOUND", Kind::NotFound),
        ("CONDITION", Kind::Condition),
        ("CONFLICT", Kind::Conflict),
        ("UNAUTHENTICATED", Kind::Unauthenticated),
        ("FORBIDDEN", Kind::Forbidden),
        ("THROTTLED", Kind::Throttled),
        ("UNAVAILABLE", Kind::Unavailable),
        ("DEADLINE", Kind::Deadline),
        ("CANCELLED", Kind::Cancelled),
        ("INVALID", Kind::Invalid),
        ("UNSUPPORTED", Kind::Unsupported),
        ("TOO_LARGE", Kind::TooLarge),
        ("FULL", Kind::Full),
        ("CORRUPT", Kind::Corrupt),
        ("NEWER_FORMAT", Kind::NewerFormat),
        ("IO", Kind::Io),
        ("SOURCE", Kind::Source),
        ("INTERNAL", Kind::Internal),
    ] {
        number(name, kind as i128);
    }
    number("APPLIED_NO", Applied::No as i128);
    number("APPLIED_YES", Applied::Yes as i128);
    number("APPLIED_UNKNOWN", Applied::Unknown as i128);
    number("LEVEL_EMULATED", Level::Emulated as i128);
    number("LEVEL_NATIVE", Level::Native as i128);
    number("DEBUG", Severity::Debug as i128);
    number("NOTICE", Severity::Notice as i128);
    number("WARNING", Severity::Warning as i128);
    number("THREADS_PER_DRIVER", ThreadModel::PerDriver as i128);
    number("THREADS_PER_STORE", ThreadModel::PerStore as i128);
    number("THREADS_PARALLEL", ThreadModel::Parallel as i128);
    text
}

fn compiles(program: &str, name: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, program).unwrap();
    let output = Command::new("cc")
        .args(["-std=c11", "-fsyntax-only", "-I"])
        .arg(root.join("../../include"))
        .arg(&file)
        .output()
        .unwrap();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

#[test]
fn every_struct_is_that_of_the_header() {
    assert!(raw::LAYOUT.len() == 26, "{}", raw::LAYOUT.len());
    assert!(compiles(&program(), "layout.c"));
}

#[test]
fn a_difference_is_found() {
    let changed = program().replacen(
        "offsetof(holdfast_info, bytes) == 24",
        "offsetof(holdfast_info, bytes) == 32",
        1,
    );
    assert_ne!(changed, program());
    assert!(!compiles(&changed, "changed.c"));
}
