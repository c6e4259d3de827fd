// SPDX-License-Identifier: GPL-3.0-or-later
//! The declarations in include/ are what cbindgen makes of the sources.
//!
//! After a change of the exports, `UPDATE_HEADERS=1 cargo test --test header` writes them anew.

use std::path::Path;

const GENERATED: [(&str, &str); 1] =
    [("toxlink-abi-0.2.18.h", include_str!(concat!(env!("OUT_DIR"), "/toxlink-abi-0.2.18.h")))];

#[test]
fn checked_in_headers_are_current() {
    for (name, generated) in GENERATED {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include").join(name);
        if std::env::var_os("UPDATE_HEADERS").is_some() {
            std::fs::write(&path, generated).unwrap();
        }
        let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(checked_in == generated, "include/{name} is not current, see tests/header.rs");
        assert!(generated.contains("int send_data("), "the shared functions are missing");
    }
}
