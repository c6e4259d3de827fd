// SPDX-License-Identifier: GPL-3.0-or-later
//! Bytes to values and back: sizes, frames, handshakes, relay packets and proxy messages.
//!
//! Nothing here knows a state, a clock or a socket. Every parser returns values whose fields are
//! legal already, so that the machines above never index raw bytes. All integers on the wire are
//! big endian. Sizes and limits carry toxcore's names (tcp_client.md section 2).
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

pub mod address;
pub mod client_packet;
pub mod connection_id;
pub mod cursor;
pub mod forward_chain;
pub mod frame;
pub mod handshake;
pub mod node;
pub mod proxy;
pub mod relay_packet;

/// Bytes of an X25519 public key.
pub const CRYPTO_PUBLIC_KEY_SIZE: usize = 32;
/// Bytes of an X25519 secret key.
pub const CRYPTO_SECRET_KEY_SIZE: usize = 32;
/// Bytes of an XSalsa20 nonce.
pub const CRYPTO_NONCE_SIZE: usize = 24;
/// Bytes of a Poly1305 tag, which stands before the cipher text.
pub const CRYPTO_MAC_SIZE: usize = 16;

/// Largest value of a length prefix: tag and cipher text of one frame, in bytes.
pub const MAX_PACKET_SIZE: usize = 2048;
/// Bytes of the length prefix of a frame.
pub const FRAME_PREFIX_SIZE: usize = 2;
/// Largest frame on the wire, length prefix included, in bytes.
pub const MAX_FRAME_SIZE: usize = FRAME_PREFIX_SIZE + MAX_PACKET_SIZE;
/// Largest plain packet, id byte included, in bytes.
pub const MAX_PLAIN_SIZE: usize = MAX_PACKET_SIZE - CRYPTO_MAC_SIZE;

/// Bytes of the plain part of a handshake: temporary public key and base nonce.
pub const TCP_HANDSHAKE_PLAIN_SIZE: usize = CRYPTO_PUBLIC_KEY_SIZE + CRYPTO_NONCE_SIZE;
/// Bytes of the handshake that a relay sends.
pub const TCP_SERVER_HANDSHAKE_SIZE: usize =
    CRYPTO_NONCE_SIZE + TCP_HANDSHAKE_PLAIN_SIZE + CRYPTO_MAC_SIZE;
/// Bytes of the handshake that a client sends.
pub const TCP_CLIENT_HANDSHAKE_SIZE: usize = CRYPTO_PUBLIC_KEY_SIZE + TCP_SERVER_HANDSHAKE_SIZE;

/// Wire ids below this are packet types, ids from here on are connections.
pub const NUM_RESERVED_PORTS: u8 = 16;
/// Connections that one relay gives to one client.
pub const NUM_CLIENT_CONNECTIONS: u8 = 240;
/// Largest payload of an outgoing OOB packet, in bytes.
pub const TCP_MAX_OOB_DATA_LENGTH: usize = 1024;
/// Largest payload of an outgoing forward request, in bytes.
pub const MAX_FORWARD_DATA_SIZE: usize = 1792;
/// Largest payload of a data or onion packet: a plain packet without its id byte, in bytes.
pub const MAX_PAYLOAD_SIZE: usize = MAX_PLAIN_SIZE - 1;

/// What a parser refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The packet has another length than its kind allows; carries the length in bytes.
    Length(usize),
    /// The id byte names no packet that a relay may send.
    UnexpectedPacket(u8),
    /// A connection id below 16 where a connection is meant.
    ReservedConnection(u8),
    /// A pong for the id 0, which no ping carries.
    ZeroPingId,
    /// A length prefix above [`MAX_PACKET_SIZE`].
    FrameLength(u16),
}

impl core::fmt::Display for WireError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Length(n) => write!(f, "packet of illegal length {n}"),
            Self::UnexpectedPacket(id) => write!(f, "packet id {id} is not for clients"),
            Self::ReservedConnection(id) => write!(f, "connection id {id} is reserved"),
            Self::ZeroPingId => write!(f, "pong with id 0"),
            Self::FrameLength(n) => write!(f, "frame of illegal length {n}"),
        }
    }
}

impl core::error::Error for WireError {}
