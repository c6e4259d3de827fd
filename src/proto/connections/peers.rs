// SPDX-License-Identifier: GPL-3.0-or-later
//! Peers: adding, removing, sleeping and waking (tcp_connections.md section 8).

use super::peer_slot::{Peer, SlotStatus};
use super::relay_slot::Phase;
use super::{Connections, PeerNumber};
use crate::crypto::PublicKey;
use crate::proto::time::Timestamp;

impl Connections {
    /// Adds a peer that is in use (`new_tcp_connection_to`); `None` if its key is known.
    pub fn new_peer(&mut self, pk: PublicKey, id: i32) -> Option<PeerNumber> {
        if self.peer_by_key.contains_key(&pk) {
            return None;
        }
        let serial = self.next_serial();
        let number = self.peers.insert(Peer::new(pk, id, serial));
        self.peer_by_key.insert(pk, number);
        Some(PeerNumber(number))
    }

    /// Removes a peer and gives its connection ids back (`kill_tcp_connection_to`); false if there
    /// is none. Ids that are still asked for are given back when they come.
    pub fn kill_peer(&mut self, number: PeerNumber) -> bool {
        let Some(peer) = self.peers.get(number.0) else { return false };
        let pk = peer.pk;
        for place in 0..peer.slots.len() {
            self.untie(number.0, place);
        }
        self.peer_by_key.remove(&pk);
        self.peers.remove(number.0);
        true
    }

    /// Says whether the peer is in use (`set_tcp_connection_to_status`); false if there is no such
    /// peer or it was so already. Relays that sleep are woken for it by the next round.
    pub fn set_awake(&mut self, number: PeerNumber, awake: bool) -> bool {
        let changed = self.peers.get(number.0).is_some_and(|peer| peer.asleep == awake);
        if !changed {
            return false;
        }
        self.update_peer(number.0, |peer| peer.asleep = !awake);
        if awake {
            let slots = self.peers.get(number.0).map(|peer| peer.slots).unwrap_or_default();
            for slot in slots.into_iter().flatten() {
                if let Some(relay) = self.relays.get_mut(slot.relay.0) {
                    relay.wake |= relay.phase == Phase::Sleeping;
                }
                let refused = slot.status == SlotStatus::None && slot.refusals > 0;
                if refused && self.connected_link(slot.relay.0).is_some() {
                    // Nobody repeated the request while the peer was asleep.
                    let due = self.clock.seconds.0;
                    let serial = self.peers.get(number.0).map_or(0, |peer| peer.serial);
                    self.repeats.insert((due, slot.relay.0, number.0, serial));
                }
            }
        }
        true
    }

    /// Relays on which the peer is online (`tcp_connection_to_online_tcp_relays`); 0 if there is no
    /// such peer.
    #[must_use]
    pub fn online_relays(&self, number: PeerNumber) -> usize {
        self.peers.get(number.0).map_or(0, Peer::online_relays)
    }

    /// Has our use of the onion begin or end (`set_tcp_onion_status`); false if it was so already.
    pub fn set_onion(&mut self, onion: bool, now: Timestamp) -> bool {
        if self.onion == onion {
            return false;
        }
        self.onion = onion;
        if onion {
            self.mark_for_onion();
            self.wake_for_onion(now);
        } else {
            self.unmark_all();
        }
        true
    }

    pub(super) fn is_asleep(&self, number: PeerNumber) -> bool {
        self.peers.get(number.0).is_some_and(|peer| peer.asleep)
    }
}
