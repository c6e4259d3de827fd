// SPDX-License-Identifier: GPL-3.0-or-later
//! What the program asks for: relays, peers, packets.

use super::starved::Starved;
use super::visit::Visit;
use super::{Connections, Lookup, PeerError, PeerId, RelayError, SendError, State};
use crate::crypto::{BoxKey, PublicKey, SecretKey};
use crate::net::address::Target;
use crate::net::random;
use crate::proto::connections::{AddError, Link, Opening, PeerNumber, Plan};
use crate::proto::time::Clock;
use crate::shell::round::{self, Hub};
use crate::wire::MAX_PAYLOAD_SIZE;
use crate::wire::address::NodeAddress;
use crate::wire::forward_chain::forward_chain;
use crate::wire::relay_packet::ToRelay;

/// Numbers of peers are below this.
const PEER_NUMBERS: u32 = 1 << 31;

impl Connections {
    // -------------------------------------------------------------------------------- relays

    /// Adds a relay for everybody. It is connected, and connected again, while fewer than three relays
    /// are; a host name is looked up on another thread, or by the proxy.
    ///
    /// # Errors
    /// `Known` (then the relay has learned the address), `Full`, `LowOrderKey`
    pub fn add_relay(&self, target: Target, pk: PublicKey) -> Result<(), RelayError> {
        self.command(|visit, now| {
            check_key(&pk)?;
            // Before it is noted: from then on a turn of another thread may give it to the machine.
            let known = self.with(|state| state.machine.knows_relay(&pk)) == Some(true);
            let was_noted = self.with(|state| state.book.target(&pk).is_some()) == Some(true);
            let noted = self.with(|state| state.book.note(pk, target.clone(), None, now.millis));
            if noted != Some(true) {
                return Err(RelayError::Full);
            }
            if self.looks_up(&target) {
                self.look_up(pk, &target, now);
                return if known { Err(RelayError::Known) } else { Ok(()) };
            }
            let added = match self.give(visit, target, pk, now) {
                Err(RelayError::Known) if !known => Ok(()),
                added => added,
            };
            if !was_noted && !matches!(added, Ok(()) | Err(RelayError::Known)) {
                self.with(|state| state.book.remove(&pk));
            }
            added
        })
    }

    /// Adds a relay, new or known, for a peer. It is connected, and connected again, as long as the
    /// peer is awake and online on fewer than three relays.
    ///
    /// # Errors
    /// `NoPeer`, `Tied`, `Enough`, `Full`, `LowOrderKey`
    pub fn add_relay_for(
        &self,
        peer: PeerId,
        target: Target,
        pk: PublicKey,
    ) -> Result<(), RelayError> {
        self.command(|visit, now| {
            check_key(&pk)?;
            let number = self.number(peer).ok_or(RelayError::NoPeer)?;
            let known = self.with(|state| state.machine.knows_relay(&pk)) == Some(true);
            if !known && self.looks_up(&target) {
                let noted = self.with(|state| {
                    let peer = state.machine.peer_ref(number);
                    state.book.note(pk, target.clone(), peer, now.millis)
                });
                if noted != Some(true) {
                    return Err(RelayError::Full);
                }
                self.look_up(pk, &target, now);
                return Ok(());
            }
            self.give_for(visit, number, target, pk, now)
        })
    }

    /// Ties a known relay to a peer, for instance the one that an out-of-band packet came from.
    ///
    /// # Errors
    /// `NoPeer`, `NotFound`, `Tied`, `Enough`
    pub fn tie_relay(&self, peer: PeerId, relay: &PublicKey) -> Result<(), RelayError> {
        self.command(|_, now| {
            let number = self.number(peer).ok_or(RelayError::NoPeer)?;
            let tied = self.with(|state| {
                let relay = state.machine.relay_number(relay).ok_or(RelayError::NotFound)?;
                state.machine.tie(number, relay, now.seconds).map_err(refused)
            });
            tied.unwrap_or(Err(RelayError::NotFound))
        })
    }

    /// Removes a relay, from all peers too.
    ///
    /// # Errors
    /// `NotFound`
    pub fn remove_relay(&self, relay: &PublicKey) -> Result<(), RelayError> {
        self.command(|_, _| {
            let removed = self.with(|state| {
                let noted = state.book.remove(relay);
                state.starved.remove(&Starved::Relay(*relay));
                let number = state.machine.relay_number(relay);
                number.is_some_and(|number| state.machine.kill_relay(number)) || noted
            });
            if removed == Some(true) { Ok(()) } else { Err(RelayError::NotFound) }
        })
    }

    // --------------------------------------------------------------------------------- peers

