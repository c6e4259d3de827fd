// SPDX-License-Identifier: GPL-3.0-or-later
//! Figures for people: how each relay and each peer fares.

use core::net::SocketAddr;

use super::peer_slot::PeerTally;
use super::relay_slot::{Drops, Phase};
use super::{Connections, PeerNumber, RelayNumber};
use crate::crypto::PublicKey;
use crate::proto::relay::Traffic;
use crate::proto::relay::state::Reason;
use crate::wire::address::Target;

/// How a relay fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayStatistics {
    /// Its key.
    pub pk: PublicKey,
    /// The address in use; `None` if only its name is known.
    pub address: Option<SocketAddr>,
    /// Where its next connection leads: with a proxy to its name, if it has one.
    pub target: Option<Target>,
    /// What is being done with it.
    pub phase: Phase,
    /// It does not answer: other relays carry the data.
    pub is_suspect: bool,
    /// Marked for the onion.
    pub onion: bool,
    /// The newest round trip in milliseconds, as coarse as the rounds of the program.
    pub last_ms: Option<u32>,
    /// The smoothed one.
    pub smoothed_ms: Option<u32>,
    /// Bytes that wait for the socket.
    pub queued_bytes: usize,
    /// Peers that are tied to it.
    pub peers: usize,
    /// Peers that are online there.
    pub online_peers: u32,
    /// Connections begun.
    pub attempts: u32,
    /// Confirmed connections after the first.
    pub reconnects: u32,
    /// Times it was suspected.
    pub suspicions: u32,
    /// Why its last connection ended.
    pub last_error: Option<Reason>,
    /// What all its connections have moved.
    pub traffic: Traffic,
    /// Packets that it did not take.
    pub drops: Drops,
}

/// How a peer fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerStatistics {
    /// Its key.
    pub pk: PublicKey,
    /// The relay that carried the last packet, if it still can.
    pub carrier: Option<RelayNumber>,
    /// Relays that are tied to it.
    pub relays: usize,
    /// Relays on which it is online.
    pub online_relays: usize,
    /// Reached in another way now.
    pub asleep: bool,
    /// What happened to its packets.
    pub tally: PeerTally,
}

impl Connections {
    /// The figures of a relay.
    #[must_use]
    pub fn relay_statistics(&self, number: RelayNumber) -> Option<RelayStatistics> {
        let relay = self.relays.get(number.0)?;
        let live = relay.live.as_ref();
        let mut traffic = relay.record.traffic;
        if let Some(live) = live {
            traffic.add(&live.client.traffic());
        }
        Some(RelayStatistics {
            pk: relay.pk,
            address: relay.address(),
            target: relay.target(self.proxy.is_some()),
            phase: relay.phase,
            is_suspect: live.is_some_and(|live| live.health.is_suspect()),
            onion: relay.onion,
            last_ms: live.and_then(|live| live.health.last_ms()),
            smoothed_ms: live.and_then(|live| live.health.smoothed_ms()),
            queued_bytes: live.map_or(0, |live| live.client.queued_bytes()),
            peers: relay.peers.len(),
            online_peers: relay.counts.online,
            attempts: relay.record.attempts,
            reconnects: relay.record.reconnects,
            suspicions: relay.record.suspicions,
            last_error: relay.record.last_error,
            traffic,
            drops: relay.record.drops,
        })
    }

    /// The figures of a peer.
    #[must_use]
    pub fn peer_statistics(&self, number: PeerNumber) -> Option<PeerStatistics> {
        let peer = self.peers.get(number.0)?;
        let carrier = peer.carrier.and_then(|place| peer.slots.get(place).copied().flatten());
        let online =
            carrier.filter(|slot| matches!(slot.status, super::peer_slot::SlotStatus::Online(_)));
        Some(PeerStatistics {
            pk: peer.pk,
            carrier: online.map(|slot| slot.relay),
            relays: peer.slots.iter().flatten().count(),
            online_relays: peer.online_relays(),
            asleep: peer.asleep,
            tally: peer.tally,
        })
    }
}
