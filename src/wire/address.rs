// SPDX-License-Identifier: GPL-3.0-or-later
//! Packed addresses, as forward requests carry them; host names, and where a connection leads.

use core::net::{IpAddr, SocketAddr};
use std::sync::Arc;

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

/// Longest host name in bytes: SOCKS5 counts it in one byte, and DNS has no longer ones.
pub const MAX_HOST_NAME_SIZE: usize = 255;

/// A host name that is only passed on: 1 to 255 letters, digits, `-`, `.` and `_`, all ASCII.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Arc<str>);

/// Why a text is no host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostNameError {
    /// It is empty or longer than [`MAX_HOST_NAME_SIZE`]; carries its bytes.
    Length(usize),
    /// It has a character that no host name has.
    Character(char),
}

impl core::fmt::Display for HostNameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Length(length) => write!(f, "host name has {length} bytes"),
            Self::Character(found) => write!(f, "host name contains {found:?}"),
        }
    }
}

impl core::error::Error for HostNameError {}

impl HostName {
    /// Checks a host name.
    ///
    /// # Errors
    /// `Length`, `Character`
    pub fn new(name: &str) -> Result<Self, HostNameError> {
        if name.is_empty() || name.len() > MAX_HOST_NAME_SIZE {
            return Err(HostNameError::Length(name.len()));
        }
        let is_allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        match name.chars().find(|c| !is_allowed(c)) {
            Some(found) => Err(HostNameError::Character(found)),
            None => Ok(Self(name.into())),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Display for HostName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a connection leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// An address with its port.
    Address(SocketAddr),
    /// A host name and a port (host order), for a proxy that resolves it.
    Name(HostName, u16),
}

impl Target {
    /// From what a user calls a host: an IPv4 address, an IPv6 address with or without brackets, or
    /// a name.
    ///
    /// # Errors
    /// As [`HostName::new`].
    pub fn from_host(host: &str, port: u16) -> Result<Self, HostNameError> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        match bare.parse::<IpAddr>() {
            Ok(ip) => Ok(Self::Address(SocketAddr::new(ip, port))),
            Err(_) => HostName::new(host).map(|name| Self::Name(name, port)),
        }
    }

    /// The port, host order.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Address(address) => address.port(),
            Self::Name(_, port) => *port,
        }
    }

    /// The address, if it is one.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Name(..) => None,
        }
    }
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

impl core::fmt::Display for Target {
    /// `host:port`, an IPv6 address in brackets.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
        }
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

    #[test]
    fn host_names_are_checked() {
        for good in ["a", "tox.example.org", "tox.example.org.", "xn--bcher-kva.example", "_a-1"] {
            assert_eq!(HostName::new(good).unwrap().as_str(), good);
        }
        assert!(HostName::new(&"a".repeat(255)).is_ok());
        assert_eq!(HostName::new(""), Err(HostNameError::Length(0)));
        assert_eq!(HostName::new(&"a".repeat(256)), Err(HostNameError::Length(256)));
        for bad in ['\0', '\r', '\n', ' ', '\t', ':', '/', '@', '[', '%', '\u{7f}', 'ü', '\u{85}']
        {
            let name = format!("a{bad}b");
            assert_eq!(HostName::new(&name), Err(HostNameError::Character(bad)));
        }
    }

    #[test]
    fn targets_as_users_write_them_and_as_proxies_read_them() {
        for (host, shown) in [
            ("192.0.2.7", "192.0.2.7:443"),
            ("2001:db8::1", "[2001:db8::1]:443"),
            ("[2001:db8::1]", "[2001:db8::1]:443"),
            ("tox.example.org", "tox.example.org:443"),
        ] {
            let target = Target::from_host(host, 443).unwrap();
            assert_eq!((target.to_string().as_str(), target.port()), (shown, 443));
            assert_eq!(target.address().is_none(), host.starts_with('t'));
        }
        assert_eq!(Target::from_host("[a]", 1), Err(HostNameError::Character('[')));
        assert_eq!(Target::from_host("a:1", 1), Err(HostNameError::Character(':')));
    }
}
