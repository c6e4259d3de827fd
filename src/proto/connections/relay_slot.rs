// SPDX-License-Identifier: GPL-3.0-or-later
//! One relay: its connection, who is tied to it, and what became of earlier connections.

use core::net::SocketAddr;
use std::collections::BTreeSet;

use super::health::Health;
use super::peer_slot::Share;
use super::select::Fault;
use super::{Link, RelayNumber};
use crate::crypto::PublicKey;
use crate::proto::relay::state::{Reason, SendError, Status};
use crate::proto::relay::{RelayClient, Traffic};
use crate::proto::time::{Clock, Deadline, Timestamp};
use crate::wire::address::{HostName, Target};

/// Seconds of grace before a relay may be dropped or put to sleep, and the least time between two
/// connections to one relay.
pub const TCP_CONNECTION_ANNOUNCE_TIMEOUT: u64 = 10;
/// A connection that held this many seconds clears the record of failures.
const STABLE_AFTER: u64 = 60;
/// Longest pause in seconds between two connections to one relay.
const MAX_RETRY_DELAY: u64 = 300;
/// The same while no relay is connected: the network may be back at any moment.
const MAX_RETRY_DELAY_OFFLINE: u64 = 60;
/// Pings of a relay between two turns of it.
const MAX_PINGS_PER_TURN: u64 = 16;
/// Addresses that are remembered for one relay.
const MAX_ADDRESSES: usize = 3;

/// A relay, connected or not.
#[derive(Debug)]
pub struct Relay {
    /// Its public key, which alone says who it is.
    pub pk: PublicKey,
    addresses: Vec<SocketAddr>,
    /// Name and port, for a proxy; there is a name or an address.
    name: Option<(HostName, u16)>,
    /// The one that led to the relay last.
    proven: Option<SocketAddr>,
    /// What is being done with it.
    pub phase: Phase,
    /// The connection, in the first two phases.
    pub live: Option<Box<Live>>,
    /// The peers that are tied to it, in order.
    pub peers: BTreeSet<u32>,
    /// What its peers add up to.
    pub counts: Counts,
    /// When a peer was last announced; 0 if none was.
    pub connected_time: Timestamp,
    /// Marked for onion packets.
    pub onion: bool,
    /// To be woken.
    pub wake: bool,
    /// What became of its connections.
    pub record: Record,
}

/// `TCP_CONN_*`, and a pause that the C code does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Being connected (`TCP_CONN_VALID`).
    Connecting,
    /// Confirmed, and its peers announced.
    Connected,
    /// Only remembered, for its sleeping peers.
    Sleeping,
    /// Failed; to be connected again, or else forgotten, at that time.
    Waiting(Timestamp),
}

/// A connection to a relay.
#[derive(Debug)]
pub struct Live {
    /// Tells connections apart that have the same relay number one after the other.
    pub serial: u32,
    /// The machine.
    pub client: RelayClient,
    /// How it answers.
    pub health: Health,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// The socket may have something to read, or room.
    pub ready: bool,
    /// The last step left something unread.
    pub backlog: bool,
    /// Pings that the relay had sent at the last look.
    pub pings_seen: u64,
}

/// What the peers of a relay add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Peers that are online there (`lock_count`).
    pub online: u32,
    /// Those of them that are asleep (`sleep_count`).
    pub asleep: u32,
    /// Awake peers that cannot do without the relay.
    pub needed: u32,
}

impl Counts {
    /// Adds what one peer adds.
    pub fn add(&mut self, share: Share) {
        self.online += u32::from(share.online);
        self.asleep += u32::from(share.asleep);
        self.needed += u32::from(share.needed);
    }

    /// Takes it off again.
    pub fn subtract(&mut self, share: Share) {
        self.online -= u32::from(share.online);
        self.asleep -= u32::from(share.asleep);
        self.needed -= u32::from(share.needed);
    }
}