    /// Adds a peer by its public key (the DHT key).
    ///
    /// # Errors
    /// `Known`, `OwnKey`, `Full`
    pub fn add_peer(&self, pk: PublicKey) -> Result<PeerId, PeerError> {
        if pk == self.self_pk {
            return Err(PeerError::OwnKey);
        }
        self.command(|_, _| self.with(|state| state.add_peer(pk)).unwrap_or(Err(PeerError::Full)))
    }

    /// Removes a peer. Nothing more is told of it.
    ///
    /// # Errors
    /// `NoPeer`
    pub fn remove_peer(&self, peer: PeerId) -> Result<(), PeerError> {
        self.command(|_, _| {
            let removed = self.with(|state| {
                let number = state.peers.remove(&peer)?;
                state.starved.remove(&Starved::Peer(peer));
                let killed = state.machine.kill_peer(number);
                let State { machine, book, .. } = state;
                book.handle_removed(|peer| machine.is_current(peer));
                killed.then_some(())
            });
            removed.flatten().ok_or(PeerError::NoPeer)
        })
    }

    /// Says whether the peer is reached in another way now. Relays that only sleeping peers need are
    /// let go, and called again when one wakes.
    ///
    /// # Errors
    /// `NoPeer`
    pub fn set_sleeping(&self, peer: PeerId, sleeping: bool) -> Result<(), PeerError> {
        self.command(|_, _| {
            let number = self.number(peer).ok_or(PeerError::NoPeer)?;
            self.with(|state| state.machine.set_awake(number, !sleeping));
            Ok(())
        })
    }

    /// Says whether we use the onion: three relays are kept for it then.
    pub fn set_onion(&self, enabled: bool) {
        self.command(|_, now| self.with(|state| state.machine.set_onion(enabled, now.seconds)));
    }

    // ------------------------------------------------------------------------------- packets

    /// Sends a packet of 1 to 2031 bytes to a peer, now or not at all: through the best relay that has
    /// room, or out of band if it is online on none (then 1024 bytes at most).
    ///
    /// # Errors
    /// [`SendError`]; after `Busy`, [`Event::Writable`](super::Event::Writable) follows.
    pub fn send(&self, peer: PeerId, data: &[u8]) -> Result<(), SendError> {
        self.command(|visit, _| {
            let number = self.number(peer).ok_or(SendError::NotOnline)?;
            if data.len() > MAX_PAYLOAD_SIZE {
                return Err(SendError::Length(data.len()));
            }
            let sent = round::send_packet(visit, number, data);
            // It is too long to go out of band only.
            let is_legal = matches!(sent, Err(SendError::Length(length)) if length > 0);
            if is_legal && self.online_relays(peer) == 0 {
                return Err(SendError::NotOnline);
            }
            self.note_starved(sent, Starved::Peer(peer))
        })
    }

    /// Sends a packet of 1 to 1024 bytes through a relay to somebody who need not be a peer.
    ///
    /// # Errors
    /// As [`Self::send`]; `NotConfirmed` if the relay is not connected. After `Busy`,
    /// [`Event::RelayWritable`](super::Event::RelayWritable) follows.
    pub fn send_oob(
        &self,
        relay: &PublicKey,
        destination: &PublicKey,
        data: &[u8],
    ) -> Result<(), SendError> {
        self.send_to(Some(relay), &ToRelay::OobSend { destination, data })
    }

    /// Sends a packet into the onion through a relay, or (`None`) through one of those that are kept
    /// for the onion.
    ///
    /// # Errors
    /// As [`Self::send_oob`].
    pub fn send_onion(&self, relay: Option<&PublicKey>, data: &[u8]) -> Result<(), SendError> {
        self.send_to(relay, &ToRelay::OnionRequest(data))
    }

    /// Has a relay, or (`None`) any that is connected, forward a packet to a DHT node or to another
    /// relay, and from there along a chain of at most four keys.
    ///
    /// # Errors
    /// As [`Self::send_oob`]; `Length` also for a chain that is too long.
    pub fn send_forward(
        &self,
        relay: Option<&PublicKey>,
        destination: &NodeAddress,
        chain: &[[u8; 32]],
        data: &[u8],
    ) -> Result<(), SendError> {
        let data = forward_chain(chain, data).ok_or(SendError::Length(data.len()))?;
        let destination = destination.pack();
        let destination = destination.as_bytes();
        self.send_to(relay, &ToRelay::ForwardRequest { destination, data: &data })
    }

    // ---------------------------------------------------------------------------- the details

    fn number(&self, peer: PeerId) -> Option<PeerNumber> {
        self.with(|state| state.peers.get(&peer).copied()).flatten()
    }

    fn send_to(&self, relay: Option<&PublicKey>, packet: &ToRelay<'_>) -> Result<(), SendError> {
        self.command(|visit, _| {
            let random = u32::from_ne_bytes(random().unwrap_or_default());
            let found = self.with(|state| state.link_for(relay, packet, random)).flatten();
            let (link, relay) = found.ok_or(SendError::NotConfirmed)?;
            let sent = round::send_to(visit, link, None, packet);
            self.note_starved(sent, Starved::Relay(relay))
        })
    }

