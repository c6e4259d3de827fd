// SPDX-License-Identifier: GPL-3.0-or-later
//! Relays: adding, tying to peers, losing, retrying and removing them.

use core::net::SocketAddr;

use super::event::Command;
use super::note::Note;
use super::peer_slot::{RECOMMENDED_FRIEND_TCP_CONNECTIONS, Slot, SlotStatus};
use super::relay_slot::{Phase, Relay};
use super::{
    Connections, Link, MAX_RELAYS, NUM_ONION_TCP_CONNECTIONS, PeerNumber, PeerRef, RelayNumber,
};
use crate::crypto::PublicKey;
use crate::proto::relay::state::Reason;
use crate::proto::time::Timestamp;
use crate::wire::address::Target;

/// A socket that has to be opened; on failure, [`Connections::handle_connect_failed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// For this connection.
    pub link: Link,
    /// The relay's address; `None` if only its name is known, which the proxy resolves.
    pub address: Option<SocketAddr>,
}

/// Why a relay is not added or tied to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddError {
    /// There is a relay with this key already.
    Known,
    /// There are [`MAX_RELAYS`] relays, and none of them can be spared.
    Full,
    /// The key is of low order.
    LowOrderKey,
    /// There is no such peer or relay.
    Unknown,
    /// The peer has three online relays, or six that may still come.
    Enough,
    /// The relay is tied to the peer already.
    Tied,
    /// Only a name is given, and there is no proxy that resolves it.
    NoAddress,
}

/// How a relay comes to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// It was known and is tied to the peer now.
    Done,
    /// It is new: the socket has to be opened, then [`Connections::tie_new`].
    Open(Opening, PeerRef),
}

impl Connections {
    /// Adds a relay (`add_tcp_relay_global`); its socket has to be opened. `None` if it was known, and
    /// called, less than 10 seconds ago: it is called when these are over.
    ///
    /// The target may be a name, for the proxy. Of a relay with a name and addresses the proxy is
    /// told the name, and of several names the last.
    ///
    /// # Errors
    /// `Known`, `NoAddress`, `Full`, `LowOrderKey`
    pub fn add_relay(
        &mut self,
        target: impl Into<Target>,
        pk: PublicKey,
        now: Timestamp,
    ) -> Result<Option<Opening>, AddError> {
        let target = target.into();
        if let Some(number) = self.relay_by_key.get(&pk).copied() {
            self.remember_target(number, target);
            return Err(AddError::Known);
        }
        if target.address().is_none() && self.proxy.is_none() {
            return Err(AddError::NoAddress);
        }
        if self.relays.used() >= MAX_RELAYS && !self.spare_a_relay(now) {
            self.notes.push(Note::RelayLimit);
            return Err(AddError::Full);
        }
        let number = self.relays.insert(Relay::new(pk, target));
        self.relay_by_key.insert(pk, number);
        self.index_address(number);
        if let Some(last) = self.recent.last_attempt(&pk, now) {
            if let Some(relay) = self.relays.get_mut(number) {
                relay.record.last_attempt = last;
                relay.phase = Phase::Waiting(relay.earliest_attempt());
            }
            return Ok(None);
        }
        match self.begin_connect(number, now) {
            Ok(opening) => Ok(Some(opening)),
            Err(_) => {
                self.remove_relay(number);
                Err(AddError::LowOrderKey)
            }
        }
    }

    /// The socket of a connection could not be opened, or not be connected.
    pub fn handle_connect_failed(&mut self, link: Link, now: Timestamp) {
        let Some(relay) = self.relays.get_mut(link.relay.0) else { return };
        if relay.link(link.relay.0) != Some(link) {
            return;
        }
        if relay.record.attempts == 1 && relay.peers.is_empty() {
            // It was not called, so nothing is to be remembered.
            relay.record.attempts = 0;
            self.changes.note_relay(relay.pk, false, Some(Reason::ConnectFailed(0)));
            self.remove_relay(link.relay.0);
        } else {
            self.lose(link.relay.0, Reason::ConnectFailed(0), now);
        }
    }

