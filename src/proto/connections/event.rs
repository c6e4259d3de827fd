// SPDX-License-Identifier: GPL-3.0-or-later
//! What the connections report upwards, and what they want done.

use super::{Link, Opening, RelayNumber};
use crate::crypto::PublicKey;

/// A packet for the layer above (tcp_connections.md section 15). Data borrows from the relay's
/// receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<'a> {
    /// Data of a peer: routed, or out of band from a peer that is tied to the relay.
    Data {
        /// What the owner calls the peer.
        id: i32,
        /// 1 to 2031 bytes.
        data: &'a [u8],
    },
    /// Out-of-band data of somebody who is not tied to the relay.
    Oob {
        /// Who sent it, on the relay's word.
        sender: PublicKey,
        /// Where it came from.
        relay: RelayNumber,
        /// 1 to 1999 bytes.
        data: &'a [u8],
    },
    /// A packet out of the onion, 1 to 2031 bytes.
    Onion(&'a [u8]),
    /// A forwarded packet, 1 to 2031 bytes.
    Forwarding(&'a [u8]),
}

/// Something that the surrounding program has to do, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Open a socket to the relay (or to the proxy); the answer is
    /// [`Connections::handle_connect_failed`](super::Connections::handle_connect_failed), or nothing
    /// if connecting has begun.
    Connect(Opening),
    /// Close the socket.
    Close(Link),
    /// Write what waits for the socket.
    Flush(Link),
}
