// SPDX-License-Identifier: GPL-3.0-or-later
//! One peer and the relays it is reached through.

use super::RelayNumber;
use crate::crypto::PublicKey;
use crate::proto::time::Millis;
use crate::wire::connection_id::ConnectionId;

/// Slots per peer.
pub const MAX_FRIEND_TCP_CONNECTIONS: usize = 6;
/// Relays that are enough for a peer, and for ourselves.
pub const RECOMMENDED_FRIEND_TCP_CONNECTIONS: usize = 3;

/// Milliseconds of silence, while data is sent, after which another relay is tried. Doubles with
/// each relay that brings no answer either.
const SILENCE_MS: u64 = 5000;
/// How often it doubles.
const MAX_SILENCES: u32 = 4;
/// Milliseconds for which a relay is avoided after that.
const DOUBT_MS: u64 = 60_000;

/// Another client, reached over relays.
#[derive(Debug)]
pub struct Peer {
    /// Its DHT public key.
    pub pk: PublicKey,
    /// What the owner calls it.
    pub id: i32,
    /// Tells peers apart that have the same number one after the other.
    pub serial: u32,
    /// Reached in another way now; the relays are only remembered.
    pub asleep: bool,
    /// The relays, in toxcore's order.
    pub slots: [Option<Slot>; MAX_FRIEND_TCP_CONNECTIONS],
    /// How many of them are connected.
    pub connected: u32,
    /// The slot that carries the data.
    pub carrier: Option<usize>,
    /// Since when data was sent without hearing from the peer.
    unheard_since: Option<Millis>,
    silences: u32,
    /// When the carrier was last changed.
    pub switched_at: Option<Millis>,
    /// When a relay last took a packet.
    pub sent_at: Option<Millis>,
    /// The relay over which the peer was last heard.
    heard_over: Option<RelayNumber>,
    /// For people.
    pub tally: PeerTally,
    /// How many online relays the owner was told of last, if it wants to be told.
    pub(super) told_online: usize,
}

/// What happened to a peer's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerTally {
    /// Packets that a relay took, copies sent out of band apart.
    pub packets_sent: u64,
    /// Packets received.
    pub packets_received: u64,
    /// Copies sent out of band.
    pub sent_out_of_band: u64,
    /// Packets that no relay took.
    pub dropped: u64,
    /// Changes of the carrier because it failed or was not trusted any more.
    pub failovers: u64,
    /// Changes of the carrier because another relay was faster, or came back.
    pub switches: u64,
}

/// One relay of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The relay.
    pub relay: RelayNumber,
    /// What the relay has granted.
    pub status: SlotStatus,
    /// The relay is avoided until then.
    pub doubted_until: Option<Millis>,
    /// How often it was doubted since data came through it.
    pub doubts: u32,
    /// Refused requests in a row.
    pub refusals: u32,
}

/// `TCP_CONNECTIONS_STATUS_*`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotStatus {
    /// Associated; the relay has not answered, or is not connected.
    None,
    /// The relay gave an id; the peer is not there, or has not asked for us.
    Registered(ConnectionId),
    /// The peer is there.
    Online(ConnectionId),
}

impl SlotStatus {
    /// The id that the relay gave.
    #[must_use]
    pub fn connection_id(self) -> Option<ConnectionId> {
        match self {
            Self::None => None,
            Self::Registered(id) | Self::Online(id) => Some(id),
        }
    }
}

/// What one peer adds to the counters of one relay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The peer is online there ("lock").
    pub online: bool,
    /// It is, and asleep ("sleep").
    pub asleep: bool,
    /// The peer is awake and cannot do without the relay.
    pub needed: bool,
}

impl Peer {
    /// A peer that is in use and has no relays yet.
    #[must_use]
    pub fn new(pk: PublicKey, id: i32, serial: u32) -> Self {
        Self {
            pk,
            id,
            serial,
            asleep: false,
            slots: [None; MAX_FRIEND_TCP_CONNECTIONS],
            connected: 0,
            carrier: None,
            unheard_since: None,
            silences: 0,
            switched_at: None,
            sent_at: None,
            heard_over: None,
            tally: PeerTally::default(),
            told_online: 0,
        }
    }

    /// The slot for `relay`.
    #[must_use]
    pub fn slot(&self, relay: RelayNumber) -> Option<&Slot> {
        self.slots.iter().flatten().find(|slot| slot.relay == relay)
    }

    /// The slot for `relay`.
    pub fn slot_mut(&mut self, relay: RelayNumber) -> Option<&mut Slot> {
        self.slots.iter_mut().flatten().find(|slot| slot.relay == relay)
    }

    /// Empties a slot; gives what was in it.
    pub fn empty(&mut self, place: usize) -> Option<Slot> {
        if self.carrier == Some(place) {
            self.carrier = None;
        }
        self.slots.get_mut(place)?.take()
    }

    /// The lowest empty place for a relay.
    #[must_use]
    pub fn free_place(&self) -> Option<usize> {
        self.slots.iter().position(Option::is_none)
    }

    /// Relays on which the peer is online.
    #[must_use]
    pub fn online_relays(&self) -> usize {
        let online = |slot: &&Slot| matches!(slot.status, SlotStatus::Online(_));
        self.slots.iter().flatten().filter(online).count()
    }