    /// Ties a relay, new or known, to a peer (`add_tcp_relay_connection`).
    ///
    /// # Errors
    /// All of [`AddError`].
    pub fn add_relay_for(
        &mut self,
        peer: PeerNumber,
        target: impl Into<Target>,
        pk: PublicKey,
        now: Timestamp,
    ) -> Result<Plan, AddError> {
        let found = self.peers.get(peer.0).ok_or(AddError::Unknown)?;
        let (serial, online) = (found.serial, found.online_relays());
        if let Some(number) = self.relay_by_key.get(&pk).copied() {
            self.remember_target(number, target.into());
            return self.tie(peer, RelayNumber(number), now).map(|()| Plan::Done);
        }
        // Before anything is connected: whoever names relays must not make us call at any number of
        // addresses (C-06).
        if online >= RECOMMENDED_FRIEND_TCP_CONNECTIONS || self.place_for(peer.0, now).is_none() {
            return Err(AddError::Enough);
        }
        match self.add_relay(target, pk, now)? {
            Some(opening) => Ok(Plan::Open(opening, PeerRef { number: peer, serial })),
            None => {
                let number = self.relay_by_key.get(&pk).copied().ok_or(AddError::Unknown)?;
                self.tie(peer, RelayNumber(number), now).map(|()| Plan::Done)
            }
        }
    }

    /// Ties a relay that [`Self::add_relay_for`] made to its peer, once its socket is open.
    ///
    /// # Errors
    /// `Unknown` if either is gone meanwhile, and as [`Self::tie`].
    pub fn tie_new(&mut self, link: Link, peer: PeerRef, now: Timestamp) -> Result<(), AddError> {
        if self.live_mut(link).is_none() || !self.is_current(peer) {
            return Err(AddError::Unknown);
        }
        self.tie(peer.number, link.relay, now)
    }

    /// Ties a known relay to a peer (`add_tcp_number_relay_connection`).
    ///
    /// # Errors
    /// `Unknown`, `Tied`, `Enough`
    pub fn tie(
        &mut self,
        peer: PeerNumber,
        relay: RelayNumber,
        now: Timestamp,
    ) -> Result<(), AddError> {
        let found = self.peers.get(peer.0).ok_or(AddError::Unknown)?;
        let is_tied = found.slot(relay).is_some();
        let is_awake = !found.asleep;
        let known = self.relays.get_mut(relay.0).ok_or(AddError::Unknown)?;
        known.wake |= is_awake && known.phase == Phase::Sleeping;
        if let Phase::Waiting(until) = known.phase {
            if is_awake {
                // Whoever names it may know that it is back.
                known.phase = Phase::Waiting(until.min(known.earliest_attempt()));
            }
        }
        if is_tied {
            return Err(AddError::Tied);
        }
        let place = self.place_for(peer.0, now).ok_or(AddError::Enough)?;
        self.untie(peer.0, place);
        let Some(known) = self.relays.get_mut(relay.0) else { return Err(AddError::Unknown) };
        known.peers.insert(peer.0);
        let is_connected = known.is_connected();
        self.update_peer(peer.0, |peer| {
            if let Some(slot) = peer.slots.get_mut(place) {
                *slot = Some(Slot::new(relay));
            }
            peer.connected += u32::from(is_connected);
        });
        if is_connected && self.announce(relay.0, peer.0, now) {
            self.set_connected_time(relay.0, now);
            self.push_flush(relay.0);
        }
        Ok(())
    }

    /// Removes a relay (`kill_tcp_relay_connection`); false if there is none.
    pub fn kill_relay(&mut self, relay: RelayNumber) -> bool {
        self.remove_relay(relay.0)
    }

    // ---------------------------------------------------------------------------- the details

    /// A known relay has been named again.
    fn remember_target(&mut self, number: u32, target: Target) {
        if let Some(relay) = self.relays.get_mut(number) {
            relay.remember(target);
            // It may be the first address of the relay.
            self.index_address(number);
        }
    }

