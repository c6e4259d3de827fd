// SPDX-License-Identifier: GPL-3.0-or-later
//! What friend connections want from their neighbours and report upwards, and the answers.

use core::net::SocketAddr;

use super::{DhtPublicKey, FriendRef, FriendconId, RealPublicKey};
use crate::wire::node::Node;

/// Sets of callbacks of a friend connection: one for its messenger, one for conferences.
pub const MAX_FRIEND_CONNECTION_CALLBACKS: usize = 2;

/// Something to be done before the next one is asked for. Those with an answer say which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `onion_addfriend`; [`Answer::Number`].
    OnionAdd(RealPublicKey),
    /// `recv_tcp_relay_handler` and `onion_dht_pk_callback` for an onion friend.
    OnionHandlers(i32, FriendconId),
    /// `onion_delfriend`
    OnionDelete(i32),
    /// `onion_set_friend_online`
    OnionOnline(i32, bool),
    /// `onion_set_friend_DHT_pubkey`
    OnionKey(i32, DhtPublicKey),
    /// `send_onion_data`; [`Answer::Number`].
    OnionData(i32, Vec<u8>),
    /// `dht_addfriend`; [`Answer::Token`].
    DhtAdd(DhtPublicKey, FriendconId),
    /// `dht_delfriend`; [`Answer::Done`].
    DhtDelete(DhtPublicKey, u32),
    /// `new_crypto_connection`; [`Answer::Number`].
    NewCrypto(RealPublicKey, DhtPublicKey),
    /// `accept_crypto_connection` for the connection that is being offered; [`Answer::Number`].
    Accept,
    /// `connection_status_handler`, `connection_data_handler`, `connection_lossy_data_handler`
    CryptoHandlers(i32, FriendconId),
    /// `nc_dht_pk_callback`
    CryptoKeyHandler(i32, FriendconId),
    /// `crypto_kill`
    CryptoKill(i32),
    /// `set_direct_ip_port`; without an address the family is 0, which net_crypto refuses.
    Direct(i32, Option<SocketAddr>, bool),
    /// `add_tcp_relay_peer`; [`Answer::Done`].
    RelayPeer(i32, Node),
    /// `add_tcp_relay`; [`Answer::Done`].
    Relay(Node),
    /// `copy_connected_tcp_relays_index`, so many from this index on; [`Answer::Nodes`].
    CopyRelays(u16, u32),
    /// `write_cryptpacket` without congestion control; [`Answer::Done`].
    Write(i32, Vec<u8>),
    /// `lan_discovery_send` to this port
    Lan(u16),
    /// The global status callback.
    GlobalStatus(FriendRef, bool),
    /// The status callback of one of the two sets.
    Status(FriendRef, usize, bool),
    /// There is a new friend connection, with this onion friend.
    Created(FriendRef, i32),
    /// Its address has changed, or is too old to be used.
    Address(FriendRef, Option<SocketAddr>),
    /// It is gone; the last command about it.
    Removed(FriendRef),
}

/// What a neighbour said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing that matters.
    None,
    /// A number, negative for failure.
    Number(i32),
    /// The token under which the DHT knows the key; `None` for failure.
    Token(Option<u32>),
    /// Whether it worked.
    Done(bool),
    /// Relays.
    Nodes(Vec<Node>),
}
