// SPDX-License-Identifier: GPL-3.0-or-later
//! How relays and peers of `Toxlink_Connections` fare.

use core::ffi::c_char;

use super::connections::Toxlink_Connections;
use super::entry::{array, look, public_key, write_sized};
use crate::ffi::sized::small;
use crate::net::connections::{PeerId, PeerStatistics, Phase, RelayStatistics};

/// What is being done with a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Relay_State {
    /// Its host name is being looked up.
    LookingUp,
    /// It is being connected.
    Connecting,
    /// Packets flow.
    Connected,
    /// It is only remembered, because nobody needs it now.
    Sleeping,
    /// It could not be reached, and is tried again.
    Waiting,
}

/// A time that is not known.
pub const TOXLINK_UNKNOWN_MS: u32 = u32::MAX;

/// How a relay fares.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Toxlink_Relay_Info {
    /// Its key.
    pub public_key: [u8; 32],
    /// Where it is, "host:port"; empty if that is not known.
    pub address: [c_char; 272],
    /// Why its last connection ended, in English; empty if none did.
    pub last_error: [c_char; 128],
    /// A Toxlink_Relay_State.
    pub state: u32,
    /// It does not answer: other relays carry the data.
    pub suspected: bool,
    /// It is kept for the onion.
    pub onion: bool,
    /// The newest round trip in milliseconds, or TOXLINK_UNKNOWN_MS.
    pub round_trip_last_ms: u32,
    /// The smoothed one.
    pub round_trip_smoothed_ms: u32,
    /// Peers that are tied to it.
    pub peers: u32,
    /// Peers that are online there.
    pub online_peers: u32,
    /// Connections begun.
    pub attempts: u32,
    /// Times it was connected again.
    pub reconnects: u32,
    /// Times it was suspected.
    pub suspicions: u32,
    /// Bytes that wait for the socket.
    pub queued_bytes: u64,
    /// Bytes written, over all its connections.
    pub bytes_sent: u64,
    /// Bytes read.
    pub bytes_received: u64,
    /// Encrypted packets written.
    pub packets_sent: u64,
    /// Encrypted packets read.
    pub packets_received: u64,
    /// Packets not taken because the socket was full.
    pub dropped_full: u64,
    /// Packets not taken because the connection was not there, or had failed.
    pub dropped_broken: u64,
    /// Packets not taken because of their length, or because the peer was not online.
    pub dropped_refused: u64,
}

/// How a peer fares.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Toxlink_Peer_Info {
    /// Its key.
    pub public_key: [u8; 32],
    /// The key of the relay that carries its packets, if there is one.
    pub carrier: [u8; 32],
    /// Whether there is one.
    pub has_carrier: bool,
    /// It is reached in another way now.
    pub sleeping: bool,
    /// Relays that are tied to it.
    pub relays: u32,
    /// Relays at which it is online.
    pub online_relays: u32,
    /// Times another relay took over because the carrier failed or did not answer.
    pub failovers: u32,
    /// Times another relay took over because it was faster, or came back.
    pub switches: u32,
    /// Packets that a relay took.
    pub packets_sent: u64,
    /// Packets received.
    pub packets_received: u64,
    /// Copies of packets sent out of band, because the peer was online nowhere.
    pub sent_out_of_band: u64,
    /// Packets that no relay took.
    pub dropped: u64,
}

/// Writes the keys of the relays, `max` at most, TOXLINK_KEY_SIZE bytes each, to `keys`, which may be
/// NULL if `max` is 0. Returns how many relays there are, connected or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_relays(
    connections: *const Toxlink_Connections,
    keys: *mut u8,
    max: usize,
) -> usize {
    // SAFETY: NULL or an object of ours, NULL or room for the keys.
    unsafe {
        look(connections, 0, |call| {
            let relays = call.connections.relays();
            if !keys.is_null() {
                for (place, relay) in relays.iter().take(max).enumerate() {
                    keys.cast::<[u8; 32]>().add(place).write(relay.0);
                }
            }
            Some(relays.len())
        })
    }
}