/// What became of the connections to a relay.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record {
    /// Connections begun.
    pub attempts: u32,
    /// Confirmed connections after the first.
    pub reconnects: u32,
    /// Whether one was ever confirmed.
    pub was_connected: bool,
    /// Times it was suspected.
    pub suspicions: u32,
    /// Connections in a row that failed or did not hold.
    pub failures: u32,
    /// When the last was begun.
    pub last_attempt: Timestamp,
    /// Why the last ended.
    pub last_error: Option<Reason>,
    /// What the ended ones moved.
    pub traffic: Traffic,
    /// Packets that were not taken.
    pub drops: Drops,
}

/// Packets that a relay did not take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// The socket was full.
    pub full: u64,
    /// The connection was not confirmed, or had failed.
    pub broken: u64,
    /// A length that is not allowed, or a peer that was not online.
    pub refused: u64,
}

impl Drops {
    /// Counts one.
    pub fn count(&mut self, error: SendError) {
        match error {
            SendError::Busy => self.full += 1,
            SendError::NotConfirmed | SendError::Broken => self.broken += 1,
            SendError::NotOnline | SendError::Length(_) => self.refused += 1,
        }
    }
}

impl Relay {
    /// A relay that was just named.
    #[must_use]
    pub fn new(pk: PublicKey, target: Target) -> Self {
        let mut relay = Self {
            pk,
            addresses: Vec::new(),
            name: None,
            proven: None,
            phase: Phase::Waiting(Timestamp(0)),
            live: None,
            peers: BTreeSet::new(),
            counts: Counts::default(),
            connected_time: Timestamp(0),
            onion: false,
            wake: false,
            record: Record::default(),
        };
        relay.remember(target);
        relay
    }

    /// Where a connection leads: with a proxy to the name, if there is one.
    #[must_use]
    pub fn target(&self, through_proxy: bool) -> Option<Target> {
        let name = self.name.clone().filter(|_| through_proxy);
        let name = name.map(|(name, port)| Target::Name(name, port));
        name.or_else(|| self.address().map(Target::Address))
    }

    /// Remembers another address, or the name from now on.
    pub fn remember(&mut self, target: Target) {
        match target {
            Target::Address(address) => self.remember_address(address),
            Target::Name(name, port) => self.name = Some((name, port)),
        }
    }

