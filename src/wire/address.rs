// SPDX-License-Identifier: GPL-3.0-or-later
//! Packed addresses, as forward requests carry them.

use core::net::IpAddr;

use super::cursor::Writer;

/// Largest packed address: family, IPv6 address, port.
pub const MAX_PACKED_IPPORT_SIZE: usize = 1 + 16 + 2;

/// What kind of node an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A DHT node, reached over UDP.
    Udp,
    /// A TCP relay.
    TcpRelay,
}

/// An address with the kind of node that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeAddress {
    /// UDP node or TCP relay.
    pub kind: NodeKind,
    /// The address.
    pub ip: IpAddr,
    /// The port, host order.
    pub port: u16,
}

/// A packed address and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedAddress {
    bytes: [u8; MAX_PACKED_IPPORT_SIZE],
    len: usize,
}

impl PackedAddress {
    /// The packed bytes: 7 for IPv4, 19 for IPv6.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl NodeAddress {
    /// Packs the address.
    ///
    /// # Shape
    /// `[family: 1][address: 4 or 16][port: 2]`. Family 2 and 10 for UDP over IPv4 and IPv6, 130
    /// and 138 for TCP relays.
    ///
    /// # Source
    /// tcp_client.md section 6
    #[must_use]
    pub fn pack(&self) -> PackedAddress {
        let family = match (self.kind, self.ip) {
            (NodeKind::Udp, IpAddr::V4(_)) => 2,
            (NodeKind::Udp, IpAddr::V6(_)) => 10,
            (NodeKind::TcpRelay, IpAddr::V4(_)) => 130,
            (NodeKind::TcpRelay, IpAddr::V6(_)) => 138,
        };
        let mut bytes = [0; MAX_PACKED_IPPORT_SIZE];
        let mut writer = Writer::new(&mut bytes);
        // The buffer has room for the largest form, so none of these is refused.
        let _ = writer.put(&[family]);
        let _ = match self.ip {
            IpAddr::V4(ip) => writer.put(&ip.octets()),
            IpAddr::V6(ip) => writer.put(&ip.octets()),
        };
        let _ = writer.put(&self.port.to_be_bytes());
        let len = writer.len();
        PackedAddress { bytes, len }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_every_family() {
        let ip4 = IpAddr::from([192, 0, 2, 7]);
        let ip6 = IpAddr::from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        let pack = |kind, ip| NodeAddress { kind, ip, port: 33445 }.pack();
        assert_eq!(pack(NodeKind::Udp, ip4).as_bytes(), [2, 192, 0, 2, 7, 0x82, 0xa5]);
        assert_eq!(pack(NodeKind::TcpRelay, ip4).as_bytes()[0], 130);
        let packed = pack(NodeKind::Udp, ip6);
        assert_eq!(packed.as_bytes().len(), MAX_PACKED_IPPORT_SIZE);
        assert_eq!(packed.as_bytes()[0], 10);
        assert_eq!(packed.as_bytes()[17..], [0x82, 0xa5]);
        assert_eq!(pack(NodeKind::TcpRelay, ip6).as_bytes()[0], 138);
    }
}
