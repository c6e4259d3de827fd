// SPDX-License-Identifier: GPL-3.0-or-later
//! [`Connections`]: reliable links to peers, each over several relays at once.
//!
//! Behaviour: tcp_connections.md. Where it knowingly differs from the C code: docs/differences.md.

use core::net::SocketAddr;
use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::crypto::{BoxKey, LowOrderKey, PublicKey, SecretKey};
use crate::proto::relay::proxy::Proxy;
use crate::proto::relay::{Config, RelayClient};
use crate::proto::slots::Slots;
use crate::proto::time::{Clock, Millis, Timestamp};

mod answers;
mod audit;
pub mod change;
mod deadline;
pub mod event;
pub mod health;
mod lists;
pub mod note;
pub mod peer_slot;
mod peers;
mod recent;
pub mod relay_slot;
mod relays;
mod round;
pub mod select;
mod sending;
pub mod statistics;

use self::change::Changes;
use self::event::Command;
use self::note::{Note, Notes};
use self::peer_slot::Peer;
use self::recent::Recent;
use self::relay_slot::{Live, Phase, Relay};
pub use self::relays::{AddError, Opening, Plan};
pub use self::round::Turn;
pub use self::sending::{Route, RouteList};

/// Relays that are marked for onion packets.
pub const NUM_ONION_TCP_CONNECTIONS: u32 = 3;
/// Most relays of one object, in whatever phase.
pub const MAX_RELAYS: usize = 256;

/// Index of a relay ("TCP connections number"); may be reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelayNumber(pub u32);

/// Index of a peer ("connections number"); may be reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerNumber(pub u32);

/// One connection to one relay; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The relay.
    pub relay: RelayNumber,
    /// Which of its connections.
    pub serial: u32,
}

/// One peer; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerRef {
    /// Its number.
    pub number: PeerNumber,
    /// Which peer of that number.
    pub serial: u32,
}

/// Peers over relays.
///
/// Order of calls, once per iteration of the program (`shell::round` does all this):
/// 1. [`begin_round`](Self::begin_round), and [`handle_ready`](Self::handle_ready) for each socket
///    that has something to say, or [`handle_all_ready`](Self::handle_all_ready);
/// 2. while [`next_turn`](Self::next_turn) gives one: a step of its
///    [`client_mut`](Self::client_mut), with [`handle_event`](Self::handle_event) for each event of
///    it, then [`handle_turn`](Self::handle_turn);
/// 3. [`end_round`](Self::end_round), [`take_notes`](Self::take_notes).
///
/// After every call, also those in between: what [`poll_command`](Self::poll_command) asks for.
///
/// A program that waits for its sockets instead of going round all the time: until
/// [`deadline`](Self::deadline), which each call may bring nearer; then
/// [`handle_waited`](Self::handle_waited), and the round. Between rounds it tells the time with
/// [`tell_time`](Self::tell_time).
#[derive(Debug)]
pub struct Connections {
    self_pk: PublicKey,
    self_sk: SecretKey,
    proxy: Option<Proxy>,
    keeps_ledgers: bool,
    relays: Slots<Relay>,
    peers: Slots<Peer>,
    /// Never iterated: the order would be random.
    relay_by_key: HashMap<PublicKey, u32>,
    relays_by_address: HashMap<SocketAddr, BTreeSet<u32>>,
    peer_by_key: HashMap<PublicKey, u32>,
    /// Relays that are connected.
    connected: u32,
    onion: bool,
    /// Relays that are marked for the onion.
    marked: u32,
    serial: u32,
    /// Routing requests to repeat: second, relay, peer and its serial.
    repeats: BTreeSet<(u64, u32, u32, u32)>,
    /// Relays that were forgotten a moment ago.
    recent: Recent,
    /// How many were forgotten or removed so far.
    forgotten: u64,
    commands: VecDeque<Command>,
    notes: Notes,
    changes: Changes,
    /// The time as it was told last: by the current round or the last one, or since.
    clock: Clock,
    /// Milliseconds in which somebody read what came.
    attentive: Millis,
    /// Up to when these have been counted.
    attended: Millis,
}

impl Connections {
    /// Somebody will take the records of the relay clients made from now on.
    pub fn keep_ledgers(&mut self) {
        self.keeps_ledgers = true;
    }

