// SPDX-License-Identifier: GPL-3.0-or-later
//! Sending (tcp_connections.md section 10): through the carrier, else the others, else out of band.

use super::peer_slot::{MAX_FRIEND_TCP_CONNECTIONS, SlotStatus};
use super::select::{Candidate, Candidates, Fault, MAX_PAUSE_DOUBLINGS, QUIET_MS, SWITCH_PAUSE_MS};
use super::{Connections, Link, PeerNumber, PeerRef, RelayNumber};
use crate::crypto::PublicKey;
use crate::proto::relay::state::SendError;
use crate::wire::connection_id::ConnectionId;

/// A way to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The relay's connection.
    pub link: Link,
    /// The peer's id there.
    pub connection_id: ConnectionId,
    /// The relay does not answer: not to be used while another is only full.
    pub suspect: bool,
}

/// The ways to a peer that is online, the carrier first.
#[derive(Clone, Copy, Debug)]
pub struct RouteList {
    /// The peer.
    pub peer: PeerRef,
    routes: [Option<Route>; MAX_FRIEND_TCP_CONNECTIONS],
}

impl RouteList {
    /// The ways, best first.
    pub fn iter(&self) -> impl Iterator<Item = Route> {
        self.routes.into_iter().flatten()
    }
}

impl Connections {
    /// The ways to a peer; `None` if there is no such peer. Chooses the carrier.
    pub fn routes(&mut self, number: PeerNumber) -> Option<RouteList> {
        let now = self.clock;
        let peer = self.peers.get_mut(number.0)?;
        peer.doubt_carrier(self.attentive);
        let mut candidates = Candidates::default();
        for (place, slot) in peer.slots.iter().enumerate() {
            let Some(slot) = slot else { continue };
            let SlotStatus::Online(_) = slot.status else { continue };
            let Some(relay) = self.relays.get(slot.relay.0) else { continue };
            let doubt = if slot.is_doubted(self.attentive) { Fault::Doubted } else { Fault::None };
            let fault = relay.fault(now).max(doubt);
            let round_trip_ms = relay.live.as_ref().and_then(|live| live.health.smoothed_ms());
            candidates.add(Candidate { slot: place, fault, round_trip_ms });
        }
        // Load on a relay looks like distance: whoever goes to and fro over it becomes slower at it.
        let pause = SWITCH_PAUSE_MS << peer.tally.switches.min(MAX_PAUSE_DOUBLINGS);
        let calm = peer.switched_at.is_none_or(|at| now.millis.since(at) >= pause);
        let quiet = peer.sent_at.is_none_or(|at| now.millis.since(at) >= QUIET_MS);
        let may_go_down = quiet || peer.is_heard_elsewhere();
        let carrier = candidates.carrier(peer.carrier, calm, may_go_down);
        if carrier.is_some() && carrier != peer.carrier {
            if let Some(old) = peer.carrier {
                match candidates.get(old).map(|old| old.fault) {
                    Some(Fault::None | Fault::Shaky) => peer.tally.switches += 1,
                    Some(Fault::Doubted | Fault::Suspect) | None => peer.tally.failovers += 1,
                }
                peer.switched_at = Some(now.millis);
            }
            peer.carrier = carrier;
        }
        let mut list = RouteList {
            peer: PeerRef { number, serial: peer.serial },
            routes: [None; MAX_FRIEND_TCP_CONNECTIONS],
        };
        let slots = peer.slots;
        let first = carrier.and_then(|slot| candidates.get(slot));
        let others = carrier.into_iter().flat_map(|slot| candidates.others(slot));
        for (entry, candidate) in list.routes.iter_mut().zip(first.into_iter().chain(others)) {
            *entry = self.route(slots.get(candidate.slot).copied().flatten(), candidate.fault);
        }
        Some(list)
    }

    fn route(&self, slot: Option<super::peer_slot::Slot>, fault: Fault) -> Option<Route> {
        let slot = slot?;
        let SlotStatus::Online(connection_id) = slot.status else { return None };
        let link = self.connected_link(slot.relay.0)?;
        Some(Route { link, connection_id, suspect: fault == Fault::Suspect })
    }

    /// Where packets for a peer go out of band when it is online nowhere: to every relay that has
    /// given an id, because the peer may be there without having asked for us.
    #[must_use]
    pub fn oob_links(&self, peer: PeerRef) -> Option<(PublicKey, Vec<Link>)> {
        let peer = self.peers.get(peer.number.0).filter(|found| found.serial == peer.serial)?;
        let registered = peer.slots.iter().flatten().filter_map(|slot| match slot.status {
            SlotStatus::Registered(_) => self.connected_link(slot.relay.0),
            SlotStatus::None | SlotStatus::Online(_) => None,
        });
        Some((peer.pk, registered.collect()))
    }

    /// A relay took a packet for a peer.
    pub fn handle_sent(&mut self, peer: PeerRef, link: Link) {
        let (now, attentive) = (self.clock.millis, self.attentive);
        if let Some(live) = self.live_mut(link) {
            live.health.handle_data_sent(now);
        }
        if let Some(peer) = self.peer_mut(peer) {
            peer.sent_at = Some(now);
            peer.handle_sent(attentive);
        }
    }

    /// Copies of a packet went out of band to that many relays.
    pub fn handle_sent_oob(&mut self, peer: PeerRef, copies: u64) {
        if let Some(peer) = self.peer_mut(peer) {
            peer.tally.sent_out_of_band += copies;
        }
    }

    /// No relay took a packet for a peer.
    pub fn handle_dropped(&mut self, peer: PeerRef) {
        if let Some(peer) = self.peer_mut(peer) {
            peer.tally.dropped += 1;
        }
    }

    /// A relay did not take a packet.
    pub fn handle_refused(&mut self, link: Link, error: SendError) {
        if let Some(relay) = self.relays.get_mut(link.relay.0) {
            relay.record.drops.count(error);
        }
    }

    /// The connection of a relay, by number.
    #[must_use]
    pub fn link(&self, relay: RelayNumber) -> Option<Link> {
        self.connected_link(relay.0)
    }

    /// The connection of a relay, by key.
    #[must_use]
    pub fn link_by_key(&self, pk: &PublicKey) -> Option<Link> {
        self.connected_link(*self.relay_by_key.get(pk)?)
    }

    fn peer_mut(&mut self, peer: PeerRef) -> Option<&mut super::peer_slot::Peer> {
        let found = self.peers.get_mut(peer.number.0)?;
        (found.serial == peer.serial).then_some(found)
    }
}
