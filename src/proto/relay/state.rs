// SPDX-License-Identifier: GPL-3.0-or-later
//! The states of a relay client and why it leaves them.

use crate::wire::WireError;
use crate::wire::proxy::Refusal;

/// `TCP_Client_Status`, with toxcore's numbers. [`Self::Disconnected`] is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Waits for the answer of an HTTP proxy.
    ProxyHttpConnecting = 1,
    /// Waits for the SOCKS5 method.
    ProxySocks5Connecting = 2,
    /// Waits for the SOCKS5 connection.
    ProxySocks5Unconfirmed = 3,
    /// The handshake is being written.
    Connecting = 4,
    /// Waits for the relay's handshake.
    Unconfirmed = 5,
    /// Packets flow.
    Confirmed = 6,
    /// Over; see [`Reason`].
    Disconnected = 7,
}

/// Why a connection is over, or will be when its time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Not confirmed within 10 seconds.
    ConnectTimeout,
    /// No pong within 10 seconds.
    PingTimeout,
    /// The connection could not be made; carries `errno`, or 0 if that is not known.
    ConnectFailed(i32),
    /// The other side closed the connection.
    Closed,
    /// Reading or writing failed; carries `errno`.
    Io(i32),
    /// The proxy said no.
    Proxy(Refusal),
    /// The relay's handshake does not belong to its key.
    HandshakeForged,
    /// The relay's temporary key would give everybody the same session key.
    LowOrderKey,
    /// A frame that was not sealed by the relay, or not at this place.
    FrameForged,
    /// A packet that a relay may not send.
    Packet(WireError),
    /// The relay sends pings and does not read the pongs.
    PongFlood,
    /// A defect of this library; the connection is given up.
    Internal,
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let os = std::io::Error::from_raw_os_error;
        match self {
            Self::ConnectTimeout => f.write_str("not confirmed within 10 seconds"),
            Self::PingTimeout => f.write_str("no pong within 10 seconds"),
            Self::ConnectFailed(0) => f.write_str("cannot connect"),
            Self::ConnectFailed(errno) => write!(f, "cannot connect: {}", os(*errno)),
            Self::Closed => f.write_str("closed by the other side"),
            Self::Io(errno) => write!(f, "socket failed: {}", os(*errno)),
            Self::Proxy(refusal) => write!(f, "{refusal}"),
            Self::HandshakeForged => f.write_str("handshake does not belong to the relay's key"),
            Self::LowOrderKey => f.write_str("temporary key of low order in the handshake"),
            Self::FrameForged => f.write_str("frame with a wrong tag"),
            Self::Packet(error) => write!(f, "{error}"),
            Self::PongFlood => f.write_str("relay sends pings without reading the pongs"),
            Self::Internal => f.write_str("internal error"),
        }
    }
}

/// Why a packet was not sent. toxcore's 1 / 0 / -1 is `Ok` / [`Self::Busy`] / the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Not now: the socket or a queue is full.
    Busy,
    /// The connection is not confirmed, or over.
    NotConfirmed,
    /// The socket has failed; the next step ends the connection.
    Broken,
    /// The peer behind the connection id is not online.
    NotOnline,
    /// The payload has a length that this packet does not allow, in bytes.
    Length(usize),
}

impl core::fmt::Display for SendError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Busy => f.write_str("the socket is full"),
            Self::NotConfirmed => f.write_str("the relay connection is not confirmed"),
            Self::Broken => f.write_str("the socket has failed"),
            Self::NotOnline => f.write_str("the peer is not online at this relay"),
            Self::Length(length) => write!(f, "payload of illegal length {length}"),
        }
    }
}

impl core::error::Error for SendError {}
