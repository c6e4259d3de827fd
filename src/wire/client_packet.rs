// SPDX-License-Identifier: GPL-3.0-or-later
//! Relay packets as a relay sees them: parsed from clients, written to clients.

use super::connection_id::ConnectionId;
use super::cursor::{Reader, Writer};
use super::relay_packet::{
    PingId, TCP_PACKET_CONNECTION_NOTIFICATION, TCP_PACKET_DISCONNECT_NOTIFICATION,
    TCP_PACKET_FORWARD_REQUEST, TCP_PACKET_ONION_REQUEST, TCP_PACKET_OOB_RECV, TCP_PACKET_OOB_SEND,
    TCP_PACKET_PING, TCP_PACKET_PONG, TCP_PACKET_ROUTING_REQUEST, TCP_PACKET_ROUTING_RESPONSE,
};
use super::{CRYPTO_PUBLIC_KEY_SIZE, MAX_PLAIN_SIZE, TCP_MAX_OOB_DATA_LENGTH, WireError};
use crate::crypto::PublicKey;

/// A packet that a client may send to a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromClient<'a> {
    /// `[0][peer: 32]`, 33 bytes.
    RoutingRequest(PublicKey),
    /// `[2][connection id: 1]`, 2 bytes. Means nothing to a relay.
    ConnectionNotification,
    /// `[3][connection id: 1]`, 2 bytes.
    DisconnectNotification(ConnectionId),
    /// `[4][ping id: 8]`, 9 bytes.
    Ping(PingId),
    /// `[5][ping id: 8]`, 9 bytes, id not 0.
    Pong(PingId),
    /// `[6][destination: 32][data: 1 to 1024]`
    OobSend {
        /// DHT public key of the receiver.
        destination: PublicKey,
        /// What to pass on.
        data: &'a [u8],
    },
    /// `[8][data: 0 to 2031]`, for a relay that knows the onion.
    OnionRequest(&'a [u8]),
    /// `[10][packed address: 7 or 19][data: 0 to 1792]`, not looked into.
    ForwardRequest(&'a [u8]),
    /// `[connection id: 1][data: 0 to 2031]`
    Data {
        /// The id that the client has for the receiving peer.
        connection_id: ConnectionId,
        /// What to pass on.
        data: &'a [u8],
    },
}

impl<'a> FromClient<'a> {
    /// Parses a decrypted packet.
    ///
    /// # Errors
    /// `Length` for a length that the kind does not allow, `UnexpectedPacket` for ids that only
    /// relays send and for 12 to 15, `ReservedConnection` for a disconnect notification about an id
    /// below 16, `ZeroPingId` for a pong with id 0.
    ///
    /// # Source
    /// tcp_client.md section 6
    pub fn parse(packet: &'a [u8]) -> Result<Self, WireError> {
        let length = WireError::Length(packet.len());
        let mut reader = Reader::new(packet);
        let id = reader.u8().ok_or(length)?;
        match id {
            TCP_PACKET_ROUTING_REQUEST => {
                let peer = PublicKey(*reader.array().ok_or(length)?);
                reader.end().ok_or(length)?;
                Ok(Self::RoutingRequest(peer))
            }
            TCP_PACKET_CONNECTION_NOTIFICATION => {
                reader.u8().ok_or(length)?;
                reader.end().ok_or(length)?;
                Ok(Self::ConnectionNotification)
            }
            TCP_PACKET_DISCONNECT_NOTIFICATION => {
                let connection_id = reader.u8().ok_or(length)?;
                reader.end().ok_or(length)?;
                ConnectionId::from_wire(connection_id).map(Self::DisconnectNotification)
            }
            TCP_PACKET_PING | TCP_PACKET_PONG => {
                let ping_id: PingId = *reader.array().ok_or(length)?;
                reader.end().ok_or(length)?;
                match (id, ping_id) {
                    (TCP_PACKET_PING, _) => Ok(Self::Ping(ping_id)),
                    (_, [0, 0, 0, 0, 0, 0, 0, 0]) => Err(WireError::ZeroPingId),
                    (..) => Ok(Self::Pong(ping_id)),
                }
            }
            TCP_PACKET_OOB_SEND => {
                let destination = PublicKey(*reader.array().ok_or(length)?);
                let data = reader.rest();
                if data.is_empty() || data.len() > TCP_MAX_OOB_DATA_LENGTH {
                    return Err(length);
                }
                Ok(Self::OobSend { destination, data })
            }
            TCP_PACKET_ONION_REQUEST => Ok(Self::OnionRequest(reader.rest())),
            TCP_PACKET_FORWARD_REQUEST => Ok(Self::ForwardRequest(reader.rest())),
            _ => {
                let connection_id =
                    ConnectionId::from_wire(id).map_err(|_| WireError::UnexpectedPacket(id))?;
                Ok(Self::Data { connection_id, data: reader.rest() })
            }
        }
    }
}

/// A packet that a relay sends to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToClient<'a> {
    /// `[1][connection id, 0 for a refusal: 1][peer: 32]`
    RoutingResponse {
        /// The id for the peer; `None` refuses.
        connection_id: Option<ConnectionId>,
        /// The peer.
        peer: PublicKey,
    },
    /// `[2][connection id: 1]`
    ConnectionNotification(ConnectionId),
    /// `[3][connection id: 1]`
    DisconnectNotification(ConnectionId),
    /// `[4][ping id: 8]`
    Ping(PingId),
    /// `[5][ping id: 8]`
    Pong(PingId),
    /// `[7][sender: 32][data: 1 to 1024]`
    OobRecv {
        /// Who sent it.
        sender: PublicKey,
        /// What was sent.
        data: &'a [u8],
    },
    /// `[connection id: 1][data: 1 to 2031]`
    Data {
        /// The id that the receiver has for the sender.
        connection_id: ConnectionId,
        /// What was sent.
        data: &'a [u8],
    },
}

