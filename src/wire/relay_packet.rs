// SPDX-License-Identifier: GPL-3.0-or-later
//! The packets between a client and a relay, without frame and encryption.
//!
//! [`FromRelay`] is what a client may receive, [`ToRelay`] what it sends. Lengths below are of the
//! plain packet, id byte included.

use super::connection_id::ConnectionId;
use super::cursor::{Reader, Writer};
use super::{MAX_PLAIN_SIZE, NUM_RESERVED_PORTS, WireError};
use crate::crypto::PublicKey;

/// Asks for a connection id for a peer.
pub const TCP_PACKET_ROUTING_REQUEST: u8 = 0;
/// Answers a routing request.
pub const TCP_PACKET_ROUTING_RESPONSE: u8 = 1;
/// The peer behind a connection id has come online.
pub const TCP_PACKET_CONNECTION_NOTIFICATION: u8 = 2;
/// The peer behind a connection id has gone, or the client gives the id back.
pub const TCP_PACKET_DISCONNECT_NOTIFICATION: u8 = 3;
/// Asks for a pong.
pub const TCP_PACKET_PING: u8 = 4;
/// Answers a ping.
pub const TCP_PACKET_PONG: u8 = 5;
/// Packet for a peer without a connection id.
pub const TCP_PACKET_OOB_SEND: u8 = 6;
/// Packet of a peer without a connection id.
pub const TCP_PACKET_OOB_RECV: u8 = 7;
/// Packet into the onion.
pub const TCP_PACKET_ONION_REQUEST: u8 = 8;
/// Packet out of the onion.
pub const TCP_PACKET_ONION_RESPONSE: u8 = 9;
/// Packet to be forwarded to a DHT node.
pub const TCP_PACKET_FORWARD_REQUEST: u8 = 10;
/// Packet forwarded by a DHT node.
pub const TCP_PACKET_FORWARDING: u8 = 11;

/// Eight bytes that are never interpreted; all zero means "none".
pub type PingId = [u8; 8];

