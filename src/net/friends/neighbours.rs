// SPDX-License-Identifier: GPL-3.0-or-later
//! What friend connections are made of, and whom they tell: to be written by the program.

use core::net::SocketAddr;
use std::sync::OnceLock;

use crate::net::Stopwatch;
use crate::proto::friend::{DhtPublicKey, RealPublicKey};
use crate::proto::relay::note::Level;
use crate::proto::time::Timestamp;
use crate::wire::node::Node;

/// A friend; not used again for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FriendNumber(pub u32);

/// Onion client, DHT and net_crypto, as far as friend connections need them.
///
/// Nothing is locked while one of these functions runs: it may call every method of the
/// [`Friends`](super::Friends) that it serves, at any depth. The methods without a body are needed;
/// the others stand for a neighbour that is not there.
///
/// What a neighbour learns, it reports: [`Friends::handle_dht_key`](super::Friends::handle_dht_key)
/// and its siblings.
///
/// # Source
/// friend_connection.md section 12
pub trait Neighbours {
    /// A connection that somebody else has begun, as the neighbour hands it to
    /// [`Friends::handle_offer`](super::Friends::handle_offer) and gets it back in
    /// [`Self::crypto_accept`]. `()` if none are accepted.
    type Offer;

    /// `onion_addfriend`: look for the friend with this long-term key, and let it find us. The
    /// answer is the onion's number for it, not negative; the same again for a key that is known;
    /// `None` to refuse.
    fn onion_add(&self, key: &RealPublicKey) -> Option<i32>;

    /// Which friend that is: what the onion learns is to be reported under this number
    /// (`recv_tcp_relay_handler`, `onion_dht_pk_callback`).
    fn onion_bind(&self, onion: i32, friend: FriendNumber) {
        let _ = (onion, friend);
    }

    /// `onion_delfriend`: the number of [`Self::onion_add`] is not used any more.
    fn onion_delete(&self, onion: i32);

    /// `onion_set_friend_online`: whether the friend is connected, so that the onion need not look
    /// for it.
    fn onion_set_online(&self, onion: i32, online: bool) {
        let _ = (onion, online);
    }

    /// `onion_set_friend_dht_pubkey`: the friend's DHT key, learned elsewhere.
    fn onion_set_dht_key(&self, onion: i32, key: &DhtPublicKey) {
        let _ = (onion, key);
    }

    /// `send_onion_data`: a friend request to somebody who is not connected. The first byte is
    /// [`CRYPTO_PACKET_FRIEND_REQ`](crate::proto::friend::packet::CRYPTO_PACKET_FRIEND_REQ), at
    /// most 1021 bytes in all. Whether at least one packet was sent.
    fn onion_send(&self, onion: i32, packet: &[u8]) -> bool {
        let _ = (onion, packet);
        false
    }

    /// `dht_addfriend`: look for the address of the node with this key, and report it with
    /// [`Friends::handle_address`](super::Friends::handle_address) each time it is confirmed. The
    /// answer is a token for [`Self::dht_delete`]; `None` to refuse, then it is asked again 10
    /// seconds later.
    fn dht_add(&self, key: &DhtPublicKey) -> Option<u32>;

    /// `dht_delfriend`: nobody needs the address any more.
    fn dht_delete(&self, key: &DhtPublicKey, token: u32);

    /// `new_crypto_connection`: connect to this friend. The answer is the connection's number, not
    /// negative; `None` to refuse, then the next iteration asks again. When the connection is up,
    /// or over, [`Friends::handle_status`](super::Friends::handle_status) is to be told, but not
    /// before this function has returned. One that is reported as over is not used any more.
    fn crypto_new(
        &self,
        friend: FriendNumber,
        real_key: &RealPublicKey,
        dht_key: &DhtPublicKey,
    ) -> Option<i32>;

    /// `accept_crypto_connection`: the connection that this friend has begun is welcome. The answer
    /// as of [`Self::crypto_new`].
    fn crypto_accept(&self, friend: FriendNumber, offer: &Self::Offer) -> Option<i32> {
        let _ = (friend, offer);
        None
    }

    /// `crypto_kill`: end a connection, or the attempt at one; nothing is to be reported of it any
    /// more.
    fn crypto_kill(&self, connection: i32);

    /// `set_direct_ip_port`: where the other end is, or was: `connected` says whether the DHT has
    /// just confirmed it.
    fn crypto_set_direct(&self, connection: i32, address: SocketAddr, connected: bool) {
        let _ = (connection, address, connected);
    }

    /// `write_cryptpacket` without congestion control: sends a packet, reliably and in order.
    /// Whether it was taken.
    fn crypto_write(&self, connection: i32, packet: &[u8]) -> bool;

    /// `add_tcp_relay_peer`: the other end of this connection can be reached over this relay.
    /// Whether it will be tried.
    fn relay_add_for(&self, connection: i32, relay: &Node) -> bool {
        let _ = (connection, relay);
        false
    }

    /// `add_tcp_relay`: a relay for all. Whether it was taken.
    fn relay_add(&self, relay: &Node) -> bool {
        let _ = relay;
        false
    }

    /// `copy_connected_tcp_relays_index`: at most `max` of our own connected relays, from this
    /// place in their list on (the list begins again at its end), for the friend to find us at.
    fn relays_copy(&self, max: usize, index: u32) -> Vec<Node> {
        let _ = (max, index);
        Vec::new()
    }

    /// Whether [`Self::lan_send`] is to be called. Asked once.
    fn has_lan_discovery(&self) -> bool {
        false
    }

    /// `lan_discovery_send`: tells the local network, at this port, that we are here.
    fn lan_send(&self, port: u16) {
        let _ = port;
    }

    /// The seconds of a clock that only moves forward; it may begin anywhere.
    fn seconds(&self) -> Timestamp {
        system_seconds()
    }

    /// A line for the log. It holds no keys and no addresses.
    fn log(&self, level: Level, message: &str) {
        let _ = (level, message);
    }
}

/// Who is told of friends. Nothing is locked meanwhile, as in [`Neighbours`].
pub trait Handler {
    /// A friend has come online, or went offline.
    fn status(&self, friend: FriendNumber, online: bool) {
        let _ = (friend, online);
    }

    /// A packet that arrives reliably and in order. The first byte says what it is; 16, 17 and 18
    /// never get here.
    fn data(&self, friend: FriendNumber, packet: &[u8]) {
        let _ = (friend, packet);
    }

    /// A packet that may get lost.
    fn lossy(&self, friend: FriendNumber, packet: &[u8]) {
        let _ = (friend, packet);
    }

    /// Somebody, who may be a friend already, wants to be one. The nospam has to be checked.
    fn request(&self, key: &RealPublicKey, nospam: [u8; 4], message: &[u8]) {
        let _ = (key, nospam, message);
    }
}

/// Tells nobody.
impl Handler for () {}

/// Seconds since the first question, from the system's clock.
#[must_use]
pub fn system_seconds() -> Timestamp {
    static CLOCK: OnceLock<Stopwatch> = OnceLock::new();
    Timestamp(CLOCK.get_or_init(Stopwatch::start).now().0 / 1000)
}
