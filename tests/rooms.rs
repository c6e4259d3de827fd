// SPDX-License-Identifier: GPL-3.0-or-later
//! The dependency direction: a room names only rooms below it.
//!
//! `wire, crypto <- proto <- shell <- net <- ffi <- abi, api` (an arrow points at what is used). `wire` and
//! `crypto` are one floor: handshakes are sealed where they are laid out.

use std::fs;
use std::path::{Path, PathBuf};

const FLOORS: [(&str, u32); 8] = [
    ("wire", 0),
    ("crypto", 0),
    ("proto", 1),
    ("shell", 2),
    ("net", 3),
    ("ffi", 4),
    ("abi", 5),
    ("api", 5),
];

#[test]
fn no_room_names_a_higher_one() {
    let mut files = 0;
    let mut wrong = Vec::new();
    for (room, floor) in FLOORS {
        for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room)) {
            files += 1;
            let text = fs::read_to_string(&file).unwrap();
            // Another way out of a room, which the check below would not see.
            assert!(!text.contains("super::super"), "{} climbs out of its room", file.display());
            for name in rooms_named(&text) {
                let Some((_, other)) = FLOORS.iter().find(|(other, _)| *other == name) else {
                    panic!("{}: crate::{name} is no room", file.display());
                };
                if *other > floor {
                    wrong.push(format!("{} names {name}", file.display()));
                }
            }
        }
    }
    assert!(files > 20, "the rooms were not found");
    assert!(wrong.is_empty(), "wrong direction:\n{}", wrong.join("\n"));
}

#[test]
fn the_check_sees_every_form_of_use() {
    let text = "use crate::ffi::x;\n let y = crate::shell::z();\n use crate::{abi, proto::a};";
    assert_eq!(rooms_named(text), ["ffi", "shell", "abi", "proto"]);
    let nested = "use crate::{wire::{frame, cursor::{Reader}}, ffi::{host}, abi::x,};";
    assert_eq!(rooms_named(nested), ["wire", "ffi", "abi"]);
}

#[test]
fn lower_rooms_have_no_unsafe_code_clocks_or_sockets() {
    for room in ["wire", "proto", "shell"] {
        for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room)) {
            let text = fs::read_to_string(&file).unwrap();
            for word in ["unsafe ", "Instant::now", "SystemTime", "TcpStream", "libc::"] {
                assert!(!text.contains(word), "{} contains {word}", file.display());
            }
        }
    }
}

/// The first path segments behind `crate::`, those of a group in braces included.
fn rooms_named(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in text.split("crate::").skip(1) {
        match part.strip_prefix('{') {
            Some(group) => names.extend(group_members(group)),
            None => names.push(first_segment(part)),
        }
    }
    names
}

/// The first segments of the members of a group, up to its closing brace; inner groups belong to
/// the member in front of them.
fn group_members(group: &str) -> Vec<String> {
    let mut members = vec![String::new()];
    let mut depth = 1;
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => members.push(String::new()),
            _ if depth == 1 => members.last_mut().expect("one at least").push(c),
            _ => {}
        }
    }
    let names = members.iter().map(|member| first_segment(member.trim()));
    names.filter(|name| !name.is_empty()).collect()
}

fn first_segment(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a readable room") {
        let path = entry.expect("a readable room").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
