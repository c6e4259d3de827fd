// SPDX-License-Identifier: GPL-3.0-or-later
//! What packets of a friend do (friend_connection.md sections 7.6 to 8).

use super::slot::Status;
use super::task::{Step, Task};
use super::{DhtPublicKey, FriendConnections, FriendRef, FriendconId, RealPublicKey};
use crate::proto::time::Timestamp;
use crate::wire::node::unpack_nodes;

/// Sign of life.
pub const PACKET_ID_ALIVE: u8 = 16;
/// A list of relays.
pub const PACKET_ID_SHARE_RELAYS: u8 = 17;
/// A friend request to somebody who is connected.
pub const PACKET_ID_FRIEND_REQUESTS: u8 = 18;
/// A friend request through the onion.
pub const CRYPTO_PACKET_FRIEND_REQ: u8 = 32;
/// Relays in a list.
pub const MAX_SHARED_RELAYS: u16 = 3;
/// Longest payload of the onion, id included.
const ONION_CLIENT_MAX_DATA_SIZE: usize = 1021;
/// Bytes of a nospam.
const NOSPAM_SIZE: usize = 4;

/// What a packet is.
#[derive(Debug)]
pub enum Incoming {
    /// Of no friend, empty, or not to be read.
    Refused,
    /// Taken in.
    Consumed,
    /// Relays; the task ties them to the friend.
    Relays(Task),
    /// A friend request, for its callback, with the id byte.
    Request(RealPublicKey),
    /// For both sets of callbacks.
    Deliver(FriendRef),
}

impl FriendConnections {
    /// A lossless packet of a friend.
    pub fn handle_packet(&mut self, id: FriendconId, packet: &[u8], now: Timestamp) -> Incoming {
        let (Some(friend), Some((first, rest))) = (self.reference(id), packet.split_first()) else {
            return Incoming::Refused;
        };
        self.handle_sign_of_life(friend, now);
        match *first {
            PACKET_ID_ALIVE => Incoming::Consumed,
            PACKET_ID_SHARE_RELAYS => match unpack_nodes(rest, usize::from(MAX_SHARED_RELAYS)) {
                None => Incoming::Refused,
                Some(nodes) => {
                    let steps = nodes.into_iter().map(|node| Step::Insert(friend, node));
                    Incoming::Relays(Task::new(steps))
                }
            },
            PACKET_ID_FRIEND_REQUESTS => match self.get(id) {
                Some(found) => Incoming::Request(found.real_pk),
                None => Incoming::Refused,
            },
            _ => Incoming::Deliver(friend),
        }
    }

    /// A lossy packet of a friend.
    pub fn handle_lossy(&mut self, id: FriendconId, packet: &[u8], now: Timestamp) -> Incoming {
        match self.reference(id) {
            Some(friend) if !packet.is_empty() => {
                self.handle_sign_of_life(friend, now);
                Incoming::Deliver(friend)
            }
            Some(_) | None => Incoming::Refused,
        }
    }

    /// Sends a friend request (`send_friend_request_packet`): over the connection if there is one,
    /// else through the onion. The task's result is what C expects.
    #[must_use]
    pub fn begin_request(&mut self, id: FriendconId, nospam: [u8; 4], message: &[u8]) -> Task {
        let length = 1 + NOSPAM_SIZE + message.len();
        let Some(friend) = self.get(id) else { return Task::failed() };
        if message.is_empty() || length > ONION_CLIENT_MAX_DATA_SIZE {
            return Task::failed();
        }
        let packet = |first: u8| [&[first][..], &nospam, message].concat();
        let step = match (friend.status, friend.crypto) {
            (Status::Connected, Some(crypto)) => {
                Step::WriteRequest(crypto, packet(PACKET_ID_FRIEND_REQUESTS))
            }
            (Status::Connected, None) | (Status::Connecting, _) => {
                Step::OnionRequest(friend.onion, packet(CRYPTO_PACKET_FRIEND_REQ))
            }
        };
        Task::new([step])
    }

    /// Any packet shows that the friend is there: one that waits behind others must not take it
    /// offline (D11). The timetable is set right when the old time comes, not with every packet.
    fn handle_sign_of_life(&mut self, friend: FriendRef, now: Timestamp) {
        if let Some(found) = self.friend_mut(friend) {
            found.heard = now;
        }
    }

    /// The key of this run of the friend's program; 32 zero bytes while unknown.
    #[must_use]
    pub fn dht_pk_bytes(&self, id: FriendconId) -> Option<[u8; 32]> {
        let key = self.get(id)?.dht_pk;
        Some(key.map_or([0; 32], |DhtPublicKey(key)| key.0))
    }
}