    /// The address in use.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.addresses.first().copied()
    }

    /// Remembers another address, for the time when this one fails: the first that somebody named
    /// may be wrong.
    fn remember_address(&mut self, address: SocketAddr) {
        if !self.addresses.contains(&address) {
            if self.addresses.len() == MAX_ADDRESSES {
                self.addresses.pop();
            }
            self.addresses.push(address);
        }
    }

    /// Goes on to the next address.
    pub fn turn_address(&mut self) {
        let failed = self.address();
        if failed.is_none() {
            return;
        }
        self.addresses.rotate_left(1);
        // Every second attempt goes to the address that has worked before.
        if let Some(at) = self.addresses.iter().position(|address| Some(*address) == self.proven) {
            if failed != self.proven {
                let proven = self.addresses.remove(at);
                self.addresses.insert(0, proven);
            }
        }
    }

    /// The address in use has led to the relay.
    pub fn prove_address(&mut self) {
        self.proven = self.address();
    }

    /// Whether packets flow.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.phase == Phase::Connected
    }

    /// The connection as others name it.
    #[must_use]
    pub fn link(&self, number: u32) -> Option<Link> {
        let live = self.live.as_ref()?;
        Some(Link { relay: RelayNumber(number), serial: live.serial })
    }

    /// Whether it is due for a turn in the loop.
    #[must_use]
    pub fn is_due(&self, now: Clock) -> bool {
        match (self.phase, &self.live) {
            (Phase::Connecting | Phase::Connected, Some(live)) => {
                live.is_due(now) || self.may_sleep(now.seconds)
            }
            (Phase::Connecting | Phase::Connected, None) => true,
            (Phase::Sleeping, _) => self.wake || self.peers.is_empty(),
            (Phase::Waiting(until), _) => until <= now.seconds,
        }
    }

    /// The first time from `now` on at which [`Self::is_due`] holds, if nothing happens until then.
    #[must_use]
    pub fn deadline(&self, now: Clock) -> Deadline {
        match (self.phase, &self.live) {
            (Phase::Connecting | Phase::Connected, Some(live)) => {
                live.deadline(now).min(Deadline::at_second(self.sleeps_at()))
            }
            (Phase::Connecting | Phase::Connected, None) => Deadline::NOW,
            (Phase::Sleeping, _) => Deadline::now_if(self.wake || self.peers.is_empty()),
            (Phase::Waiting(until), _) => Deadline::at(until),
        }
    }

    /// From when on [`Self::may_sleep`] holds.
    fn sleeps_at(&self) -> Option<Timestamp> {
        let Counts { online, asleep, needed } = self.counts;
        self.settles_at().filter(|_| online > 0 && online == asleep && needed == 0)
    }

    /// From when on [`Self::is_surplus`] holds.
    #[must_use]
    pub fn surplus_at(&self) -> Option<Timestamp> {
        self.settles_at().filter(|_| self.counts.online == 0 && self.counts.needed == 0)
    }

    fn settles_at(&self) -> Option<Timestamp> {
        let may_settle = self.is_connected() && !self.onion;
        may_settle.then(|| self.connected_time.plus(TCP_CONNECTION_ANNOUNCE_TIMEOUT))
    }

    /// The sleep rule of tcp_connections.md section 14, and: no awake peer needs it.
    #[must_use]
    pub fn may_sleep(&self, now: Timestamp) -> bool {
        let Counts { online, asleep, needed } = self.counts;
        self.is_settled(now) && online > 0 && online == asleep && needed == 0
    }

    /// The surplus rule of section 14, and: no awake peer needs it.
    #[must_use]
    pub fn is_surplus(&self, now: Timestamp) -> bool {
        self.is_settled(now) && self.counts.online == 0 && self.counts.needed == 0
    }

    fn is_settled(&self, now: Timestamp) -> bool {
        self.is_connected()
            && !self.onion
            && now.is_timeout(self.connected_time, TCP_CONNECTION_ANNOUNCE_TIMEOUT)
    }

    /// What is known against it.
    #[must_use]
    pub fn fault(&self, now: Clock) -> Fault {
        let Some(live) = &self.live else { return Fault::Suspect };
        let is_young = live.confirmed_at.is_none_or(|at| !now.seconds.is_timeout(at, STABLE_AFTER));
        let on_trial = live.health.is_on_trial(now.millis);
        match (live.health.is_suspect(), on_trial || (self.record.failures > 0 && is_young)) {
            (true, _) => Fault::Suspect,
            (false, true) => Fault::Shaky,
            (false, false) => Fault::None,
        }
    }

    /// Books the end of a connection.
    pub fn end_connection(&mut self, reason: Option<Reason>, now: Timestamp) {
        let Some(live) = self.live.take() else { return };
        let held = live.confirmed_at.is_some_and(|at| now.is_timeout(at, STABLE_AFTER));
        self.record.traffic.add(&live.client.traffic());
        self.connected_time = Timestamp(0);
        self.wake = false;
        if held {
            self.record.failures = 0;
        }
        if let Some(reason) = reason {
            self.record.last_error = Some(reason);
            self.record.failures += u32::from(!held);
        }
    }

    /// The earliest time of the next connection: 10 seconds after the last one began.
    #[must_use]
    pub fn earliest_attempt(&self) -> Timestamp {
        self.record.last_attempt.plus(TCP_CONNECTION_ANNOUNCE_TIMEOUT)
    }

    /// The time of the next connection to a relay that is needed: twice the pause after each
    /// failure, and up to a quarter more, so that not all clients of a relay come back at once.
    #[must_use]
    pub fn next_attempt(&self, salt: &PublicKey, offline: bool) -> Timestamp {
        let Some(doublings) = self.record.failures.checked_sub(1) else {
            return self.earliest_attempt();
        };
        let longest = if offline { MAX_RETRY_DELAY_OFFLINE } else { MAX_RETRY_DELAY };
        let delay = (TCP_CONNECTION_ANNOUNCE_TIMEOUT << doublings.min(8)).min(longest);
        self.record.last_attempt.plus(delay + delay * self.jitter(salt) / 1024)
    }

    /// 0 to 255, different for each client, relay and failure. Needs no secrecy, so no random bytes
    /// are drawn for it.
    fn jitter(&self, salt: &PublicKey) -> u64 {
        let bytes = salt.0.iter().chain(&self.pk.0).copied();
        let seed = 0xcbf2_9ce4_8422_2325 ^ u64::from(self.record.failures);
        let hash =
            bytes.fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        hash >> 56
    }
}