/// Tells how a relay fares. `size` is sizeof(*info). Returns whether there is such a relay.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_relay_info(
    connections: *const Toxlink_Connections,
    relay_public_key: *const u8,
    info: *mut Toxlink_Relay_Info,
    size: usize,
) -> bool {
    // SAFETY: NULL or an object of ours, a key, `size` bytes.
    unsafe {
        look(connections, false, |call| {
            let pk = public_key(relay_public_key)?;
            let found = call.connections.relay_statistics(&pk);
            let target = call.connections.relay_target(&pk);
            let value = match (found, target) {
                (Some(found), target) => {
                    let place = found.address.map(|address| address.to_string());
                    let place = place.or_else(|| target.map(|target| target.to_string()));
                    relay_info(&found, &place.unwrap_or_default())
                }
                (None, Some(target)) => {
                    let state = if call.connections.is_looking_up(&pk) {
                        Toxlink_Relay_State::LookingUp
                    } else {
                        Toxlink_Relay_State::Waiting
                    };
                    let failure = call.connections.lookup_failure(&pk).unwrap_or_default();
                    let last_error = array(&failure);
                    Toxlink_Relay_Info { last_error, ..noted(pk.0, &target.to_string(), state) }
                }
                (None, None) => return None,
            };
            write_sized(info, size, &value).map(|()| true)
        })
    }
}

/// Tells how a peer fares. `size` is sizeof(*info). Returns whether there is such a peer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_peer_info(
    connections: *const Toxlink_Connections,
    peer: u32,
    info: *mut Toxlink_Peer_Info,
    size: usize,
) -> bool {
    // SAFETY: NULL or an object of ours, `size` bytes.
    unsafe {
        look(connections, false, |call| {
            let found = call.connections.peer_statistics(PeerId::from_number(peer))?;
            let carrier = found.carrier.and_then(|relay| call.connections.relay_key(relay));
            write_sized(info, size, &peer_info(&found, carrier.map(|key| key.0))).map(|()| true)
        })
    }
}

/// A relay of which nothing but its place is known.
fn noted(public_key: [u8; 32], address: &str, state: Toxlink_Relay_State) -> Toxlink_Relay_Info {
    Toxlink_Relay_Info {
        public_key,
        address: array(address),
        last_error: [0; 128],
        state: state as u32,
        suspected: false,
        onion: false,
        round_trip_last_ms: TOXLINK_UNKNOWN_MS,
        round_trip_smoothed_ms: TOXLINK_UNKNOWN_MS,
        peers: 0,
        online_peers: 0,
        attempts: 0,
        reconnects: 0,
        suspicions: 0,
        queued_bytes: 0,
        bytes_sent: 0,
        bytes_received: 0,
        packets_sent: 0,
        packets_received: 0,
        dropped_full: 0,
        dropped_broken: 0,
        dropped_refused: 0,
    }
}

fn relay_info(found: &RelayStatistics, address: &str) -> Toxlink_Relay_Info {
    let state = match found.phase {
        Phase::Connecting => Toxlink_Relay_State::Connecting,
        Phase::Connected => Toxlink_Relay_State::Connected,
        Phase::Sleeping => Toxlink_Relay_State::Sleeping,
        Phase::Waiting(_) => Toxlink_Relay_State::Waiting,
    };
    let error = found.last_error.map(|error| error.to_string()).unwrap_or_default();
    Toxlink_Relay_Info {
        last_error: array(&error),
        suspected: found.is_suspect,
        onion: found.onion,
        round_trip_last_ms: found.last_ms.unwrap_or(TOXLINK_UNKNOWN_MS),
        round_trip_smoothed_ms: found.smoothed_ms.unwrap_or(TOXLINK_UNKNOWN_MS),
        peers: small(found.peers),
        online_peers: found.online_peers,
        attempts: found.attempts,
        reconnects: found.reconnects,
        suspicions: found.suspicions,
        queued_bytes: found.queued_bytes as u64,
        bytes_sent: found.traffic.bytes_sent,
        bytes_received: found.traffic.bytes_received,
        packets_sent: found.traffic.packets_sent,
        packets_received: found.traffic.packets_received,
        dropped_full: found.drops.full,
        dropped_broken: found.drops.broken,
        dropped_refused: found.drops.refused,
        ..noted(found.pk.0, address, state)
    }
}

fn peer_info(found: &PeerStatistics, carrier: Option<[u8; 32]>) -> Toxlink_Peer_Info {
    Toxlink_Peer_Info {
        public_key: found.pk.0,
        carrier: carrier.unwrap_or_default(),
        has_carrier: carrier.is_some(),
        sleeping: found.asleep,
        relays: small(found.relays),
        online_relays: small(found.online_relays),
        failovers: small(found.tally.failovers),
        switches: small(found.tally.switches),
        packets_sent: found.tally.packets_sent,
        packets_received: found.tally.packets_received,
        sent_out_of_band: found.tally.sent_out_of_band,
        dropped: found.tally.dropped,
    }
}