impl ToClient<'_> {
    /// Bytes of the plain packet.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::RoutingResponse { .. } => 2 + CRYPTO_PUBLIC_KEY_SIZE,
            Self::ConnectionNotification(_) | Self::DisconnectNotification(_) => 2,
            Self::Ping(_) | Self::Pong(_) => 9,
            Self::OobRecv { data, .. } => 1 + CRYPTO_PUBLIC_KEY_SIZE + data.len(),
            Self::Data { data, .. } => 1 + data.len(),
        }
    }

    /// Writes the packet to the front of `buf` and gives its length.
    ///
    /// # Errors
    /// `Length` if the packet is longer than 2032 bytes or than `buf`.
    pub fn emit(&self, buf: &mut [u8]) -> Result<usize, WireError> {
        let (id, head, data): (u8, &[u8], &[u8]) = match self {
            Self::RoutingResponse { connection_id, peer } => {
                let id = connection_id.map_or(0, ConnectionId::to_wire);
                let head = [&[id][..], &peer.0].concat();
                return put(buf, TCP_PACKET_ROUTING_RESPONSE, &head, &[]);
            }
            Self::ConnectionNotification(id) => {
                (TCP_PACKET_CONNECTION_NOTIFICATION, &[id.to_wire()], &[])
            }
            Self::DisconnectNotification(id) => {
                (TCP_PACKET_DISCONNECT_NOTIFICATION, &[id.to_wire()], &[])
            }
            Self::Ping(ping_id) => (TCP_PACKET_PING, ping_id, &[]),
            Self::Pong(ping_id) => (TCP_PACKET_PONG, ping_id, &[]),
            Self::OobRecv { sender, data } => (TCP_PACKET_OOB_RECV, &sender.0, data),
            Self::Data { connection_id, data } => (connection_id.to_wire(), &[], data),
        };
        put(buf, id, head, data)
    }
}

