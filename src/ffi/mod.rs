// SPDX-License-Identifier: GPL-3.0-or-later
//! The C side: handles, entry points, events to callbacks.
//!
//! The rule of this room: no borrow of an object is alive while C code runs. An entry point
//! borrows, makes one call into a machine, lets go, and only then calls back, writes a socket or a
//! log line ([`handle`]). No panic leaves this room ([`fence`]).
#![allow(unsafe_code)]

mod arguments;
pub mod callbacks;
pub mod ctypes;
mod dispatch;
pub mod fence;
pub mod handle;
pub mod host;
pub mod host_tcp;
pub mod relay_client;
pub mod tcp_client;
