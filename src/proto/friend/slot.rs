// SPDX-License-Identifier: GPL-3.0-or-later
//! One friend: keys, locks, timers and relays.

use core::net::SocketAddr;

use super::relay_ring::RelayRing;
use super::{DhtPublicKey, RealPublicKey};
use crate::proto::time::Timestamp;

/// Seconds between ALIVE packets.
pub const FRIEND_PING_INTERVAL: u64 = 8;
/// Seconds of silence after which a friend is offline.
pub const FRIEND_CONNECTION_TIMEOUT: u64 = 4 * FRIEND_PING_INTERVAL;
/// Seconds for which a DHT key or an address is used without a connection.
pub const FRIEND_DHT_TIMEOUT: u64 = 122;
/// Seconds between two lists of relays. The official text says 5 minutes; the headers of all
/// supported versions say 2, and so does every toxcore out there.
pub const SHARE_RELAYS_INTERVAL: u64 = 120;
/// Seconds until a neighbour that refused, or had nothing to share, is asked again.
pub const RETRY_INTERVAL: u64 = 10;

/// `Friendconn_Status`, with toxcore's numbers; 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Looked for, or being connected.
    Connecting = 1,
    /// The encrypted stream is up.
    Connected = 2,
}

/// A friend connection.
#[derive(Debug)]
pub struct Friend {
    /// Tells friends apart that have the same id one after the other.
    pub serial: u32,
    /// Connecting or connected.
    pub status: Status,
    /// How often it came or went.
    pub changes: u32,
    /// The long-term key, which says who it is.
    pub real_pk: RealPublicKey,
    /// The key of this run of the friend's program, if known.
    pub dht_pk: Option<DhtPublicKey>,
    /// When that changed, or when the friend went offline.
    pub dht_pk_time: Timestamp,
    /// Where the friend was seen.
    pub address: Option<SocketAddr>,
    /// When it was seen there.
    pub address_time: Timestamp,
    /// The onion client's number for the friend.
    pub onion: i32,
    /// net_crypto's number for the connection, or for the attempt at one.
    pub crypto: Option<i32>,
    /// When the friend was heard last.
    pub heard: Timestamp,
    /// When the last ALIVE was sent.
    pub alive_sent: Timestamp,
    /// When relays were shared last.
    pub relays_shared: Timestamp,
    /// Relays are not shared before.
    pub share_not_before: Timestamp,
    /// Where in our list of relays the next share begins.
    pub share_index: u32,
    /// Owners beyond the first.
    pub locks: u32,
    /// Relays that may lead to the friend.
    pub relays: RelayRing,
    /// The place in the timetable.
    pub due: Option<Timestamp>,
}

impl Friend {
    /// A friend that is being looked for.
    #[must_use]
    pub fn new(real_pk: RealPublicKey, onion: i32, serial: u32) -> Self {
        let never = Timestamp(0);
        Self {
            serial,
            status: Status::Connecting,
            changes: 0,
            real_pk,
            dht_pk: None,
            dht_pk_time: never,
            address: None,
            address_time: never,
            onion,
            crypto: None,
            heard: never,
            alive_sent: never,
            relays_shared: never,
            share_not_before: never,
            share_index: 0,
            locks: 0,
            relays: RelayRing::default(),
            due: None,
        }
    }

    /// Whether an attempt can be made.
    #[must_use]
    pub fn wants_attempt(&self) -> bool {
        self.crypto.is_none() && self.dht_pk.is_some()
    }

    /// When relays are to be shared.
    #[must_use]
    pub fn share_due(&self) -> Timestamp {
        first_after(self.relays_shared, SHARE_RELAYS_INTERVAL).max(self.share_not_before)
    }

    /// The first time at which an iteration has something to do here. `retry` is when the DHT is to
    /// be asked again for a key that it refused.
    #[must_use]
    pub fn next_due(&self, retry: Option<Timestamp>) -> Option<Timestamp> {
        const NEVER: Timestamp = Timestamp(u64::MAX);
        let due = match self.status {
            Status::Connecting if self.wants_attempt() => Timestamp(0),
            Status::Connecting => {
                let has_key = self.dht_pk.is_some();
                let has_address = self.address.is_some();
                let key = if has_key { self.dht_pk_time } else { NEVER };
                let address = if has_address { self.address_time } else { NEVER };
                let old = first_after(key.min(address), FRIEND_DHT_TIMEOUT);
                old.min(retry.unwrap_or(NEVER))
            }
            Status::Connected => {
                let alive = first_after(self.alive_sent, FRIEND_PING_INTERVAL);
                let silence = first_after(self.heard, FRIEND_CONNECTION_TIMEOUT);
                alive.min(silence).min(self.share_due())
            }
        };
        (due != NEVER).then_some(due)
    }
}

/// toxcore's comparison here is strict, `since + interval < now`: the first second for which it
/// holds.
#[must_use]
pub fn first_after(since: Timestamp, interval: u64) -> Timestamp {
    since.plus(interval).plus(1)
}
