// SPDX-License-Identifier: GPL-3.0-or-later
//! The C side: handles, entry points, events to callbacks.
//!
//! The rule of this room: no borrow of an object is alive while C code runs. An entry point
//! borrows, makes one call into a machine, lets go, and only then calls back, writes a socket or a
//! log line ([`handle`]). No panic leaves this room ([`fence`]).
#![allow(unsafe_code)]

#[cfg(any(feature = "_relays", feature = "friend-connection"))]
mod arguments;
#[cfg(any(feature = "_relays", feature = "friend-connection"))]
pub mod callbacks;
#[cfg(feature = "tcp-connections")]
pub mod connections;
#[cfg(any(feature = "_relays", feature = "friend-connection"))]
pub mod ctypes;
#[cfg(feature = "tcp-client")]
mod dispatch;
pub mod fence;
#[cfg(feature = "friend-connection")]
pub mod friend_connection;
#[cfg(feature = "friend-connection")]
mod friend_events;
#[cfg(feature = "friend-connection")]
pub mod friends;
pub mod handle;
#[cfg(any(feature = "_relays", feature = "friend-connection"))]
pub mod host;
#[cfg(feature = "_relays")]
pub mod host_tcp;
#[cfg(feature = "tcp-connections")]
mod link_host;
#[cfg(feature = "friend-connection")]
pub mod neighbours;
#[cfg(feature = "tcp-connections")]
mod readiness;
#[cfg(feature = "tcp-client")]
mod refusal;
#[cfg(feature = "tcp-client")]
pub mod relay_client;
#[cfg(any(feature = "tcp-connections", feature = "api"))]
pub mod sized;
#[cfg(feature = "tcp-connections")]
pub mod statistics;
#[cfg(feature = "tcp-client")]
pub mod tcp_client;
#[cfg(feature = "tcp-connections")]
pub mod tcp_connections;
