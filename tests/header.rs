// SPDX-License-Identifier: GPL-3.0-or-later
//! The headers in include/ are what cbindgen makes of the sources.
//!
//! After a change of the exports, `UPDATE_HEADERS=1 cargo test --test header` writes them anew.

use std::path::Path;

/// Name, contents, and one function from each source file, which must be declared.
const GENERATED: [(&str, &str, &[&str]); 5] = [
    (
        "toxlink-abi-0.2.18.h",
        include_str!(concat!(env!("OUT_DIR"), "/toxlink-abi-0.2.18.h")),
        &["new_TCP_connection", "send_data", "new_tcp_connections", "get_conn", "onion_addfriend"],
    ),
    (
        "toxlink-abi-0.2.20.h",
        include_str!(concat!(env!("OUT_DIR"), "/toxlink-abi-0.2.20.h")),
        &["new_tcp_connection", "send_data", "tcp_relay_is_valid", "get_conn", "onion_addfriend"],
    ),
    (
        "toxlink-abi-0.2.22.h",
        include_str!(concat!(env!("OUT_DIR"), "/toxlink-abi-0.2.22.h")),
        &["new_tcp_connection", "send_data", "tcp_relay_is_valid", "get_conn", "random_u64"],
    ),
    (
        "toxlink-statistics.h",
        include_str!(concat!(env!("OUT_DIR"), "/toxlink-statistics.h")),
        &["toxlink_relay_statistics", "toxlink_peer_statistics"],
    ),
    (
        "toxlink.h",
        include_str!(concat!(env!("OUT_DIR"), "/toxlink.h")),
        &["toxlink_version_major", "toxlink_key_new"],
    ),
];

#[test]
fn checked_in_headers_are_current() {
    for (name, generated, functions) in GENERATED {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include").join(name);
        if std::env::var_os("UPDATE_HEADERS").is_some() {
            std::fs::write(&path, generated).unwrap();
        }
        let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(checked_in == generated, "include/{name} is not current, see tests/header.rs");
        for function in functions {
            let declared = [format!(" {function}("), format!(" *{function}(")];
            assert!(
                declared.iter().any(|text| generated.contains(text)),
                "{name} does not declare {function}"
            );
        }
    }
}

#[test]
fn types_that_comments_name_are_declared() {
    let header = include_str!(concat!(env!("OUT_DIR"), "/toxlink.h"));
    let names: Vec<&str> = header
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("Toxlink_"))
        .collect();
    assert!(names.contains(&"Toxlink_Proxy_Type"));
    for name in names {
        // Kinds of names end in an underscore, as in Toxlink_Err_...
        let is_declared = name.ends_with('_')
            || header.contains(&format!("}} {name};"))
            || header.contains(&format!("typedef struct {name} {name};"));
        assert!(is_declared, "toxlink.h names {name}, but does not declare it");
    }
}
