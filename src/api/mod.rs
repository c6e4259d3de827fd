// SPDX-License-Identifier: GPL-3.0-or-later
//! The C functions of include/toxlink.h: the standalone library.
#![allow(unsafe_code)]
#![allow(non_camel_case_types, reason = "C names stay as C programs know them")]

pub mod keys;
pub mod version;
