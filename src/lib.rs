// SPDX-License-Identifier: GPL-3.0-or-later
#![doc = include_str!("../README.md")]
#![warn(clippy::missing_panics_doc)]

pub mod abi;
#[cfg(feature = "api")]
pub mod api;
pub mod crypto;
#[cfg(any(feature = "_relays", feature = "friend-connection", feature = "api"))]
#[allow(non_camel_case_types, reason = "C names stay as C programs know them")]
pub mod ffi;
#[cfg(feature = "net")]
pub mod net;
pub mod proto;
pub mod shell;
pub mod wire;
