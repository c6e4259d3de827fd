// SPDX-License-Identifier: GPL-3.0-or-later
//! For tests: computes anew what is kept up to date in small steps, and compares.

use super::peer_slot::SlotStatus;
use super::relay_slot::{Counts, Phase};
use super::{Connections, NUM_ONION_TCP_CONNECTIONS, RelayNumber};
use crate::proto::relay::state::Status;

impl Connections {
    /// Checks the invariants of tcp_connections.md section 7, which all hold here, and that tables
    /// and counters agree.
    ///
    /// # Errors
    /// What does not hold.
    pub fn audit(&self) -> Result<(), String> {
        let check = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
        let mut connected = 0;
        let mut marked = 0;
        for (number, relay) in self.relays.iter() {
            let what = |text: &str| format!("relay {number}: {text}");
            let is_connected = relay.is_connected();
            connected += u32::from(is_connected);
            marked += u32::from(relay.onion);
            let is_live = matches!(relay.phase, Phase::Connecting | Phase::Connected);
            check(is_live == relay.live.is_some(), &what("phase and connection differ"))?;
            check(!relay.onion || is_connected, &what("marked, not connected (I-4)"))?;
            check(self.relay_by_key.get(&relay.pk) == Some(&number), &what("not found by key"))?;
            let target = relay.target(self.proxy.is_some());
            check(target.is_some(), &what("it leads nowhere"))?;
            let mut counts = Counts::default();
            for peer in &relay.peers {
                let peer = self.peers.get(*peer).ok_or_else(|| what("tied to nobody"))?;
                let shares = peer.shares().filter(|(relay, _)| *relay == RelayNumber(number));
                let shares: Vec<_> = shares.collect();
                check(shares.len() == 1, &what("not once in the slots of its peer (I-5)"))?;
                shares.iter().for_each(|(_, share)| counts.add(*share));
            }
            check(counts == relay.counts, &what("counters differ (I-2, I-3, I-6)"))?;
        }
        check(connected == self.connected, "connected relays are miscounted")?;
        check(marked == self.marked, "marked relays are miscounted")?;
        check(marked <= NUM_ONION_TCP_CONNECTIONS, "too many marked relays (I-4)")?;
        check(self.relay_by_key.len() == self.relays.used(), "keys of relays that are gone")?;
        check(self.peer_by_key.len() == self.peers.used(), "keys of peers that are gone")?;
        let addresses: usize = self.relays_by_address.values().map(|set| set.len()).sum();
        let addressed = self.relays.iter().filter(|(_, relay)| relay.address().is_some()).count();
        check(addresses == addressed, "addresses of relays that are gone")?;
        for (number, peer) in self.peers.iter() {
            let what = |text: &str| format!("peer {number}: {text}");
            check(self.peer_by_key.get(&peer.pk) == Some(&number), &what("not found by key"))?;
            let mut connected = 0;
            for slot in peer.slots.iter().flatten() {
                let relay = self.relays.get(slot.relay.0);
                let relay = relay.ok_or_else(|| what("tied to no relay"))?;
                check(relay.peers.contains(&number), &what("its relay does not know it"))?;
                connected += u32::from(relay.is_connected());
                let is_none = slot.status == SlotStatus::None;
                check(is_none || relay.is_connected(), &what("an id of no connection (I-1)"))?;
                let client = relay.live.as_ref().map(|live| &live.client);
                if let (Some(id), Some(client)) = (slot.status.connection_id(), client) {
                    let is_over = client.status() == Status::Disconnected;
                    let is_its = client.number(id) == Some(number);
                    check(is_over || is_its, &what("its id belongs to somebody else"))?;
                }
            }
            check(connected == peer.connected, &what("its connected relays are miscounted"))?;
        }
        Ok(())
    }
}
