// SPDX-License-Identifier: GPL-3.0-or-later
//! C layouts that are equal in all supported toxcore versions (abi.md section 4).

use core::ffi::c_int;
use core::net::{IpAddr, SocketAddr};

use crate::wire::address::{NodeAddress, NodeKind};

/// `TOX_AF_INET`
pub const TOX_AF_INET: u8 = 2;
/// `TOX_AF_INET6`
pub const TOX_AF_INET6: u8 = 10;
/// TCP relay over IPv4, in memory.
pub const TCP_INET: u8 = 12;
/// TCP relay over IPv6, in memory.
pub const TCP_INET6: u8 = 13;
/// A relay number in the form of an address.
pub const TCP_SERVER_FAMILY: u8 = 14;

/// `Logger_Level`
pub type Logger_Level = u32;
/// `Net_Err_Connect`
pub type Net_Err_Connect = u32;
/// `Packet_Direction`
pub type Packet_Direction = u32;

/// toxcore's logger.
#[derive(Debug)]
#[repr(C)]
pub struct Logger([u8; 0]);

/// toxcore's clock.
#[derive(Debug)]
#[repr(C)]
pub struct Mono_Time([u8; 0]);

/// toxcore's random source.
#[derive(Debug)]
#[repr(C)]
pub struct Random([u8; 0]);

/// toxcore's socket layer.
#[derive(Debug)]
#[repr(C)]
pub struct Network([u8; 0]);

/// toxcore's allocator; 0.2.18 has none.
#[derive(Debug)]
#[repr(C)]
pub struct Memory([u8; 0]);

/// toxcore's accounts of packets; 0.2.22 has them.
#[derive(Debug)]
#[repr(C)]
pub struct Net_Profile([u8; 0]);

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Family {
    /// `TOX_AF_INET`, ...
    pub value: u8,
}

/// A socket; -1 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Socket {
    /// The descriptor.
    pub sock: c_int,
}

/// An address with its port. The padding has names so that moves keep it: toxcore 0.2.18 compares
/// such values byte by byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct IP_Port {
    family: u8,
    padding: [u8; 7],
    /// IPv4 uses the first four bytes. Network order.
    address: [u8; 16],
    /// Network order.
    port: [u8; 2],
    tail: [u8; 6],
}

const _: () = {
    assert!(size_of::<IP_Port>() == 32 && align_of::<IP_Port>() == 8);
    assert!(core::mem::offset_of!(IP_Port, address) == 8);
    assert!(core::mem::offset_of!(IP_Port, port) == 24);
    assert!(size_of::<TCP_Proxy_Info>() == 40 && align_of::<TCP_Proxy_Info>() == 8);
    assert!(core::mem::offset_of!(TCP_Proxy_Info, proxy_type) == 32);
    assert!(size_of::<Node_format>() == 64 && align_of::<Node_format>() == 8);
    assert!(core::mem::offset_of!(Node_format, ip_port) == 32);
    assert!(size_of::<Family>() == 1 && size_of::<Socket>() == 4);
};

impl IP_Port {
    /// A value with the given family and address, all other bytes zero.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        let mut value = Self { port: address.port().to_be_bytes(), ..Self::default() };
        match address.ip() {
            IpAddr::V4(ip) => {
                value.family = TOX_AF_INET;
                value.address[..4].copy_from_slice(&ip.octets());
            }
            IpAddr::V6(ip) => {
                value.family = TOX_AF_INET6;
                value.address = ip.octets();
            }
        }
        value
    }

    /// The address of a relay as it is given to others: with the family of a relay.
    #[must_use]
    pub fn of_relay(address: SocketAddr) -> Self {
        let family = if address.is_ipv4() { TCP_INET } else { TCP_INET6 };
        Self { family, ..Self::new(address) }
    }

    /// The address of a relay or DHT node.
    #[must_use]
    pub fn of_node(node: NodeAddress) -> Self {
        let address = SocketAddr::new(node.ip, node.port);
        match node.kind {
            NodeKind::Udp => Self::new(address),
            NodeKind::TcpRelay => Self::of_relay(address),
        }
    }

    /// The same bytes with the family that means "unknown".
    #[must_use]
    pub fn without_family(&self) -> Self {
        Self { family: 0, ..*self }
    }

    /// A relay number in the form of an address, in host order; all other bytes zero.
    #[must_use]
    pub fn of_relay_number(number: u32) -> Self {
        let mut value = Self { family: TCP_SERVER_FAMILY, ..Self::default() };
        value.address[..4].copy_from_slice(&number.to_ne_bytes());
        value
    }

    /// The bytes that [`Self::of_relay_number`] fills, and whether they are one by the family.
    #[must_use]
    pub fn relay_number(&self) -> (u32, bool) {
        let [a, b, c, d, ..] = self.address;
        (u32::from_ne_bytes([a, b, c, d]), self.family == TCP_SERVER_FAMILY)
    }

    /// The family, for `net_socket`.
    #[must_use]
    pub fn family(&self) -> Family {
        Family { value: self.family }
    }

    /// The address, if its family is IPv4 or IPv6 (2 or 10).
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self.node_address()? {
            NodeAddress { kind: NodeKind::Udp, ip, port } => Some(SocketAddr::new(ip, port)),
            NodeAddress { kind: NodeKind::TcpRelay, .. } => None,
        }
    }

    /// The address, if its family is one that can be packed (2, 10, 12 or 13).
    #[must_use]
    pub fn node_address(&self) -> Option<NodeAddress> {
        let [a, b, c, d, ..] = self.address;
        let ip4 = IpAddr::from([a, b, c, d]);
        let ip6 = IpAddr::from(self.address);
        let (kind, ip) = match self.family {
            TOX_AF_INET => (NodeKind::Udp, ip4),
            TOX_AF_INET6 => (NodeKind::Udp, ip6),
            TCP_INET => (NodeKind::TcpRelay, ip4),
            TCP_INET6 => (NodeKind::TcpRelay, ip6),
            _ => return None,
        };
        Some(NodeAddress { kind, ip, port: u16::from_be_bytes(self.port) })
    }
}

/// A relay or DHT node with its key.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Node_format {
    /// 32 bytes.
    pub public_key: [u8; 32],
    /// The address.
    pub ip_port: IP_Port,
}

/// Which proxy to use; all zero is none.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TCP_Proxy_Info {
    /// Its address.
    pub ip_port: IP_Port,
    /// 0 none, 1 HTTP, 2 SOCKS5.
    pub proxy_type: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_way_there_and_back() {
        for text in ["192.0.2.7:33445", "[2001:db8::1]:443"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(IP_Port::new(address).socket_addr(), Some(address));
        }
    }

    #[test]
    fn relay_families_are_nodes_but_no_socket_addresses() {
        for (family, kind) in [(TCP_INET, NodeKind::TcpRelay), (TCP_INET6, NodeKind::TcpRelay)] {
            let value = IP_Port { family, ..IP_Port::default() };
            assert_eq!(value.socket_addr(), None);
            assert_eq!(value.node_address().map(|node| node.kind), Some(kind));
        }
        for family in [0, 1, 11, 14, 130, 255] {
            assert_eq!(IP_Port { family, ..IP_Port::default() }.node_address(), None);
        }
    }
}