/// A packet that a relay may send to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromRelay<'a> {
    /// `[1][connection id: 1][peer: 32]`, 34 bytes. `connection_id` is `None` when the relay
    /// refuses (0) or gives a reserved id (1 to 15).
    RoutingResponse {
        /// The id that the relay gives to the peer.
        connection_id: Option<ConnectionId>,
        /// The peer.
        peer: PublicKey,
    },
    /// `[2][connection id: 1]`, 2 bytes.
    ConnectionNotification(ConnectionId),
    /// `[3][connection id: 1]`, 2 bytes.
    DisconnectNotification(ConnectionId),
    /// `[4][ping id: 8]`, 9 bytes.
    Ping(PingId),
    /// `[5][ping id: 8]`, 9 bytes, id not 0.
    Pong(PingId),
    /// `[7][sender: 32][data: 1 to 1999]`.
    OobRecv {
        /// Who sent it, on the relay's word.
        sender: PublicKey,
        /// What was sent.
        data: &'a [u8],
    },
    /// `[9][data: 1 to 2031]`.
    OnionResponse(&'a [u8]),
    /// `[11][data: 1 to 2031]`.
    Forwarding(&'a [u8]),
    /// `[connection id: 1][data: 0 to 2031]`. Any peer can make a relay pass on an empty one.
    Data {
        /// The id of the sending peer.
        connection_id: ConnectionId,
        /// What was sent.
        data: &'a [u8],
    },
}

impl<'a> FromRelay<'a> {
    /// Parses a decrypted packet.
    ///
    /// # Errors
    /// `Length` for a length that the kind does not allow (every kind but data needs more than one
    /// byte), `UnexpectedPacket` for ids that only clients send and for 12 to 15,
    /// `ReservedConnection` for a notification about an id below 16, `ZeroPingId` for a pong with
    /// id 0.
    ///
    /// # Source
    /// tcp_client.md section 6; the empty data packet: D-02 there
    pub fn parse(packet: &'a [u8]) -> Result<Self, WireError> {
        let length = WireError::Length(packet.len());
        let mut reader = Reader::new(packet);
        let id = reader.u8().ok_or(length)?;
        if id < NUM_RESERVED_PORTS && packet.len() < 2 {
            return Err(length);
        }
        match id {
            TCP_PACKET_ROUTING_RESPONSE => {
                let connection_id = ConnectionId::from_wire(reader.u8().ok_or(length)?).ok();
                let peer = public_key(&mut reader).ok_or(length)?;
                reader.end().ok_or(length)?;
                Ok(Self::RoutingResponse { connection_id, peer })
            }
            TCP_PACKET_CONNECTION_NOTIFICATION => {
                notification(reader, length).map(Self::ConnectionNotification)
            }
            TCP_PACKET_DISCONNECT_NOTIFICATION => {
                notification(reader, length).map(Self::DisconnectNotification)
            }
            TCP_PACKET_PING => ping_id(reader, length).map(Self::Ping),
            TCP_PACKET_PONG => match ping_id(reader, length)? {
                [0, 0, 0, 0, 0, 0, 0, 0] => Err(WireError::ZeroPingId),
                ping_id => Ok(Self::Pong(ping_id)),
            },
            TCP_PACKET_OOB_RECV => {
                let sender = public_key(&mut reader).ok_or(length)?;
                let data = payload(reader, length)?;
                Ok(Self::OobRecv { sender, data })
            }
            TCP_PACKET_ONION_RESPONSE => payload(reader, length).map(Self::OnionResponse),
            TCP_PACKET_FORWARDING => payload(reader, length).map(Self::Forwarding),
            _ => {
                let connection_id =
                    ConnectionId::from_wire(id).map_err(|_| WireError::UnexpectedPacket(id))?;
                Ok(Self::Data { connection_id, data: reader.rest() })
            }
        }
    }
}

/// A packet that a client sends to a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToRelay<'a> {
    /// `[0][peer: 32]`
    RoutingRequest(&'a PublicKey),
    /// `[3][connection id: 1]`
    DisconnectNotification(ConnectionId),
    /// `[4][ping id: 8]`
    Ping(PingId),
    /// `[5][ping id: 8]`
    Pong(PingId),
    /// `[6][destination: 32][data: 1 to 1024]`
    OobSend {
        /// DHT public key of the receiver.
        destination: &'a PublicKey,
        /// What to send.
        data: &'a [u8],
    },
    /// `[8][data: 0 to 2031]`
    OnionRequest(&'a [u8]),
    /// `[10][packed address: 7 or 19][data: 0 to 1792]`
    ForwardRequest {
        /// Where to, packed.
        destination: &'a [u8],
        /// What to send.
        data: &'a [u8],
    },
    /// `[connection id: 1][data: 0 to 2031]`
    Data {
        /// The id of the receiving peer.
        connection_id: ConnectionId,
        /// What to send.
        data: &'a [u8],
    },
}

impl ToRelay<'_> {
    /// The first byte of the packet.
    #[must_use]
    pub fn id(&self) -> u8 {
        match self {
            Self::RoutingRequest(_) => TCP_PACKET_ROUTING_REQUEST,
            Self::DisconnectNotification(_) => TCP_PACKET_DISCONNECT_NOTIFICATION,
            Self::Ping(_) => TCP_PACKET_PING,
            Self::Pong(_) => TCP_PACKET_PONG,
            Self::OobSend { .. } => TCP_PACKET_OOB_SEND,
            Self::OnionRequest(_) => TCP_PACKET_ONION_REQUEST,
            Self::ForwardRequest { .. } => TCP_PACKET_FORWARD_REQUEST,
            Self::Data { connection_id, .. } => connection_id.to_wire(),
        }
    }

    /// Writes the packet to the front of `buf` and gives its length.
    ///
    /// # Errors
    /// `Length` if the packet is longer than 2032 bytes or than `buf`.
    pub fn emit(&self, buf: &mut [u8]) -> Result<usize, WireError> {
        let (head, data): (&[u8], &[u8]) = match self {
            Self::RoutingRequest(peer) => (&peer.0, &[]),
            Self::DisconnectNotification(id) => (&[id.to_wire()], &[]),
            Self::Ping(ping_id) | Self::Pong(ping_id) => (ping_id, &[]),
            Self::OobSend { destination, data } => (&destination.0, data),
            Self::OnionRequest(data) | Self::Data { data, .. } => (&[], data),
            Self::ForwardRequest { destination, data } => (destination, data),
        };
        let length = 1 + head.len() + data.len();
        if length > MAX_PLAIN_SIZE {
            return Err(WireError::Length(length));
        }
        let mut writer = Writer::new(buf);
        let written = writer
            .put(&[self.id()])
            .and_then(|()| writer.put(head))
            .and_then(|()| writer.put(data));
        written.map(|()| length).ok_or(WireError::Length(length))
    }
}

fn public_key(reader: &mut Reader<'_>) -> Option<PublicKey> {
    reader.array().map(|bytes| PublicKey(*bytes))
}

fn notification(mut reader: Reader<'_>, length: WireError) -> Result<ConnectionId, WireError> {
    let id = reader.u8().ok_or(length)?;
    reader.end().ok_or(length)?;
    ConnectionId::from_wire(id)
}

fn ping_id(mut reader: Reader<'_>, length: WireError) -> Result<PingId, WireError> {
    let ping_id = *reader.array().ok_or(length)?;
    reader.end().ok_or(length)?;
    Ok(ping_id)
}

fn payload(reader: Reader<'_>, length: WireError) -> Result<&[u8], WireError> {
    let data = reader.rest();
    if data.is_empty() { Err(length) } else { Ok(data) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::MAX_PAYLOAD_SIZE;

    #[test]
    fn every_packet_of_at_most_one_byte_is_refused_but_data() {
        assert_eq!(FromRelay::parse(&[]), Err(WireError::Length(0)));
        for id in 0..16 {
            assert_eq!(FromRelay::parse(&[id]), Err(WireError::Length(1)), "id {id}");
        }
        for id in 16..=255 {
            let connection_id = ConnectionId::from_wire(id).unwrap();
            assert_eq!(FromRelay::parse(&[id]), Ok(FromRelay::Data { connection_id, data: &[] }));
        }
    }

    #[test]
    fn ids_that_only_clients_send_are_refused() {
        for id in [0, 6, 8, 10, 12, 13, 14, 15] {
            let packet = [&[id][..], &[1; 39]].concat();
            assert_eq!(FromRelay::parse(&packet), Err(WireError::UnexpectedPacket(id)));
        }
    }

    #[test]
    fn fixed_lengths_are_exact() {
        for (id, exact) in [(1, 34), (2, 2), (3, 2), (4, 9), (5, 9)] {
            for length in 2..60 {
                let mut packet = vec![20; length];
                packet[0] = id;
                let parsed = FromRelay::parse(&packet);
                if length == exact {
                    assert!(parsed.is_ok(), "id {id}, length {length}");
                } else {
                    assert_eq!(parsed, Err(WireError::Length(length)), "id {id}, length {length}");
                }
            }
        }
    }

    #[test]
    fn oob_needs_data() {
        let mut packet = vec![7; 33];
        assert_eq!(FromRelay::parse(&packet), Err(WireError::Length(33)));
        packet.push(9);
        let sender = PublicKey([7; 32]);
        assert_eq!(FromRelay::parse(&packet), Ok(FromRelay::OobRecv { sender, data: &[9] }));
    }

    #[test]
    fn limits_of_outgoing_packets() {
        let connection_id = ConnectionId::from_index(0).unwrap();
        let mut buf = [0; MAX_PLAIN_SIZE];
        let data = [1; MAX_PAYLOAD_SIZE + 1];
        let longest = ToRelay::Data { connection_id, data: &data[1..] };
        assert_eq!(longest.emit(&mut buf), Ok(MAX_PLAIN_SIZE));
        let too_long = ToRelay::Data { connection_id, data: &data };
        assert_eq!(too_long.emit(&mut buf), Err(WireError::Length(MAX_PLAIN_SIZE + 1)));
        assert_eq!(too_long.emit(&mut [0; 5]), Err(WireError::Length(MAX_PLAIN_SIZE + 1)));
    }
}
