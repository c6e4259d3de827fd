// SPDX-License-Identifier: GPL-3.0-or-later
//! Decides which C names the library exports.

use std::env;

/// The modules that can take the place of a member of libtoxcore.a; each has a feature of this
/// name and a cfg `export_...` that is set when a toxcore version is chosen as well.
const MODULES: [&str; 1] = ["tcp-client"];
/// The features that choose a toxcore version.
const VERSIONS: [&str; 1] = ["abi-0-2-18"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let chosen: Vec<_> = VERSIONS.into_iter().filter(|version| has_feature(version)).collect();
    if chosen.len() > 1 {
        println!("cargo:warning=more than one toxcore version is chosen: {chosen:?}");
        std::process::exit(1);
    }
    for module in MODULES {
        if !chosen.is_empty() && has_feature(module) {
            println!("cargo:rustc-cfg=export_{}", module.replace('-', "_"));
        }
    }
}

fn has_feature(name: &str) -> bool {
    let variable = format!("CARGO_FEATURE_{}", name.to_uppercase().replace('-', "_"));
    env::var_os(variable).is_some()
}