    /// Where a peer has room for one more relay: an empty slot, or that of the relay that has
    /// failed most often.
    fn place_for(&self, peer: u32, now: Timestamp) -> Option<usize> {
        let peer = self.peers.get(peer)?;
        peer.free_place().or_else(|| {
            let failures = |slot: &Option<Slot>| {
                let relay = self.relays.get(slot.as_ref()?.relay.0)?;
                // Not before its ten seconds are over: each slot leads to one call in that time.
                let is_waiting = matches!(relay.phase, Phase::Waiting(_));
                let may_go = is_waiting && relay.earliest_attempt() <= now;
                (may_go && relay.record.failures > 0).then_some(relay.record.failures)
            };
            let failed = |(place, slot)| Some((failures(slot)?, place));
            peer.slots.iter().enumerate().filter_map(failed).max().map(|(_, place)| place)
        })
    }

    /// Empties a slot of a peer and gives its connection id back to the relay.
    pub(super) fn untie(&mut self, peer: u32, place: usize) {
        let slot = self.update_peer(peer, |peer| peer.empty(place)).flatten();
        let Some(Slot { relay, status, .. }) = slot else { return };
        let Some(found) = self.relays.get_mut(relay.0) else { return };
        found.peers.remove(&peer);
        if !found.is_connected() {
            return;
        }
        self.update_peer(peer, |peer| peer.connected -= 1);
        if let Some(id) = status.connection_id() {
            self.give_back(relay.0, id);
        }
    }

    /// Ends the connection of a relay, if it has one: its peers stay tied to it.
    pub(super) fn unlink(&mut self, number: u32, reason: Option<Reason>, now: Timestamp) {
        let Some(relay) = self.relays.get_mut(number) else { return };
        let (was_connected, was_marked) = (relay.is_connected(), relay.onion);
        let link = relay.link(number);
        let peers = relay.peers.clone();
        if was_connected || reason.is_some() {
            self.changes.note_relay(relay.pk, false, reason);
        }
        relay.end_connection(reason, now);
        relay.onion = false;
        self.commands.extend(link.map(Command::Close));
        self.marked -= u32::from(was_marked);
        self.connected -= u32::from(was_connected);
        for peer in peers {
            let sleepers = self.update_peer(peer, |peer| {
                peer.connected -= u32::from(was_connected);
                if let Some(slot) = peer.slot_mut(RelayNumber(number)) {
                    slot.status = SlotStatus::None;
                    slot.refusals = 0;
                }
                let few = peer.online_relays() < RECOMMENDED_FRIEND_TCP_CONNECTIONS;
                (reason.is_some() && few && !peer.asleep).then_some(peer.slots)
            });
            // A relay that sleeps for others may be what this peer needs now.
            for slot in sleepers.flatten().into_iter().flatten().flatten() {
                if let Some(relay) = self.relays.get_mut(slot.relay.0) {
                    relay.wake |= relay.phase == Phase::Sleeping;
                }
            }
        }
    }

    /// A connection is over: the relay is tried again if it is needed, and else forgotten, in both
    /// cases not before 10 seconds have passed since it was last tried.
    pub(super) fn lose(&mut self, number: u32, reason: Reason, now: Timestamp) {
        let was_confirmed = self.relays.get(number).is_some_and(Relay::is_connected);
        self.unlink(number, Some(reason), now);
        if was_confirmed && self.connected == 0 {
            self.shorten_waiting();
        }
        let is_needed = self.is_needed(number);
        let offline = self.connected == 0;
        let self_pk = self.self_pk;
        if !was_confirmed {
            self.relays_by_address_forget(number);
        }
        let Some(relay) = self.relays.get_mut(number) else { return };
        let until = if is_needed {
            relay.next_attempt(&self_pk, offline)
        } else {
            relay.earliest_attempt()
        };
        relay.phase = Phase::Waiting(until);
        if until <= now {
            return self.end_waiting(number, now);
        }
        if is_needed {
            self.notes.push(Note::Retry(RelayNumber(number), until.0 - now.0));
        }
    }