impl Live {
    /// Whether it is due for a turn in the loop.
    fn is_due(&self, now: Clock) -> bool {
        self.ready
            || self.backlog
            || self.client.is_due(now.seconds)
            || self.health.is_due(now.millis)
    }

    /// The first time from `now` on at which it is due for a turn in the loop.
    fn deadline(&self, now: Clock) -> Deadline {
        if self.ready || self.backlog {
            return Deadline::NOW;
        }
        self.client.deadline().min(Deadline::at_milli(self.health.due_at(now.millis)))
    }

    /// Whether the connection is over, or will never come about, or the relay does nothing but ask
    /// for pongs: one that lives sends a ping in 30 seconds.
    pub fn end(&mut self) -> Option<Reason> {
        let pings = self.client.pings_received();
        if pings - core::mem::replace(&mut self.pings_seen, pings) > MAX_PINGS_PER_TURN {
            return Some(Reason::PongFlood);
        }
        match self.client.status() {
            Status::Disconnected => Some(self.client.failure().unwrap_or(Reason::Internal)),
            Status::Confirmed | Status::Unconfirmed => None,
            Status::Connecting
            | Status::ProxyHttpConnecting
            | Status::ProxySocks5Connecting
            | Status::ProxySocks5Unconfirmed => self.client.failure(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: PublicKey = PublicKey([7; 32]);

    fn relay(failures: u32) -> Relay {
        let mut relay =
            Relay::new(PublicKey([1; 32]), Target::from_host("192.0.2.1", 443).unwrap());
        relay.record.failures = failures;
        relay.record.last_attempt = Timestamp(1000);
        relay
    }

    #[test]
    fn pauses_grow_with_failures_and_never_fall_below_ten_seconds() {
        let delay = |failures, offline| relay(failures).next_attempt(&SALT, offline).0 - 1000;
        assert_eq!(delay(0, false), 10);
        for (failures, base) in [(1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 300), (99, 300)]
        {
            let delay = delay(failures, false);
            assert!((base..=base + base / 4).contains(&delay), "{failures} failures: {delay}");
        }
        assert!((60..=75).contains(&delay(99, true)));
    }

    #[test]
    fn clients_come_back_at_different_times() {
        let times: BTreeSet<_> =
            (0..32).map(|i| relay(9).next_attempt(&PublicKey([i; 32]), false)).collect();
        assert!(times.len() > 16, "{times:?}");
    }

    #[test]
    fn addresses_take_turns_and_are_few() {
        let mut relay = relay(0);
        for port in [443, 1, 2, 3, 3] {
            relay.remember_address(SocketAddr::from(([192, 0, 2, 1], port)));
        }
        let ports: Vec<_> = (0..4)
            .map(|_| {
                let port = relay.address().unwrap().port();
                relay.turn_address();
                port
            })
            .collect();
        assert_eq!(ports, [443, 1, 3, 443]);
    }
}
