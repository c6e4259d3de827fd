// SPDX-License-Identifier: GPL-3.0-or-later
//! Refuses two toxcore versions at once and writes the declarations of the exported C functions
//! and of the imported ones, one file per version.
//!
//! The declarations go to `$OUT_DIR`, never into the source tree; tests/header.rs compares them
//! with the copy that is checked in.

use std::env;
use std::path::PathBuf;
use std::process::exit;

/// The features that choose a toxcore version, and the file that holds its exports.
const VERSIONS: [(&str, &str); 1] = [("abi-0-2-18", "v0_2_18")];
/// The files that hold the exports which all versions share, one per module.
const MODULE_FILES: [&str; 1] = ["tcp_client"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    println!("cargo:rerun-if-changed=src/ffi");
    println!("cargo:rerun-if-changed=src/abi");
    if VERSIONS.iter().filter(|(feature, _)| has_feature(feature)).count() > 1 {
        fail("choose one toxcore version: the features abi-... exclude each other");
    }
    for (feature, file) in VERSIONS {
        write_header(feature, file);
    }
}

fn write_header(feature: &str, version_file: &str) {
    let root = PathBuf::from(env_var("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(env_var("OUT_DIR"));
    let version = feature.trim_start_matches("abi-").replace('-', ".");
    let Ok(mut config) = cbindgen::Config::from_file(root.join("cbindgen.toml")) else {
        fail("cbindgen.toml cannot be read")
    };
    config.include_guard = Some(format!("TOXLINK_ABI_{}_H", version.replace('.', "_")));
    let mut builder = cbindgen::Builder::new()
        .with_config(config)
        .with_src(root.join(format!("src/abi/{version_file}.rs")));
    for file in MODULE_FILES {
        builder = builder.with_src(root.join(format!("src/ffi/{file}.rs")));
    }
    match builder.generate() {
        Ok(header) => {
            header.write_to_file(out.join(format!("toxlink-abi-{version}.h")));
        }
        Err(error) => fail(&format!("the declarations cannot be generated: {error}")),
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
