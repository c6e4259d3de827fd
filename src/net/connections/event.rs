// SPDX-License-Identifier: GPL-3.0-or-later
//! What happens to connections, and why a call is refused.

use crate::crypto::PublicKey;
use crate::net::client::Failure;
use crate::proto::relay::note::Level;

/// A peer of one [`Connections`](super::Connections) object. No two peers ever have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub(super) u32);

impl PeerId {
    /// As a number, 0 to 2^31 - 1.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// From [`Self::number`]. What is no peer is refused where it is used.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// What the machine gives back with each packet.
    pub(super) fn to_machine(self) -> i32 {
        // Ids are below 2^31.
        self.0 as i32
    }

    pub(super) fn from_machine(id: i32) -> Self {
        Self(id as u32)
    }
}

/// What happens to connections. Data is valid until the handler returns.
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// A packet of a peer, 1 to 2031 bytes.
    Data {
        /// Who sent it, on the relay's word.
        peer: PeerId,
        /// The payload.
        data: &'a [u8],
    },
    /// A packet of somebody who is no peer at that relay, 1 to 1999 bytes.
    Oob {
        /// Who sent it, on the relay's word.
        sender: PublicKey,
        /// Where it came from.
        relay: PublicKey,
        /// The payload.
        data: &'a [u8],
    },
    /// A packet out of the onion, 1 to 2031 bytes.
    Onion(&'a [u8]),
    /// A forwarded packet, 1 to 2031 bytes.
    Forwarding(&'a [u8]),
    /// The peer is online on more or fewer relays.
    PeerStatus {
        /// Which one.
        peer: PeerId,
        /// On how many; 0 if it cannot be reached now.
        online_relays: usize,
    },
    /// A relay is connected; or its connection is over, or could not be made, or its host name was
    /// not found.
    RelayStatus {
        /// Its key.
        relay: PublicKey,
        /// Whether packets flow now.
        connected: bool,
        /// Why not; `None` if we have ended it.
        failure: Option<&'a Failure>,
    },
    /// A send to this peer came to [`SendError::Busy`](super::SendError::Busy), and a relay has room
    /// again.
    Writable(PeerId),
    /// A packet for this relay itself came to `Busy`, and it has room again.
    RelayWritable(PublicKey),
    /// A line for the log.
    Log(Level, &'a dyn core::fmt::Display),
}

/// A handler of events. It may call every function of the object.
pub type Handler<'h> = dyn FnMut(Event<'_>) + 'h;

/// Why a relay is not added, tied to a peer or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayError {
    /// There is a relay with this key already; it has learned the address.
    Known,
    /// There are too many relays.
    Full,
    /// The key would give everybody the same session key.
    LowOrderKey,
    /// There is no such peer.
    NoPeer,
    /// There is no such relay.
    NotFound,
    /// The peer has three relays on which it is online, or six that may still come.
    Enough,
    /// The relay is tied to the peer already.
    Tied,
}

impl core::fmt::Display for RelayError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Known => "the relay is known already",
            Self::Full => "there are too many relays",
            Self::LowOrderKey => "the relay's key is of low order",
            Self::NoPeer => "there is no such peer",
            Self::NotFound => "there is no such relay",
            Self::Enough => "the peer has enough relays",
            Self::Tied => "the relay is tied to the peer already",
        })
    }
}

impl core::error::Error for RelayError {}

/// Why a peer is not added, or not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerError {
    /// There is a peer with this key already.
    Known,
    /// It is our own key.
    OwnKey,
    /// There is no such peer.
    NoPeer,
    /// No numbers are left.
    Full,
}

impl core::fmt::Display for PeerError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Known => "the peer is known already",
            Self::OwnKey => "it is our own key",
            Self::NoPeer => "there is no such peer",
            Self::Full => "no numbers are left for peers",
        })
    }
}

impl core::error::Error for PeerError {}
