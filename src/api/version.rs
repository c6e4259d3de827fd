// SPDX-License-Identifier: GPL-3.0-or-later
//! The version of the library.

/// The major version of the library that the program runs with. `TOXLINK_VERSION_MAJOR` is that of
/// the header it was compiled with.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_version_major() -> u32 {
    MAJOR
}

/// The minor version of the library that the program runs with.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_version_minor() -> u32 {
    MINOR
}

/// The patch version of the library that the program runs with.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_version_patch() -> u32 {
    PATCH
}

/// Whether a program that was compiled for that version can use this library.
///
/// While the major version is 0, each minor version has functions of its own; a later patch version
/// only adds to an earlier one. From 1 on, a later minor version only adds to an earlier one.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_version_is_compatible(major: u32, minor: u32, patch: u32) -> bool {
    serves((MAJOR, MINOR, PATCH), (major, minor, patch))
}

/// Whether a library of version `ours` serves a program that was compiled for `theirs`.
fn serves(ours: (u32, u32, u32), theirs: (u32, u32, u32)) -> bool {
    let same_series =
        if ours.0 == 0 { (ours.0, ours.1) == (theirs.0, theirs.1) } else { ours.0 == theirs.0 };
    same_series && theirs <= ours
}

const MAJOR: u32 = number(env!("CARGO_PKG_VERSION_MAJOR"));
const MINOR: u32 = number(env!("CARGO_PKG_VERSION_MINOR"));
const PATCH: u32 = number(env!("CARGO_PKG_VERSION_PATCH"));

/// The decimal number in the text; Cargo gives digits alone.
const fn number(text: &str) -> u32 {
    let mut rest = text.as_bytes();
    let mut value = 0;
    while let [digit, others @ ..] = rest {
        value = value * 10 + (*digit - b'0') as u32;
        rest = others;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_package() {
        let version = format!("{MAJOR}.{MINOR}.{PATCH}");
        assert_eq!(version, env!("CARGO_PKG_VERSION"));
        assert_eq!(number("1203"), 1203);
    }

    #[test]
    fn a_library_serves_what_can_only_lack_additions() {
        assert!(toxlink_version_is_compatible(MAJOR, MINOR, PATCH));
        assert!(!toxlink_version_is_compatible(MAJOR, MINOR + 1, 0));
        assert!(serves((0, 2, 3), (0, 2, 1)) && serves((0, 2, 3), (0, 2, 3)));
        assert!(!serves((0, 2, 3), (0, 2, 4)) && !serves((0, 2, 3), (0, 1, 3)));
        assert!(!serves((0, 2, 3), (1, 0, 0)) && !serves((1, 2, 3), (0, 2, 3)));
        assert!(serves((1, 2, 3), (1, 1, 9)) && !serves((1, 2, 3), (1, 3, 0)));
    }
}