    /// The pause of a relay is over.
    pub(super) fn end_waiting(&mut self, number: u32, now: Timestamp) {
        let Some(relay) = self.relays.get_mut(number) else { return };
        let peers = &self.peers;
        let any_asleep =
            relay.peers.iter().any(|peer| peers.get(*peer).is_some_and(|peer| peer.asleep));
        if self.is_needed(number) {
            self.connect_again(number, now);
        } else if any_asleep {
            self.set_phase(number, Phase::Sleeping);
        } else {
            self.remove_relay(number);
        }
    }

    /// Connects a relay that has no connection, from the loop.
    pub(super) fn connect_again(&mut self, number: u32, now: Timestamp) {
        match self.begin_connect(number, now) {
            Ok(opening) => self.commands.push_back(Command::Connect(opening)),
            // Cannot be: the key was good before.
            Err(_) => {
                self.remove_relay(number);
            }
        }
    }

    /// Whether a relay that is not connected should be.
    pub(super) fn is_needed(&self, number: u32) -> bool {
        let Some(relay) = self.relays.get(number) else { return false };
        let waits_for_relays = |peer: &u32| {
            self.peers.get(*peer).is_some_and(|peer| {
                !peer.asleep && peer.online_relays() < RECOMMENDED_FRIEND_TCP_CONNECTIONS
            })
        };
        let we_wait = (self.connected as usize) < RECOMMENDED_FRIEND_TCP_CONNECTIONS
            || (self.onion && self.marked < NUM_ONION_TCP_CONNECTIONS);
        let is_untried = relay.record.attempts == 0;
        is_untried
            || (we_wait && relay.record.was_connected)
            || relay.peers.iter().any(waits_for_relays)
    }

    /// Removes a relay from everywhere; false if there is none.
    pub(super) fn remove_relay(&mut self, number: u32) -> bool {
        self.unlink(number, None, Timestamp(0));
        let Some(relay) = self.relays.get(number) else { return false };
        let (pk, address) = (relay.pk, relay.address());
        if relay.record.attempts > 0 {
            self.recent.remember(pk, relay.record.last_attempt);
        }
        for peer in relay.peers.clone() {
            self.update_peer(peer, |peer| {
                let is_its = |slot: &Option<Slot>| slot.is_some_and(|s| s.relay.0 == number);
                if let Some(place) = peer.slots.iter().position(is_its) {
                    peer.empty(place);
                }
            });
        }
        self.relay_by_key.remove(&pk);
        self.forget_address(number, address);
        self.relays.remove(number);
        self.forgotten += 1;
        true
    }

    /// Makes room by forgetting a relay that waits for nobody, or the one that failed most often.
    fn spare_a_relay(&mut self, now: Timestamp) -> bool {
        let spare = self
            .relays
            .iter()
            .filter(|(_, relay)| matches!(relay.phase, Phase::Waiting(_)))
            .filter(|(_, relay)| relay.earliest_attempt() <= now)
            .max_by_key(|(_, relay)| (relay.peers.is_empty(), relay.record.failures))
            .map(|(number, _)| number);
        spare.is_some_and(|number| self.remove_relay(number))
    }

    /// Goes on to the relay's next address, for the next connection.
    fn relays_by_address_forget(&mut self, number: u32) {
        let Some(relay) = self.relays.get_mut(number) else { return };
        let old = relay.address();
        relay.turn_address();
        if relay.address() != old {
            self.forget_address(number, old);
            self.index_address(number);
        }
    }

    fn index_address(&mut self, number: u32) {
        if let Some(address) = self.relays.get(number).and_then(Relay::address) {
            self.relays_by_address.entry(canonical(address)).or_default().insert(number);
        }
    }

    fn forget_address(&mut self, number: u32, address: Option<SocketAddr>) {
        let Some(address) = address.map(canonical) else { return };
        if let Some(numbers) = self.relays_by_address.get_mut(&address) {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.relays_by_address.remove(&address);
            }
        }
    }
}

/// An IPv4 address in the form of an IPv6 one is the same address.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
