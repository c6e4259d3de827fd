// SPDX-License-Identifier: GPL-3.0-or-later
//! Moves bytes between a socket and a protocol machine.
//!
//! The shell knows neither C nor a kind of socket. Whoever uses it supplies a [`drive::Host`]: how
//! to borrow the machine for one call, how to reach the socket, where random bytes come from and
//! where events go.

pub mod drive;
pub mod guard;
pub mod round;
pub mod transport;
