// SPDX-License-Identifier: GPL-3.0-or-later
//! The protocol machines: bytes, time and random bytes in; bytes and events out.
//!
//! No machine owns a socket, reads a clock, draws randomness or calls back. Methods come in four
//! groups, told apart by name: getters (`status`), inputs (`handle_*`), commands (the verbs of the C
//! API), outputs (`needs`, `begin_*`/`end_*`, `take_*`). Whoever drives a machine may let go of it
//! between any two calls, so that C code can re-enter.
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

pub mod connections;
pub mod friend;
pub mod relay;
pub mod server;
pub mod slots;
pub mod time;
