// SPDX-License-Identifier: GPL-3.0-or-later
//! What an owner may want to be told of: relays and peers that come and go.

use std::collections::{BTreeSet, VecDeque};

use super::Connections;
use crate::crypto::PublicKey;
use crate::proto::relay::state::Reason;

/// Changes of relays that wait to be taken. Of more, the oldest are dropped: how it is now matters
/// more than how it was, and the newest change of a relay says that.
const MAX_RELAY_CHANGES: usize = 1024;

/// Something has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A relay was confirmed; or its connection is over, or the attempt at one.
    Relay {
        /// Its key.
        pk: PublicKey,
        /// Whether packets flow now.
        connected: bool,
        /// Why not; `None` if we have closed the connection ourselves.
        reason: Option<Reason>,
    },
    /// A peer is online on more or fewer relays.
    Peer {
        /// What the owner calls it.
        id: i32,
        /// On how many it is online now.
        online_relays: usize,
    },
}

/// The changes that wait to be taken, if anybody wants them.
#[derive(Debug, Default)]
pub(super) struct Changes {
    are_wanted: bool,
    relays: VecDeque<Change>,
    /// Numbers of peers; what has become of them is looked up when they are taken. One that is gone
    /// by then is passed over, and its successor has been told of by itself only.
    peers: BTreeSet<u32>,
}

impl Changes {
    pub(super) fn note_relay(&mut self, pk: PublicKey, connected: bool, reason: Option<Reason>) {
        if !self.are_wanted {
            return;
        }
        if self.relays.len() == MAX_RELAY_CHANGES {
            self.relays.pop_front();
        }
        self.relays.push_back(Change::Relay { pk, connected, reason });
    }

    pub(super) fn note_peer(&mut self, number: u32) {
        if self.are_wanted {
            self.peers.insert(number);
        }
    }
}

impl Connections {
    /// Somebody will call [`Self::take_change`]: from now on, changes are kept for it.
    pub fn report_changes(&mut self) {
        if core::mem::replace(&mut self.changes.are_wanted, true) {
            return;
        }
        for number in 0..self.peers.len() {
            if let Some(peer) = self.peers.get_mut(number) {
                peer.told_online = peer.online_relays();
            }
        }
    }

    /// A change since the last call: first those of relays, in order, 1024 at most; then the peers
    /// whose number of online relays is another than the one that was told last, each once.
    pub fn take_change(&mut self) -> Option<Change> {
        if let Some(change) = self.changes.relays.pop_front() {
            return Some(change);
        }
        while let Some(number) = self.changes.peers.pop_first() {
            let Some(peer) = self.peers.get_mut(number) else { continue };
            let online_relays = peer.online_relays();
            if core::mem::replace(&mut peer.told_online, online_relays) != online_relays {
                return Some(Change::Peer { id: peer.id, online_relays });
            }
        }
        None
    }
}