    fn note_starved(&self, sent: Result<(), SendError>, starved: Starved) -> Result<(), SendError> {
        if sent == Err(SendError::Busy) {
            self.with(|state| state.note_starved(starved));
        }
        sent
    }

    /// Whether we have to look up a host name: a proxy does it itself.
    pub(super) fn looks_up(&self, target: &Target) -> bool {
        let direct = self.with(|state| state.proxy.is_none()) == Some(true);
        direct && matches!(target, Target::Name(..))
    }

    /// Begins to look up the name of a relay that is in the book, unless that is under way.
    pub(super) fn look_up(&self, relay: PublicKey, target: &Target, now: Clock) {
        let Target::Name(host, port) = target else { return };
        let begins = self.with(|state| {
            let begins = !state.book.is_looking(&relay);
            state.book.look_up(&relay, now.millis);
            begins
        });
        if begins == Some(true) {
            self.resolver.look_up(Lookup::Relay(relay), host.as_str(), *port);
        }
    }

    /// Gives a relay for everybody to the machine.
    pub(super) fn give(
        &self,
        visit: &Visit<'_>,
        target: Target,
        pk: PublicKey,
        now: Clock,
    ) -> Result<(), RelayError> {
        let added = visit.with(|machine| machine.add_relay(target, pk, now.seconds));
        // If it was called a moment ago, it is called again when its pause is over.
        if let Some(opening) = added.unwrap_or(Err(AddError::Full)).map_err(refused)? {
            self.open(visit, opening, now);
        }
        Ok(())
    }

    /// Gives a relay for a peer to the machine.
    pub(super) fn give_for(
        &self,
        visit: &Visit<'_>,
        peer: PeerNumber,
        target: Target,
        pk: PublicKey,
        now: Clock,
    ) -> Result<(), RelayError> {
        let plan = visit.with(|machine| machine.add_relay_for(peer, target, pk, now.seconds));
        match plan.unwrap_or(Err(AddError::Full)).map_err(refused)? {
            Plan::Done => Ok(()),
            Plan::Open(opening, peer) => {
                self.open(visit, opening, now);
                let tied = visit.with(|m| m.tie_new(opening.link, peer, now.seconds));
                tied.unwrap_or(Err(AddError::Unknown)).map_err(refused)
            }
        }
    }

    fn open(&self, visit: &Visit<'_>, opening: Opening, now: Clock) {
        // What fails at once fails again in the next turn, and is treated there.
        round::open(visit, opening, now.seconds);
    }
}

impl State {
    fn add_peer(&mut self, pk: PublicKey) -> Result<PeerId, PeerError> {
        if self.peers.len() >= PEER_NUMBERS as usize {
            return Err(PeerError::Full);
        }
        let mut id = PeerId(self.next_peer);
        while self.peers.contains_key(&id) {
            id = PeerId((id.0 + 1) % PEER_NUMBERS);
        }
        let number = self.machine.new_peer(pk, id.to_machine()).ok_or(PeerError::Known)?;
        self.peers.insert(id, number);
        self.next_peer = (id.0 + 1) % PEER_NUMBERS;
        Ok(id)
    }

    /// The connection for a packet that is not for a peer.
    fn link_for(
        &self,
        relay: Option<&PublicKey>,
        packet: &ToRelay<'_>,
        random: u32,
    ) -> Option<(Link, PublicKey)> {
        let relay = match (relay, packet) {
            (Some(relay), _) => *relay,
            (None, ToRelay::OnionRequest(_)) => {
                self.machine.relay_key(self.machine.pick_onion_relay(random)?)?
            }
            (None, _) => self.machine.relay_key(self.machine.pick_relay(random)?)?,
        };
        Some((self.machine.link_by_key(&relay)?, relay))
    }
}

/// Refuses a key of low order at once, not when its host name has been looked up.
fn check_key(pk: &PublicKey) -> Result<(), RelayError> {
    match BoxKey::precompute(pk, &SecretKey([1; 32])) {
        Ok(_) => Ok(()),
        Err(_) => Err(RelayError::LowOrderKey),
    }
}

fn refused(error: AddError) -> RelayError {
    match error {
        AddError::Known => RelayError::Known,
        AddError::Full => RelayError::Full,
        AddError::LowOrderKey => RelayError::LowOrderKey,
        // The latter cannot be: a name without a proxy is looked up here.
        AddError::Unknown | AddError::NoAddress => RelayError::NotFound,
        AddError::Enough => RelayError::Enough,
        AddError::Tied => RelayError::Tied,
    }
}
