// SPDX-License-Identifier: GPL-3.0-or-later
//! Refuses two toxcore versions at once and writes C headers: the declarations of the exported
//! functions and of the imported ones, one file per version, and the statistics that programs may
//! ask for.
//!
//! They go to `$OUT_DIR`, never into the source tree; tests/header.rs compares them with the
//! copies that are checked in.

use std::env;
use std::path::PathBuf;
use std::process::exit;

/// The features that choose a toxcore version, and the file that holds its exports.
const VERSIONS: [(&str, &str); 3] =
    [("abi-0-2-18", "v0_2_18"), ("abi-0-2-20", "v0_2_20"), ("abi-0-2-22", "v0_2_22")];
/// The files that hold what all versions import.
const EVERY: [&str; 2] = ["every", "every/neighbours"];
/// The files that hold the exports which all versions share, one per module.
const MODULE_FILES: [&str; 3] = ["tcp_client", "tcp_connections", "friend_connection"];
/// The files that hold the types of the callbacks.
const CALLBACKS: [&str; 2] = ["callbacks", "neighbours"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    println!("cargo:rerun-if-changed=cbindgen-statistics.toml");
    println!("cargo:rerun-if-changed=src/ffi");
    println!("cargo:rerun-if-changed=src/abi");
    if VERSIONS.iter().filter(|(feature, _)| has_feature(feature)).count() > 1 {
        fail("choose one toxcore version: the features abi-... exclude each other");
    }
    if has_feature("capi") && !VERSIONS.iter().any(|(feature, _)| has_feature(feature)) {
        fail(
            "the feature capi needs a toxcore version besides: abi-0-2-18, abi-0-2-20 or abi-0-2-22",
        );
    }
    for (feature, version_file) in VERSIONS {
        let version = feature.trim_start_matches("abi-").replace('-', ".");
        let mut sources = vec![format!("src/abi/{version_file}.rs")];
        sources.extend(EVERY.iter().map(|file| format!("src/abi/{file}.rs")));
        sources
            .extend(CALLBACKS.iter().chain(&MODULE_FILES).map(|file| format!("src/ffi/{file}.rs")));
        write_header(&format!("toxlink-abi-{version}.h"), "cbindgen.toml", &sources);
    }
    let statistics = ["src/ffi/statistics.rs".to_owned()];
    write_header("toxlink-statistics.h", "cbindgen-statistics.toml", &statistics);
}

/// One header, with an include guard after its name.
fn write_header(name: &str, settings: &str, sources: &[String]) {
    let root = PathBuf::from(env_var("CARGO_MANIFEST_DIR"));
    let Ok(mut config) = cbindgen::Config::from_file(root.join(settings)) else {
        fail(&format!("{settings} cannot be read"))
    };
    config.include_guard = Some(name.to_uppercase().replace(['-', '.'], "_"));
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources {
        builder = builder.with_src(root.join(source));
    }
    match builder.generate() {
        Ok(header) => {
            header.write_to_file(PathBuf::from(env_var("OUT_DIR")).join(name));
        }
        Err(error) => fail(&format!("{name} cannot be generated: {error}")),
    }
}

fn has_feature(name: &str) -> bool {
    let variable = format!("CARGO_FEATURE_{}", name.to_uppercase().replace('-', "_"));
    env::var_os(variable).is_some()
}

fn env_var(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| fail(&format!("{name} is not set: run this through cargo")))
}

fn fail(message: &str) -> ! {
    eprintln!("toxlink: {message}");
    exit(1)
}
