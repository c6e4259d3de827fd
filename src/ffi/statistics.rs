// SPDX-License-Identifier: GPL-3.0-or-later
//! Figures of `TCP_Connections` for people; toxcore has nothing like it. The text of this file ends
//! up in include/toxlink-statistics.h.

use core::ffi::{c_char, c_int};

use super::connections::TCP_Connections;
use super::fence::fence;
use super::handle::{Call, Object};
use super::sized::{small, write_sized};
use crate::proto::connections::relay_slot::Phase;
use crate::proto::connections::statistics::{PeerStatistics, RelayStatistics};
use crate::proto::connections::{Connections, PeerNumber, RelayNumber};

/// The relay is being connected.
pub const TOXLINK_RELAY_CONNECTING: u32 = 1;
/// Packets flow.
pub const TOXLINK_RELAY_CONNECTED: u32 = 2;
/// The relay is only remembered, for peers that are reached in another way now.
pub const TOXLINK_RELAY_SLEEPING: u32 = 3;
/// The relay has failed and will be tried again.
pub const TOXLINK_RELAY_WAITING: u32 = 4;

/// Stands for a number that is not known.
pub const TOXLINK_UNKNOWN: u32 = u32::MAX;

/// How one relay fares. Later versions add fields at the end.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Toxlink_Relay_Statistics {
    /// Its key.
    pub public_key: [u8; 32],
    /// Its address as text, `192.0.2.1:33445` or `[2001:db8::1]:33445`, with a final NUL.
    pub address: [c_char; 56],
    /// Why its last connection ended, "" if none has, with a final NUL.
    pub last_error: [c_char; 64],
    /// One of TOXLINK_RELAY_...
    pub state: u32,
    /// It does not answer: other relays carry the data as long as there are any.
    pub suspected: bool,
    /// It is marked for onion packets.
    pub onion: bool,
    /// Milliseconds that the newest ping took, or TOXLINK_UNKNOWN. As coarse as the calls of
    /// do_tcp_connections.
    pub round_trip_last_ms: u32,
    /// The same, smoothed.
    pub round_trip_smoothed_ms: u32,
    /// Bytes that wait for the socket inside the library.
    pub queued_bytes: u32,
    /// Peers that are tied to it.
    pub peers: u32,
    /// Peers that are online there.
    pub online_peers: u32,
    /// Connections begun, the first included.
    pub attempts: u32,
    /// Times it was connected again.
    pub reconnects: u32,
    /// Times it was suspected.
    pub suspicions: u32,
    /// Bytes written to the relay (or the proxy), over all its connections.
    pub bytes_sent: u64,
    /// Bytes read.
    pub bytes_received: u64,
    /// Encrypted packets written.
    pub packets_sent: u64,
    /// Encrypted packets read.
    pub packets_received: u64,
    /// Packets not taken because the socket was full.
    pub dropped_full: u64,
    /// Packets not taken because the connection was not confirmed, or had failed.
    pub dropped_broken: u64,
    /// Packets not taken because of their length, or because the peer was not online.
    pub dropped_refused: u64,
}

/// How one peer fares. Later versions add fields at the end.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Toxlink_Peer_Statistics {
    /// Its DHT key.
    pub public_key: [u8; 32],
    /// Number of the relay that carries its data, or TOXLINK_UNKNOWN.
    pub carrier: u32,
    /// Relays that are tied to it.
    pub relays: u32,
    /// Relays on which it is online.
    pub online_relays: u32,
    /// Times another relay took over because the carrier failed or did not answer.
    pub failovers: u32,
    /// Times another relay took over because it was faster, or came back.
    pub switches: u32,
    /// It is reached in another way now.
    pub sleeping: bool,
    /// Packets that a relay took.
    pub packets_sent: u64,
    /// Packets received.
    pub packets_received: u64,
    /// Copies of packets that were sent out of band, because the peer was online nowhere.
    pub sent_out_of_band: u64,
    /// Packets that no relay took.
    pub dropped: u64,
}

