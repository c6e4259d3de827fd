// SPDX-License-Identifier: GPL-3.0-or-later
//! What happens to a client, and why it does not.

use std::io;

use crate::crypto::PublicKey;
use crate::proto::relay::note::Level;
use crate::proto::relay::state::Reason;
use crate::wire::connection_id::ConnectionId;

/// Why there is no client.
#[derive(Debug)]
pub enum NewError {
    /// The relay's key would give everybody the same session key.
    LowOrderKey,
    /// The system has no descriptors left.
    System(io::Error),
}

impl core::fmt::Display for NewError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::LowOrderKey => f.write_str("the relay's key is of low order"),
            Self::System(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for NewError {}

/// How far a client has come. It goes through these in this order, and never back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// A host name is being looked up.
    LookingUp,
    /// The socket, the proxy or the handshake is under way.
    Connecting,
    /// Packets flow.
    Connected,
    /// It is over, see [`Client::failure`](super::Client::failure).
    Disconnected,
}

/// Why a client is disconnected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A host name was not found; carries what the resolver said.
    Lookup(String),
    /// Everything else.
    Connection(Reason),
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Lookup(text) => write!(f, "host name not found: {text}"),
            Self::Connection(reason) => write!(f, "{reason}"),
        }
    }
}

/// What happens to a client. Data is valid until the handler returns.
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// It has come further.
    Status(Status),
    /// The answer to [`Client::request_route`](super::Client::request_route); `None` if the relay refuses.
    Route {
        /// The peer that was asked for.
        peer: PublicKey,
        /// Its id at this relay.
        connection_id: Option<ConnectionId>,
    },
    /// The peer behind a connection id came or went.
    Online {
        /// The id.
        connection_id: ConnectionId,
        /// Came or went.
        online: bool,
    },
    /// A packet of a peer, 1 to 2031 bytes.
    Data {
        /// The peer's id.
        connection_id: ConnectionId,
        /// The payload.
        data: &'a [u8],
    },
    /// An out-of-band packet, 1 to 1999 bytes.
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
    /// A send came to [`SendError::Busy`](super::SendError::Busy), and the socket has room again.
    Writable,
    /// A line for the log.
    Log(Level, &'a dyn core::fmt::Display),
}

/// A handler of events. It may call every function of the client.
pub type Handler<'h> = dyn FnMut(Event<'_>) + 'h;
