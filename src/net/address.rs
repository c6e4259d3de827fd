// SPDX-License-Identifier: GPL-3.0-or-later
//! Addresses as people write them.

use std::net::SocketAddr;

pub use crate::wire::address::{HostName, Target};

/// The text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadAddress;

impl core::fmt::Display for BadAddress {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("not an address of the form host:port, 192.0.2.1:port or [2001:db8::1]:port")
    }
}

impl core::error::Error for BadAddress {}

/// Reads an address with a port that is not 0.
///
/// # Shape
/// `192.0.2.1:33445`, `[2001:db8::1]:33445`, `relay.example:33445`
///
/// # Errors
/// [`BadAddress`] for everything else.
pub fn parse(text: &str) -> Result<Target, BadAddress> {
    let target = match text.parse::<SocketAddr>() {
        Ok(address) => Target::Address(address),
        Err(_) => {
            let (host, port) = text.rsplit_once(':').ok_or(BadAddress)?;
            // "+1" is a number to Rust's parser.
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse().ok().filter(|_| digits).ok_or(BadAddress)?;
            // What looks like an IPv4 address and is none would be looked up as a name.
            // A final dot is a part of a name that is complete.
            let last =
                host.strip_suffix('.').unwrap_or(host).rsplit('.').next().unwrap_or_default();
            if last.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(BadAddress);
            }
            Target::Name(HostName::new(host).map_err(|_| BadAddress)?, port)
        }
    };
    if target.port() == 0 { Err(BadAddress) } else { Ok(target) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names() {
        for text in [
            "192.0.2.1:33445",
            "[2001:db8::1]:443",
            "relay.example:33445",
            "relay.example.:1",
            "a-b_c:1",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        assert!(matches!(parse("192.0.2.1:1"), Ok(Target::Address(_))));
        assert!(matches!(parse("localhost:1"), Ok(Target::Name(_, 1))));
    }

    #[test]
    fn what_is_no_address() {
        for text in [
            "",
            ":",
            "host",
            "host:",
            ":1",
            "host:0",
            "127.0.0.1:0",
            "host:65536",
            "host:+1",
            "host:-1",
            "host: 1",
            "ho st:1",
            "::1:443",
            "[::1]",
            "[::1:443",
            "256.0.0.1:1",
            "1.2.3:1",
            "12:1",
            "host.:1x",
            "a\r\nb:1",
            "a\0b:1",
        ] {
            assert_eq!(parse(text), Err(BadAddress), "{text:?}");
        }
        let long = format!("{}:1", "a".repeat(256));
        assert_eq!(parse(&long), Err(BadAddress));
    }
}
