// SPDX-License-Identifier: GPL-3.0-or-later
//! What relays say: routing responses, notifications and data (tcp_connections.md section 6), and
//! what we ask them for.

use super::event::{Command, Delivery};
use super::peer_slot::SlotStatus;
use super::relay_slot::TCP_CONNECTION_ANNOUNCE_TIMEOUT;
use super::{Connections, Link, PeerNumber, RelayNumber};
use crate::crypto::PublicKey;
use crate::proto::relay::event::Event;
use crate::proto::time::Timestamp;
use crate::wire::connection_id::ConnectionId;

/// A refused routing request is repeated after 10 seconds, and after twice as long each time, this
/// often at most.
const MAX_REPEAT_DOUBLINGS: u32 = 5;
/// Seconds over which the requests of many peers are spread.
const REPEAT_SPREAD: u64 = 8;

impl Connections {
    /// Takes in an event of a relay; gives what is for the layer above.
    pub fn handle_event<'a>(&mut self, link: Link, event: Event<'a>) -> Option<Delivery<'a>> {
        // The connection may be over since the packet was read.
        self.live_mut(link)?;
        let relay = link.relay;
        match event {
            Event::RoutingResponse { connection_id, peer } => {
                self.handle_response(relay, connection_id, &peer);
                None
            }
            Event::RoutingRefused { peer } => {
                let number = *self.peer_by_key.get(&peer)?;
                self.repeat_later(relay.0, number, self.clock.seconds);
                None
            }
            Event::Status { number, connection_id, online } => {
                self.handle_status(relay, number, connection_id, online);
                None
            }
            Event::Data { number, connection_id, data } => {
                let peer = self.peers.get_mut(number)?;
                let slot = peer.slot_mut(relay)?;
                if slot.status != SlotStatus::Online(connection_id) {
                    return None;
                }
                slot.doubted_until = None;
                slot.doubts = 0;
                peer.handle_heard(link.relay);
                let id = peer.id;
                self.note_heard(link);
                Some(Delivery::Data { id, data })
            }
            Event::Oob { sender, data } => {
                let peer = self.peer_by_key.get(&sender).copied();
                let peer = peer.and_then(|number| self.peers.get_mut(number));
                let Some(peer) = peer.filter(|peer| peer.slot(relay).is_some()) else {
                    return Some(Delivery::Oob { sender, relay, data });
                };
                peer.handle_heard(link.relay);
                let id = peer.id;
                self.note_heard(link);
                Some(Delivery::Data { id, data })
            }
            Event::Onion(data) => Some(Delivery::Onion(data)),
            Event::Forwarding(data) => Some(Delivery::Forwarding(data)),
        }
    }

    /// The first id for a peer that still wants one; any other is given back, so that no id is in
    /// use that nobody knows of.
    fn handle_response(&mut self, relay: RelayNumber, id: ConnectionId, pk: &PublicKey) {
        let number = self.peer_by_key.get(pk).copied();
        let registered = number.filter(|number| {
            self.update_peer(*number, |peer| match peer.slot_mut(relay) {
                Some(slot) if slot.status == SlotStatus::None => {
                    slot.status = SlotStatus::Registered(id);
                    slot.refusals = 0;
                    true
                }
                Some(_) | None => false,
            }) == Some(true)
        });
        match (registered, self.relays.get_mut(relay.0).and_then(|relay| relay.live.as_mut())) {
            (Some(number), Some(live)) => {
                // The id was given just now, so it is in use.
                let _ = live.client.set_number(id, number);
            }
            (None, Some(_)) => self.give_back(relay.0, id),
            (_, None) => {}
        }
    }

    fn handle_status(&mut self, relay: RelayNumber, peer: u32, id: ConnectionId, online: bool) {
        self.update_peer(peer, |peer| {
            let Some(slot) = peer.slot_mut(relay) else { return };
            match slot.status {
                SlotStatus::Registered(known) if known == id && online => {
                    slot.status = SlotStatus::Online(id);
                    slot.doubted_until = None;
                }
                SlotStatus::Online(known) if known == id && !online => {
                    slot.status = SlotStatus::Registered(id);
                }
                SlotStatus::None | SlotStatus::Registered(_) | SlotStatus::Online(_) => {}
            }
        });
    }

    fn note_heard(&mut self, link: Link) {
        let now = self.clock.millis;
        if let Some(live) = self.live_mut(link) {
            live.health.handle_data_heard(now);
        }
    }

    /// Asks a connected relay for an id for a peer; if it has too many of our requests already, it
    /// is asked later. The request leaves with the next flush.
    pub(super) fn announce(&mut self, relay: u32, peer: u32, now: Timestamp) -> bool {
        let Some(pk) = self.peers.get(peer).map(|peer| peer.pk) else { return false };
        let live = self.relays.get_mut(relay).and_then(|relay| relay.live.as_mut());
        let asked = live.is_some_and(|live| live.client.request_route(pk).is_ok());
        if !asked {
            self.repeat_later(relay, peer, now);
        }
        asked
    }

    pub(super) fn set_connected_time(&mut self, relay: u32, now: Timestamp) {
        if let Some(relay) = self.relays.get_mut(relay) {
            relay.connected_time = now;
        }
    }

    /// Gives an id back to a connected relay.
    pub(super) fn give_back(&mut self, relay: u32, id: ConnectionId) {
        if let Some(live) = self.relays.get_mut(relay).and_then(|relay| relay.live.as_mut()) {
            // If the connection is over, the relay has taken all ids back.
            let _ = live.client.release_route(id);
            self.push_flush(relay);
        }
    }

    pub(super) fn push_flush(&mut self, relay: u32) {
        let link = self.relays.get(relay).and_then(|found| found.link(relay));
        if let Some(command) = link.map(Command::Flush) {
            if self.commands.back() != Some(&command) {
                self.commands.push_back(command);
            }
        }
    }

    /// Has the request for a peer repeated, unless an id is there already.
    fn repeat_later(&mut self, relay: u32, number: u32, now: Timestamp) {
        let Some(peer) = self.peers.get_mut(number) else { return };
        let serial = peer.serial;
        let Some(slot) = peer.slot_mut(RelayNumber(relay)) else { return };
        if slot.status != SlotStatus::None {
            return;
        }
        let doublings = slot.refusals.min(MAX_REPEAT_DOUBLINGS);
        slot.refusals += 1;
        // Not all peers of a relay at once.
        let spread = u64::from(serial) % REPEAT_SPREAD;
        let due = now.plus((TCP_CONNECTION_ANNOUNCE_TIMEOUT << doublings) + spread);
        self.repeats.insert((due.0, relay, number, serial));
    }

    /// Repeats the requests whose time has come.
    pub(super) fn repeat_requests(&mut self, now: Timestamp) {
        while let Some((due, relay, number, serial)) = self.repeats.first().copied() {
            if due > now.0 {
                return;
            }
            self.repeats.pop_first();
            let waits = self.peers.get(number).is_some_and(|peer| {
                let slot = peer.slot(RelayNumber(relay));
                peer.serial == serial && slot.is_some_and(|slot| slot.status == SlotStatus::None)
            });
            if !waits || self.connected_link(relay).is_none() {
                continue;
            }
            if self.is_asleep(PeerNumber(number)) {
                // It is announced anew when its relays are connected for it again.
                continue;
            }
            if self.announce(relay, number, now) {
                self.push_flush(relay);
            }
        }
    }
}
