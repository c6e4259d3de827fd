// SPDX-License-Identifier: GPL-3.0-or-later
//! Refuses two toxcore versions at once and writes C headers: the declarations of the exported
//! functions and of the imported ones, one file per version; the statistics that programs may ask
//! for; and the header of the standalone library.
//!
//! They go to `$OUT_DIR`, never into the source tree; tests/header.rs compares them with the
//! copies that are checked in.

use std::env;
use std::fs;
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
/// The files of the standalone library that come first in its header, in this order; the others of
/// its directory follow by name.
const API_FIRST: [&str; 11] = [
    "version",
    "keys",
    "error",
    "options",
    "client",
    "client_callbacks",
    "connections",
    "connections_callbacks",
    "info",
    "relay",
    "friends",
];

fn main() {
    for input in [
        "build.rs",
        "cbindgen.toml",
        "cbindgen-statistics.toml",
        "cbindgen-toxlink.toml",
        "src/abi",
        "src/api",
        "src/ffi",
    ] {
        println!("cargo:rerun-if-changed={input}");
    }
    if VERSIONS.iter().filter(|(feature, _)| has_feature(feature)).count() > 1 {
        fail("choose one toxcore version: the features abi-... exclude each other");
    }
    for (feature, version_file) in VERSIONS {
        let version = feature.trim_start_matches("abi-").replace('-', ".");
        let mut sources = vec![format!("src/abi/{version_file}.rs")];
        sources.extend(EVERY.iter().map(|file| format!("src/abi/{file}.rs")));
        sources
            .extend(CALLBACKS.iter().chain(&MODULE_FILES).map(|file| format!("src/ffi/{file}.rs")));
        write_header(&format!("toxlink-abi-{version}.h"), settings("cbindgen.toml"), &sources);
    }
    let statistics = ["src/ffi/statistics.rs".to_owned()];
    write_header("toxlink-statistics.h", settings("cbindgen-statistics.toml"), &statistics);
    write_header("toxlink.h", standalone_settings(), &api_files());
}

/// With the comment at its head, which is a file, and the version, which Cargo.toml tells.
fn standalone_settings() -> cbindgen::Config {
    let mut config = settings("cbindgen-toxlink.toml");
    let file = root().join("src/api/header.txt");
    let Ok(head) = fs::read_to_string(&file) else {
        fail(&format!("{} cannot be read", file.display()))
    };
    config.header = Some(head.trim_end().to_owned());
    let version = ["MAJOR", "MINOR", "PATCH"]
        .map(|part| (part, env_var(&format!("CARGO_PKG_VERSION_{part}"))))
        .map(|(part, number)| {
            let name = part.to_lowercase();
            format!("\n/** The {name} version of this header. */\n#define TOXLINK_VERSION_{part} {number}")
        });
    config.after_includes = Some(format!("\n{}", version.concat()));
    config
}

/// The files of src/api, in the order in which the header has them.
fn api_files() -> Vec<String> {
    let Ok(entries) = fs::read_dir(root().join("src/api")) else { fail("src/api cannot be read") };
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry.ok()?.file_name().into_string().ok()?.strip_suffix(".rs").map(str::to_owned)
        })
        .collect();
    // cbindgen would follow what it declares, and so have everything twice.
    names.retain(|name| !["mod", "entry", "forward"].contains(&name.as_str()));
    names.sort_by_key(|name| {
        (API_FIRST.iter().position(|first| first == name).unwrap_or(API_FIRST.len()), name.clone())
    });
    names.iter().map(|name| format!("src/api/{name}.rs")).collect()
}

fn settings(name: &str) -> cbindgen::Config {
    cbindgen::Config::from_file(root().join(name))
        .unwrap_or_else(|error| fail(&format!("{name} cannot be read: {error}")))
}

/// One header, with an include guard after its name.
fn write_header(name: &str, mut config: cbindgen::Config, sources: &[String]) {
    let root = root();
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

fn root() -> PathBuf {
    PathBuf::from(env_var("CARGO_MANIFEST_DIR"))
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
