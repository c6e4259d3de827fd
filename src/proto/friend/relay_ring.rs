// SPDX-License-Identifier: GPL-3.0-or-later
//! The newest relays through which a friend was, or may be, reached.

use core::net::IpAddr;
use std::collections::VecDeque;

use crate::wire::address::{NodeAddress, NodeKind};
use crate::wire::node::Node;

/// Relays that are remembered for a friend.
pub const FRIEND_MAX_STORED_TCP_RELAYS: usize = 24;

/// Newest first, each key once.
#[derive(Debug, Default)]
pub struct RelayRing(VecDeque<Node>);

impl RelayRing {
    /// Remembers a relay; an older entry with the same key is forgotten.
    pub fn insert(&mut self, node: Node) {
        self.0.retain(|old| old.pk != node.pk);
        self.0.truncate(FRIEND_MAX_STORED_TCP_RELAYS - 1);
        self.0.push_front(node);
    }

    /// The relays, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Node> {
        self.0.iter()
    }

    /// The relays, newest first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.0.iter_mut()
    }
}

/// Whether an address means the machine that names it.
#[must_use]
pub fn is_local(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// A relay on a friend's own machine, as it is reached from here.
#[must_use]
pub fn seen_from_here(node: Node, friend_ip: IpAddr) -> Node {
    let address = NodeAddress { kind: NodeKind::TcpRelay, ip: friend_ip, ..node.address };
    Node { address, ..node }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::PublicKey;

    fn node(key: u8, port: u16) -> Node {
        let ip = IpAddr::from([192, 0, 2, 1]);
        let address = NodeAddress { kind: NodeKind::TcpRelay, ip, port };
        Node { address, pk: PublicKey([key; 32]) }
    }

    #[test]
    fn each_key_is_kept_once_with_its_newest_address() {
        let mut ring = RelayRing::default();
        for (key, port) in [(1, 10), (2, 20), (1, 11)] {
            ring.insert(node(key, port));
        }
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), [node(1, 11), node(2, 20)]);
    }

    #[test]
    fn the_oldest_goes_when_there_are_24() {
        let mut ring = RelayRing::default();
        (0..30).for_each(|key| ring.insert(node(key, 1)));
        let keys: Vec<_> = ring.iter().map(|node| node.pk.0[0]).collect();
        assert_eq!(keys, (6..30).rev().collect::<Vec<_>>());
    }

    #[test]
    fn loopback_in_all_its_forms_is_local() {
        for ip in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(is_local(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["192.168.0.1", "10.0.0.1", "fe80::1", "192.0.2.1"] {
            assert!(!is_local(ip.parse().unwrap()), "{ip}");
        }
    }
}