/// Tells how a relay fares. Relay numbers are below tcp_connections_count(). Writes `size` bytes at
/// most, which is sizeof *out where the caller was compiled. False if there is no such relay, or for
/// NULL; nothing is written then.
///
/// # Safety
/// `tcp_c` is null or valid; `out` is null or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_statistics(
    tcp_c: *const TCP_Connections,
    relay_number: u32,
    out: *mut Toxlink_Relay_Statistics,
    size: usize,
) -> bool {
    let read = |machine: &Connections| machine.relay_statistics(RelayNumber(relay_number));
    // SAFETY: as promised by the caller.
    unsafe { write(look(tcp_c, read).map(relay_statistics), out, size) }
}

/// Tells how a peer fares. As toxlink_relay_statistics(), with the number from
/// new_tcp_connection_to().
///
/// # Safety
/// `tcp_c` is null or valid; `out` is null or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_peer_statistics(
    tcp_c: *const TCP_Connections,
    connections_number: c_int,
    out: *mut Toxlink_Peer_Statistics,
    size: usize,
) -> bool {
    let read = |machine: &Connections| {
        machine.peer_statistics(PeerNumber(u32::try_from(connections_number).ok()?))
    };
    // SAFETY: as promised by the caller.
    unsafe { write(look(tcp_c, read).map(peer_statistics), out, size) }
}

/// # Safety
/// `tcp_c` is null or valid.
unsafe fn look<R>(
    tcp_c: *const TCP_Connections,
    read: impl FnOnce(&Connections) -> Option<R>,
) -> Option<R> {
    let look = || {
        // SAFETY: as promised by the caller.
        let object = unsafe { Call::enter(tcp_c) }?;
        object.handle().with(|state| read(&state.machine)).flatten()
    };
    fence(look, || None)
}

/// # Safety
/// `out` is null or has `size` bytes.
unsafe fn write<T: Copy>(value: Option<T>, out: *mut T, size: usize) -> bool {
    // SAFETY: as promised by the caller.
    value.and_then(|value| unsafe { write_sized(out, size, &value) }).is_some()
}

fn relay_statistics(found: RelayStatistics) -> Toxlink_Relay_Statistics {
    let error = found.last_error.map(|error| error.to_string()).unwrap_or_default();
    let address = found.address.map(|address| address.to_string()).unwrap_or_default();
    Toxlink_Relay_Statistics {
        public_key: found.pk.0,
        address: text(&address),
        last_error: text(&error),
        state: match found.phase {
            Phase::Connecting => TOXLINK_RELAY_CONNECTING,
            Phase::Connected => TOXLINK_RELAY_CONNECTED,
            Phase::Sleeping => TOXLINK_RELAY_SLEEPING,
            Phase::Waiting(_) => TOXLINK_RELAY_WAITING,
        },
        suspected: found.is_suspect,
        onion: found.onion,
        round_trip_last_ms: found.last_ms.unwrap_or(TOXLINK_UNKNOWN),
        round_trip_smoothed_ms: found.smoothed_ms.unwrap_or(TOXLINK_UNKNOWN),
        queued_bytes: small(found.queued_bytes),
        peers: small(found.peers),
        online_peers: found.online_peers,
        attempts: found.attempts,
        reconnects: found.reconnects,
        suspicions: found.suspicions,
        bytes_sent: found.traffic.bytes_sent,
        bytes_received: found.traffic.bytes_received,
        packets_sent: found.traffic.packets_sent,
        packets_received: found.traffic.packets_received,
        dropped_full: found.drops.full,
        dropped_broken: found.drops.broken,
        dropped_refused: found.drops.refused,
    }
}

fn peer_statistics(found: PeerStatistics) -> Toxlink_Peer_Statistics {
    Toxlink_Peer_Statistics {
        public_key: found.pk.0,
        carrier: found.carrier.map_or(TOXLINK_UNKNOWN, |relay| relay.0),
        relays: small(found.relays),
        online_relays: small(found.online_relays),
        failovers: small(found.tally.failovers),
        switches: small(found.tally.switches),
        sleeping: found.asleep,
        packets_sent: found.tally.packets_sent,
        packets_received: found.tally.packets_received,
        sent_out_of_band: found.tally.sent_out_of_band,
        dropped: found.tally.dropped,
    }
}

/// The text with a final NUL, cut if it is too long.
fn text<const N: usize>(text: &str) -> [c_char; N] {
    let mut out = [0; N];
    for (slot, byte) in out.iter_mut().zip(text.bytes()).take(N - 1) {
        *slot = byte as c_char;
    }
    out
}
