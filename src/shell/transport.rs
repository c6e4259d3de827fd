// SPDX-License-Identifier: GPL-3.0-or-later
//! What the shell asks of a socket.

pub use crate::proto::relay::Written;

/// What a read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// That many bytes, at least one.
    Bytes(usize),
    /// Nothing is there now.
    Empty,
    /// The other side has closed the connection.
    Closed,
    /// The socket has failed; carries `errno`.
    Failed(i32),
}

/// A non-blocking stream socket.
pub trait Transport {
    /// Writes some of `bytes`.
    fn send(&self, bytes: &[u8]) -> Written;

    /// Reads into `room`, which is not empty.
    fn receive(&self, room: &mut [u8]) -> Received;

    /// Something was read: lets the system tell the other side at once, which may be holding back
    /// a small packet until it knows.
    fn acknowledge(&self);
}
