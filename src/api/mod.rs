// SPDX-License-Identifier: GPL-3.0-or-later
//! The C functions of include/toxlink.h: the standalone library.
//!
//! Their comments are those of the header, so they speak to C programmers: a function may be called
//! with what its comment says, and with nothing else.
#![allow(unsafe_code)]
#![allow(non_camel_case_types, reason = "C names stay as C programs know them")]
#![allow(rustdoc::broken_intra_doc_links, reason = "[2001:db8::1] is an address")]
#![allow(clippy::missing_safety_doc, reason = "the comments say it in the words of the header")]

pub mod client;
pub mod client_callbacks;
pub mod connections;
pub mod connections_callbacks;
mod entry;
pub mod error;
mod forward;
pub mod friends;
pub mod friends_callbacks;
pub mod friends_errors;
pub mod friends_list;
pub mod friends_neighbours;
pub mod friends_reports;
mod friends_table;
pub mod info;
pub mod keys;
mod memory;
pub mod options;
mod panics;
pub mod relay;
pub mod version;
