// SPDX-License-Identifier: GPL-3.0-or-later
//! Packed nodes: relays and DHT nodes with their keys, as friends share them.

use core::net::IpAddr;

use super::CRYPTO_PUBLIC_KEY_SIZE;
use super::address::{NodeAddress, NodeKind};
use super::cursor::Reader;
use crate::crypto::PublicKey;

/// A relay or DHT node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it is, and which of the two it is.
    pub address: NodeAddress,
    /// Its key.
    pub pk: PublicKey,
}

impl Node {
    /// Appends the packed node.
    ///
    /// # Shape
    /// `[address: 7 or 19][key: 32]`
    pub fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.address.pack().as_bytes());
        out.extend_from_slice(&self.pk.0);
    }
}

/// The first `max` of the packed nodes. From a node that cannot be read on the rest is ignored, as
/// toxcore 0.2.22 does: the whole ones before it are good.
///
/// # Errors
/// `None` if the first cannot be read, or if a key is cut off.
///
/// # Source
/// friend_connection.md section 8
#[must_use]
pub fn unpack_nodes(packed: &[u8], max: usize) -> Option<Vec<Node>> {
    let mut reader = Reader::new(packed);
    let mut nodes = Vec::new();
    while nodes.len() < max && !reader.rest().is_empty() {
        let Some(address) = unpack_address(&mut reader) else {
            return (!nodes.is_empty()).then_some(nodes);
        };
        let pk = PublicKey(*reader.array::<CRYPTO_PUBLIC_KEY_SIZE>()?);
        nodes.push(Node { address, pk });
    }
    Some(nodes)
}

fn unpack_address(reader: &mut Reader<'_>) -> Option<NodeAddress> {
    let (kind, is_ip4) = match reader.u8()? {
        2 => (NodeKind::Udp, true),
        10 => (NodeKind::Udp, false),
        130 => (NodeKind::TcpRelay, true),
        138 => (NodeKind::TcpRelay, false),
        _ => return None,
    };
    let ip = if is_ip4 {
        IpAddr::from(*reader.array::<4>()?)
    } else {
        IpAddr::from(*reader.array::<16>()?)
    };
    Some(NodeAddress { kind, ip, port: u16::from_be_bytes(*reader.array()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(last: u8, kind: NodeKind) -> Node {
        let ip = if last % 2 == 0 {
            IpAddr::from([192, 0, 2, last])
        } else {
            IpAddr::from([0, 0, 0, 0, 0, 0, 0, u16::from(last)])
        };
        Node { address: NodeAddress { kind, ip, port: 443 }, pk: PublicKey([last; 32]) }
    }

    fn packed(nodes: &[Node]) -> Vec<u8> {
        let mut out = Vec::new();
        nodes.iter().for_each(|node| node.pack(&mut out));
        out
    }

    #[test]
    fn nodes_survive_the_way_there_and_back() {
        let nodes =
            [node(2, NodeKind::TcpRelay), node(3, NodeKind::TcpRelay), node(4, NodeKind::Udp)];
        assert_eq!(packed(&nodes).len(), 39 + 51 + 39);
        assert_eq!(unpack_nodes(&packed(&nodes), 3).unwrap(), nodes);
        assert_eq!(unpack_nodes(&packed(&nodes), 2).unwrap(), nodes[..2]);
        assert_eq!(unpack_nodes(&[], 3).unwrap(), []);
    }

    #[test]
    fn what_cannot_be_read_ends_the_list() {
        let one = packed(&[node(2, NodeKind::TcpRelay)]);
        assert_eq!(unpack_nodes(&[99], 3), None);
        assert_eq!(unpack_nodes(&one[..6], 3), None);
        let with = |rest: &[u8]| unpack_nodes(&[&one[..], rest].concat(), 3);
        assert_eq!(with(&[99]).unwrap().len(), 1);
        assert_eq!(with(&one[..6]).unwrap().len(), 1, "a short address");
        assert_eq!(with(&one[..20]), None, "a key that is cut off");
    }
}