    /// What the peer adds to the counters of its relays. An awake peer needs the relays where it is
    /// online, and all of them while no more than three are connected: it may come back there.
    pub fn shares(&self) -> impl Iterator<Item = (RelayNumber, Share)> {
        let few = self.connected as usize <= RECOMMENDED_FRIEND_TCP_CONNECTIONS;
        let asleep = self.asleep;
        let slots = self.slots;
        slots.into_iter().flatten().map(move |slot| {
            let online = matches!(slot.status, SlotStatus::Online(_));
            let share =
                Share { online, asleep: online && asleep, needed: !asleep && (online || few) };
            (slot.relay, share)
        })
    }

    /// The peer was heard over a relay.
    pub fn handle_heard(&mut self, relay: RelayNumber) {
        self.heard_over = Some(relay);
        self.unheard_since = None;
        self.silences = 0;
        self.tally.packets_received += 1;
    }

    /// Whether the peer sends over another relay than we do. Then its packets say nothing about our
    /// carrier, which may be losing all of ours.
    #[must_use]
    pub fn is_heard_elsewhere(&self) -> bool {
        let carrier = self.carrier.and_then(|place| self.slots.get(place).copied().flatten());
        carrier.is_some_and(|slot| self.heard_over.is_some_and(|relay| relay != slot.relay))
    }

    /// A relay took a packet.
    pub fn handle_sent(&mut self, now: Millis) {
        self.tally.packets_sent += 1;
        self.unheard_since.get_or_insert(now);
    }

    /// Doubts the carrier if the peer has been silent for too long while data was sent: a relay may
    /// lose all of it and still answer pings.
    pub fn doubt_carrier(&mut self, now: Millis) {
        let limit = SILENCE_MS << self.silences;
        let Some(since) = self.unheard_since.filter(|_| !self.asleep) else { return };
        if now.since(since) < limit {
            return;
        }
        self.unheard_since = Some(now);
        self.silences = MAX_SILENCES.min(self.silences + 1);
        let carrier = self.carrier.and_then(|index| self.slots.get_mut(index)?.as_mut());
        if let Some(slot) = carrier {
            slot.doubted_until = Some(Millis(now.0 + (DOUBT_MS << slot.doubts)));
            slot.doubts = 4.min(slot.doubts + 1);
        }
    }
}

impl Slot {
    /// A relay that was just associated.
    #[must_use]
    pub fn new(relay: RelayNumber) -> Self {
        Self { relay, status: SlotStatus::None, doubted_until: None, doubts: 0, refusals: 0 }
    }

    /// Whether the relay is avoided now.
    #[must_use]
    pub fn is_doubted(&self, now: Millis) -> bool {
        self.doubted_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(statuses: &[SlotStatus]) -> Peer {
        let mut peer = Peer::new(PublicKey([1; 32]), 10, 1);
        for (number, status) in (0..).zip(statuses) {
            let place = peer.free_place().unwrap();
            peer.slots[place] = Some(Slot { status: *status, ..Slot::new(RelayNumber(number)) });
        }
        peer.connected = statuses.len() as u32;
        peer
    }

    const ID: fn() -> ConnectionId = || ConnectionId::from_index(0).unwrap();

    #[test]
    fn an_awake_peer_needs_up_to_three_relays_and_those_where_it_is_online() {
        let needed = |peer: &Peer| peer.shares().map(|(_, s)| s.needed).collect::<Vec<_>>();
        let mut three = peer(&[SlotStatus::None; 3]);
        assert_eq!(needed(&three), [true; 3]);
        three.asleep = true;
        assert_eq!(needed(&three), [false; 3]);
        let four = [SlotStatus::None, SlotStatus::Online(ID()), SlotStatus::None, SlotStatus::None];
        assert_eq!(needed(&peer(&four)), [false, true, false, false]);
    }

    #[test]
    fn sleeping_counts_only_where_the_peer_is_online() {
        let mut peer = peer(&[SlotStatus::Online(ID()), SlotStatus::Registered(ID())]);
        peer.asleep = true;
        let shares: Vec<_> = peer.shares().map(|(_, share)| (share.online, share.asleep)).collect();
        assert_eq!(shares, [(true, true), (false, false)]);
    }

    #[test]
    fn silence_makes_the_carrier_doubtful_for_a_minute() {
        let mut peer = peer(&[SlotStatus::Online(ID())]);
        peer.carrier = Some(0);
        peer.handle_sent(Millis(1000));
        peer.doubt_carrier(Millis(5999));
        assert!(!peer.slots[0].unwrap().is_doubted(Millis(5999)));
        peer.doubt_carrier(Millis(6000));
        assert!(peer.slots[0].unwrap().is_doubted(Millis(65_999)));
        assert!(!peer.slots[0].unwrap().is_doubted(Millis(66_000)));
        peer.slots[0].as_mut().unwrap().doubted_until = None;
        peer.doubt_carrier(Millis(15_999));
        assert!(!peer.slots[0].unwrap().is_doubted(Millis(15_999)), "twice as patient");
        peer.handle_heard(RelayNumber(0));
        peer.doubt_carrier(Millis(99_000));
        assert!(!peer.slots[0].unwrap().is_doubted(Millis(99_000)), "heard");
    }
}
