// SPDX-License-Identifier: GPL-3.0-or-later
//! Why connections end.

use crate::wire::WireError;

/// Why a client is no longer served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its side of the stream has ended or failed.
    Closed,
    /// The handshake is not for this relay, or forged.
    Handshake,
    /// No frame came in time.
    NotConfirmed,
    /// A frame that is not the next one.
    FrameForged,
    /// A packet that no client may send.
    Packet(WireError),
    /// A connection id that it does not have.
    UnknownConnection,
    /// It has called again.
    Replaced,
    /// It was not confirmed yet, and others call.
    Crowded,
    /// A ping was not answered.
    PingTimeout,
    /// It asks and does not read.
    Flood,
    /// A defect of ours.
    Internal,
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Closed => f.write_str("it has hung up"),
            Self::Handshake => f.write_str("its handshake is not for this relay"),
            Self::NotConfirmed => f.write_str("it sent nothing in time"),
            Self::FrameForged => f.write_str("a frame cannot be opened"),
            Self::Packet(error) => write!(f, "it broke the protocol: {error}"),
            Self::UnknownConnection => f.write_str("it named a connection id that it has not"),
            Self::Replaced => f.write_str("it has called again"),
            Self::Crowded => f.write_str("it was not confirmed yet, and there was no room"),
            Self::PingTimeout => f.write_str("it did not answer a ping"),
            Self::Flood => f.write_str("it asks for more than it reads"),
            Self::Internal => f.write_str("internal error"),
        }
    }
}