fn put(buf: &mut [u8], id: u8, head: &[u8], data: &[u8]) -> Result<usize, WireError> {
    let length = 1 + head.len() + data.len();
    if length > MAX_PLAIN_SIZE {
        return Err(WireError::Length(length));
    }
    let mut writer = Writer::new(buf);
    let written = writer.put(&[id]).and_then(|()| writer.put(head)).and_then(|()| writer.put(data));
    written.map(|()| length).ok_or(WireError::Length(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::relay_packet::{FromRelay, ToRelay};

    fn emitted(packet: &ToClient<'_>) -> Vec<u8> {
        let mut buf = [0; MAX_PLAIN_SIZE];
        let length = packet.emit(&mut buf).unwrap();
        assert_eq!(length, packet.size());
        buf[..length].to_vec()
    }

    #[test]
    fn a_client_reads_what_a_relay_writes() {
        let id = ConnectionId::from_index(3).unwrap();
        let peer = PublicKey([7; 32]);
        for (packet, read) in [
            (
                ToClient::RoutingResponse { connection_id: Some(id), peer },
                FromRelay::RoutingResponse { connection_id: Some(id), peer },
            ),
            (
                ToClient::RoutingResponse { connection_id: None, peer },
                FromRelay::RoutingResponse { connection_id: None, peer },
            ),
            (ToClient::ConnectionNotification(id), FromRelay::ConnectionNotification(id)),
            (ToClient::DisconnectNotification(id), FromRelay::DisconnectNotification(id)),
            (ToClient::Ping([1; 8]), FromRelay::Ping([1; 8])),
            (ToClient::Pong([2; 8]), FromRelay::Pong([2; 8])),
            (
                ToClient::OobRecv { sender: peer, data: b"oob" },
                FromRelay::OobRecv { sender: peer, data: b"oob" },
            ),
            (
                ToClient::Data { connection_id: id, data: b"data" },
                FromRelay::Data { connection_id: id, data: b"data" },
            ),
        ] {
            assert_eq!(FromRelay::parse(&emitted(&packet)), Ok(read));
        }
    }

    #[test]
    fn a_relay_reads_what_a_client_writes() {
        let id = ConnectionId::from_index(3).unwrap();
        let peer = PublicKey([7; 32]);
        for (packet, read) in [
            (ToRelay::RoutingRequest(&peer), FromClient::RoutingRequest(peer)),
            (ToRelay::DisconnectNotification(id), FromClient::DisconnectNotification(id)),
            (ToRelay::Ping([1; 8]), FromClient::Ping([1; 8])),
            (ToRelay::Pong([2; 8]), FromClient::Pong([2; 8])),
            (
                ToRelay::OobSend { destination: &peer, data: b"oob" },
                FromClient::OobSend { destination: peer, data: b"oob" },
            ),
            (ToRelay::OnionRequest(b"onion"), FromClient::OnionRequest(b"onion")),
            (
                ToRelay::Data { connection_id: id, data: b"data" },
                FromClient::Data { connection_id: id, data: b"data" },
            ),
        ] {
            let mut buf = [0; MAX_PLAIN_SIZE];
            let length = packet.emit(&mut buf).unwrap();
            assert_eq!(FromClient::parse(&buf[..length]), Ok(read));
        }
    }

    #[test]
    fn what_a_client_must_not_send_is_refused() {
        let oob = |length: usize| [&[6; 33][..], &vec![0; length]].concat();
        for (packet, error) in [
            (vec![], WireError::Length(0)),
            (vec![0; 32], WireError::Length(32)),
            (vec![0; 34], WireError::Length(34)),
            (vec![1; 34], WireError::UnexpectedPacket(1)),
            (vec![2], WireError::Length(1)),
            (vec![3, 15], WireError::ReservedConnection(15)),
            (vec![3, 16, 0], WireError::Length(3)),
            (vec![4; 8], WireError::Length(8)),
            (vec![5; 10], WireError::Length(10)),
            (vec![5, 0, 0, 0, 0, 0, 0, 0, 0], WireError::ZeroPingId),
            (oob(0), WireError::Length(33)),
            (oob(1025), WireError::Length(1058)),
            (vec![7; 40], WireError::UnexpectedPacket(7)),
            (vec![9; 40], WireError::UnexpectedPacket(9)),
            (vec![11; 40], WireError::UnexpectedPacket(11)),
            (vec![12; 40], WireError::UnexpectedPacket(12)),
            (vec![15; 40], WireError::UnexpectedPacket(15)),
        ] {
            assert_eq!(FromClient::parse(&packet), Err(error), "{packet:?}");
        }
        assert!(FromClient::parse(&oob(1024)).is_ok());
    }
}
