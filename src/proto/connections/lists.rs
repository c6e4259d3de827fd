// SPDX-License-Identifier: GPL-3.0-or-later
//! Picking and copying relays (tcp_connections.md sections 10 to 12). Random numbers come from the
//! caller.

use core::net::SocketAddr;

use super::relay_slot::Relay;
use super::relays::canonical;
use super::{Connections, Link, PeerNumber, PeerRef, RelayNumber};
use crate::crypto::PublicKey;

impl Connections {
    /// A relay that is marked for the onion; each that answers is as likely as the others, and one
    /// that does not only serves if there is no other.
    #[must_use]
    pub fn pick_onion_relay(&self, random: u32) -> Option<RelayNumber> {
        let marked = self.relays.iter().filter(|(_, relay)| relay.onion && relay.is_connected());
        let is_suspect =
            |relay: &Relay| relay.live.as_ref().is_some_and(|live| live.health.is_suspect());
        let (suspects, sound): (Vec<_>, Vec<_>) = marked.partition(|(_, r)| is_suspect(r));
        let eligible = if sound.is_empty() { suspects } else { sound };
        let index = random.checked_rem(u32::try_from(eligible.len()).ok()?)?;
        eligible.get(index as usize).map(|(number, _)| RelayNumber(*number))
    }

    /// The address of a relay; `None` if there is no such relay, or only its name is known.
    #[must_use]
    pub fn relay_address(&self, relay: RelayNumber) -> Option<SocketAddr> {
        self.relays.get(relay.0)?.address()
    }

    /// A connected relay; each is as likely as the others.
    #[must_use]
    pub fn pick_relay(&self, random: u32) -> Option<RelayNumber> {
        let start = random.checked_rem(self.connected)?;
        let mut connected = self.relays.iter().filter(|(_, relay)| relay.is_connected());
        connected.nth(start as usize).map(|(number, _)| RelayNumber(number))
    }

    /// The keys of all relays, in whatever phase.
    pub fn relay_keys(&self) -> impl Iterator<Item = PublicKey> {
        self.relays.iter().map(|(_, relay)| relay.pk)
    }

    /// The key of a relay.
    #[must_use]
    pub fn relay_key(&self, relay: RelayNumber) -> Option<PublicKey> {
        self.relays.get(relay.0).map(|relay| relay.pk)
    }

    /// The number of a relay, in whatever phase.
    #[must_use]
    pub fn relay_number(&self, pk: &PublicKey) -> Option<RelayNumber> {
        self.relay_by_key.get(pk).copied().map(RelayNumber)
    }

    /// What the owner calls the peer with this key.
    #[must_use]
    pub fn peer_id(&self, pk: &PublicKey) -> Option<i32> {
        self.peers.get(*self.peer_by_key.get(pk)?).map(|peer| peer.id)
    }

    /// Names a peer for good.
    #[must_use]
    pub fn peer_ref(&self, number: PeerNumber) -> Option<PeerRef> {
        self.peers.get(number.0).map(|peer| PeerRef { number, serial: peer.serial })
    }

    /// The connected relays with their addresses, `max` at most, from a random one on.
    #[must_use]
    pub fn copy_connected(&self, max: usize, random: u32) -> Vec<(PublicKey, SocketAddr)> {
        let Some(start) = random.checked_rem(self.connected) else { return Vec::new() };
        let connected = || self.relays.iter().filter(|(_, relay)| relay.is_connected());
        let cycle = connected().skip(start as usize).chain(connected().take(start as usize));
        cycle.filter_map(|(_, relay)| node(relay)).take(max).collect()
    }

    /// The connected relays with their addresses, `max` at most, from an index of the table on.
    #[must_use]
    pub fn copy_connected_from(&self, max: usize, index: u32) -> Vec<(PublicKey, SocketAddr)> {
        let Some(start) = index.checked_rem(self.relays.len()) else { return Vec::new() };
        let before = self.relays.iter().take_while(|(number, _)| *number < start);
        let cycle = self.relays.iter_from(start).chain(before);
        let connected = cycle.filter(|(_, relay)| relay.is_connected());
        connected.filter_map(|(_, relay)| node(relay)).take(max).collect()
    }

    /// The first connected relay with this address. A port of 0 is no address.
    #[must_use]
    pub fn link_by_address(&self, address: SocketAddr) -> Option<Link> {
        if address.port() == 0 {
            return None;
        }
        let numbers = self.relays_by_address.get(&canonical(address))?;
        numbers.iter().find_map(|number| self.connected_link(*number))
    }
}

/// What others can use: a relay without an address is left out.
fn node(relay: &Relay) -> Option<(PublicKey, SocketAddr)> {
    Some((relay.pk, relay.address()?))
}
