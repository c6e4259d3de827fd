// SPDX-License-Identifier: GPL-3.0-or-later
//! What a relay client reports upwards.

use crate::crypto::PublicKey;
use crate::wire::connection_id::ConnectionId;

/// At most one per packet. Data borrows from the caller's receive buffer, not from the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The relay gave `connection_id` to a peer that we asked for.
    RoutingResponse {
        /// The slot.
        connection_id: ConnectionId,
        /// The peer.
        peer: PublicKey,
    },
    /// The relay refuses a connection id for a peer that we asked for. The C API has no callback
    /// for this.
    RoutingRefused {
        /// The peer.
        peer: PublicKey,
    },
    /// The peer behind a connection id came or went.
    Status {
        /// The number attached to the connection id.
        number: u32,
        /// The slot.
        connection_id: ConnectionId,
        /// Came or went.
        online: bool,
    },
    /// Data of an online peer, 1 to 2031 bytes.
    Data {
        /// The number attached to the connection id.
        number: u32,
        /// The slot.
        connection_id: ConnectionId,
        /// The payload.
        data: &'a [u8],
    },
    /// Out-of-band data, 1 to 1999 bytes.
    Oob {
        /// Who sent it, on the relay's word.
        sender: PublicKey,
        /// The payload.
        data: &'a [u8],
    },
    /// A packet out of the onion, 1 to 2031 bytes.
    Onion(&'a [u8]),
    /// A forwarded packet, 1 to 2031 bytes.
    Forwarding(&'a [u8]),
}