    /// No peers and no relays.
    #[must_use]
    pub fn new(self_pk: PublicKey, self_sk: SecretKey, proxy: Option<Proxy>) -> Self {
        Self {
            self_pk,
            self_sk,
            proxy,
            keeps_ledgers: false,
            relays: Slots::default(),
            peers: Slots::default(),
            relay_by_key: HashMap::new(),
            relays_by_address: HashMap::new(),
            peer_by_key: HashMap::new(),
            connected: 0,
            onion: false,
            marked: 0,
            serial: 0,
            repeats: BTreeSet::new(),
            recent: Recent::default(),
            forgotten: 0,
            commands: VecDeque::new(),
            notes: Notes::default(),
            changes: Changes::default(),
            clock: Clock { seconds: Timestamp(0), millis: Millis(0) },
            attentive: Millis(0),
            attended: Millis(0),
        }
    }

    // ------------------------------------------------------------------------------- getters

    /// Length of the table of relays (`tcp_connections_count`): relay numbers are below it.
    #[must_use]
    pub fn relays_len(&self) -> u32 {
        self.relays.len()
    }

    /// Relays that are connected.
    #[must_use]
    pub fn connected_relays(&self) -> u32 {
        self.connected
    }

    /// Relays that were forgotten or removed so far, for owners that keep a list of their own.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Whether a relay with this key is known, in whatever phase (`tcp_relay_is_valid`).
    #[must_use]
    pub fn knows_relay(&self, pk: &PublicKey) -> bool {
        self.relay_by_key.contains_key(pk)
    }

    /// The machine of a connection, if that is not over.
    pub fn client_mut(&mut self, link: Link) -> Option<&mut RelayClient> {
        self.live_mut(link).map(|live| &mut live.client)
    }

    /// Whether the peer is still the same.
    #[must_use]
    pub fn is_current(&self, peer: PeerRef) -> bool {
        self.peers.get(peer.number.0).is_some_and(|found| found.serial == peer.serial)
    }

    // -------------------------------------------------------------------------------- outputs

    /// Whether [`Self::poll_command`] has something to say.
    #[must_use]
    pub fn has_commands(&self) -> bool {
        !self.commands.is_empty()
    }

    /// What has to be done next.
    pub fn poll_command(&mut self) -> Option<Command> {
        let command = self.commands.pop_front();
        if self.commands.is_empty() {
            self.commands = VecDeque::new();
        }
        command
    }

    /// What there is to log.
    pub fn take_notes(&mut self) -> Vec<Note> {
        self.notes.take()
    }

    // ---------------------------------------------------------------------------- the details

    fn live_mut(&mut self, link: Link) -> Option<&mut Live> {
        let live = self.relays.get_mut(link.relay.0)?.live.as_mut()?;
        (live.serial == link.serial).then_some(live)
    }

    /// The connection of a relay that is connected.
    fn connected_link(&self, number: u32) -> Option<Link> {
        self.relays.get(number).filter(|relay| relay.is_connected())?.link(number)
    }

    fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    /// Changes a peer, and with it what it adds to the counters of its relays. Nothing else changes
    /// these counters, so they cannot go astray.
    fn update_peer<R>(&mut self, number: u32, change: impl FnOnce(&mut Peer) -> R) -> Option<R> {
        let peer = self.peers.get_mut(number)?;
        let online = peer.online_relays();
        for (relay, share) in peer.shares() {
            if let Some(relay) = self.relays.get_mut(relay.0) {
                relay.counts.subtract(share);
            }
        }
        let result = change(peer);
        for (relay, share) in peer.shares() {
            if let Some(relay) = self.relays.get_mut(relay.0) {
                relay.counts.add(share);
            }
        }
        if peer.online_relays() != online {
            self.changes.note_peer(number);
        }
        Some(result)
    }

    /// Begins a connection to a relay that has none.
    fn begin_connect(&mut self, number: u32, now: Timestamp) -> Result<Opening, LowOrderKey> {
        let serial = self.next_serial();
        let Some(relay) = self.relays.get_mut(number) else { return Err(LowOrderKey) };
        let long_term = BoxKey::precompute(&relay.pk, &self.self_sk)?;
        let Some(target) = relay.target(self.proxy.is_some()) else { return Err(LowOrderKey) };
        let address = relay.address();
        let config = Config {
            self_pk: self.self_pk,
            long_term,
            target,
            proxy: self.proxy.clone(),
            keeps_ledger: self.keeps_ledgers,
        };
        relay.phase = Phase::Connecting;
        relay.record.attempts = relay.record.attempts.saturating_add(1);
        relay.record.last_attempt = now;
        relay.live = Some(Box::new(Live {
            serial,
            client: RelayClient::new(config, now),
            health: health::Health::default(),
            confirmed_at: None,
            ready: true,
            backlog: false,
            pings_seen: 0,
        }));
        Ok(Opening { link: Link { relay: RelayNumber(number), serial }, address })
    }
}
