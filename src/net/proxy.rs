// SPDX-License-Identifier: GPL-3.0-or-later
//! The proxy through which relays are reached, and its own address.

use std::net::SocketAddr;

use super::address::Target;
use crate::proto::relay::proxy::Proxy;
pub use crate::proto::relay::proxy::ProxyKind;
use crate::proto::time::Millis;
pub use crate::wire::proxy::{Credentials, CredentialsError};

/// Milliseconds between two lookups of the proxy's name.
const LOOKUP_PAUSE_MS: u64 = 10_000;

/// A proxy. Nothing is connected but through it, and host names of relays are left to it: neither a
/// connection nor a name lookup goes past it.
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    /// Where it is. Its own name is looked up here.
    pub(crate) address: Target,
    protocol: Proxy,
}

impl ProxyConfig {
    /// A proxy at an address, with user name and password if it asks for them.
    ///
    /// # Errors
    /// The user name cannot be used with this kind of proxy.
    pub fn new(
        kind: ProxyKind,
        address: Target,
        credentials: Option<Credentials>,
    ) -> Result<Self, CredentialsError> {
        Ok(Self { address, protocol: Proxy::new(kind, credentials)? })
    }

    /// How to talk to it.
    pub(crate) fn protocol(&self) -> Proxy {
        self.protocol.clone()
    }
}

/// Where a proxy is, as far as that is known.
#[derive(Debug)]
pub(crate) struct ProxyAddress {
    target: Target,
    found: Vec<SocketAddr>,
    next: usize,
    is_looking: bool,
    not_before: Millis,
    /// None of the addresses could be reached: its name may stand for others by now.
    is_stale: bool,
}

/// What can be done to reach the proxy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Connect to this.
    To(SocketAddr),
    /// Look the name up; then connect.
    LookUp(String, u16),
    /// Its name is being looked up.
    Wait,
    /// Its name was looked up a moment ago, and that led to nothing.
    Nowhere,
}

impl ProxyAddress {
    pub(crate) fn new(target: Target) -> Self {
        let found = match &target {
            Target::Address(address) => vec![*address],
            Target::Name(..) => Vec::new(),
        };
        Self { target, found, next: 0, is_looking: false, not_before: Millis(0), is_stale: false }
    }

    /// The way to it. [`Way::LookUp`] is given once, until there is an answer.
    pub(crate) fn way(&mut self, now: Millis) -> Way {
        let known = self.found.get(self.next).copied();
        let may_look = !self.is_looking && self.not_before <= now;
        match (&self.target, known) {
            // Those that are known serve until others are found: they may be back.
            (_, Some(address)) if !self.is_stale || !may_look => Way::To(address),
            // Cannot be: an address is always known.
            (Target::Address(address), _) => Way::To(*address),
            (Target::Name(..), _) if self.is_looking => Way::Wait,
            (Target::Name(..), _) if !may_look => Way::Nowhere,
            (Target::Name(host, port), _) => {
                self.is_looking = true;
                Way::LookUp(host.as_str().to_owned(), *port)
            }
        }
    }

    /// Its name was looked up. The pause until the next time counts from here: a lookup that leads to
    /// nothing may take longer than the pause.
    pub(crate) fn handle_lookup(&mut self, found: Vec<SocketAddr>, now: Millis) {
        self.is_looking = false;
        self.not_before = Millis(now.0 + LOOKUP_PAUSE_MS);
        let mut each: Vec<SocketAddr> = Vec::new();
        for address in found {
            if !each.contains(&address) {
                each.push(address);
            }
        }
        if !each.is_empty() {
            self.found = each;
            self.next = 0;
            self.is_stale = false;
        }
    }

    /// A connection could not be made at this address: the next one that its name has, if any, serves
    /// at once.
    pub(crate) fn go_on(&mut self, address: SocketAddr) -> Option<SocketAddr> {
        let at = self.found.iter().position(|found| *found == address)?;
        let next = self.found.get(at + 1)?;
        if self.next == at {
            // Others need not find out.
            self.next += 1;
        }
        Some(*next)
    }

    /// It could not be reached at this address: the next one serves, and after the last its name is
    /// looked up again.
    pub(crate) fn handle_unreachable(&mut self, address: SocketAddr) {
        if self.found.get(self.next) != Some(&address) {
            // Another connection has found out already.
            return;
        }
        self.next += 1;
        if self.next < self.found.len() {
            return;
        }
        self.next = 0;
        self.is_stale = matches!(self.target, Target::Name(..));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], 1080))
    }

    #[test]
    fn an_address_stays_what_it_is() {
        let mut proxy = ProxyAddress::new(Target::Address(address(1)));
        assert_eq!(proxy.way(Millis(0)), Way::To(address(1)));
        proxy.handle_unreachable(address(1));
        assert_eq!(proxy.way(Millis(0)), Way::To(address(1)));
    }

    #[test]
    fn a_name_is_looked_up_once_and_again_after_its_last_address_failed() {
        let mut proxy = ProxyAddress::new(crate::net::address::parse("proxy.test:1080").unwrap());
        assert_eq!(proxy.way(Millis(0)), Way::LookUp("proxy.test".to_owned(), 1080));
        assert_eq!(proxy.way(Millis(1)), Way::Wait);
        proxy.handle_lookup(vec![address(1), address(2)], Millis(0));
        assert_eq!(proxy.way(Millis(2)), Way::To(address(1)));
        proxy.handle_unreachable(address(1));
        proxy.handle_unreachable(address(1));
        assert_eq!(proxy.way(Millis(3)), Way::To(address(2)));
        proxy.handle_unreachable(address(2));
        let way = proxy.way(Millis(4));
        assert_eq!(way, Way::To(address(1)), "it was asked for a moment ago");
        assert!(matches!(proxy.way(Millis(LOOKUP_PAUSE_MS)), Way::LookUp(..)));
    }

    #[test]
    fn a_connection_goes_on_to_the_next_address() {
        let mut proxy = ProxyAddress::new(crate::net::address::parse("proxy.test:1080").unwrap());
        proxy.way(Millis(0));
        proxy.handle_lookup(vec![address(1), address(2), address(3)], Millis(0));
        assert_eq!(proxy.go_on(address(1)), Some(address(2)));
        assert_eq!(proxy.go_on(address(1)), Some(address(2)), "another connection");
        assert_eq!(proxy.way(Millis(1)), Way::To(address(2)));
        assert_eq!(proxy.go_on(address(2)), Some(address(3)));
        assert_eq!(proxy.go_on(address(3)), None);
        assert_eq!(ProxyAddress::new(Target::Address(address(1))).go_on(address(1)), None);
    }

    /// As without a network: the system's resolver asks several times, for several seconds each.
    #[test]
    fn a_lookup_that_takes_its_time_is_not_repeated_at_once() {
        let mut proxy = ProxyAddress::new(crate::net::address::parse("proxy.test:1080").unwrap());
        assert!(matches!(proxy.way(Millis(0)), Way::LookUp(..)));
        let late = 3 * LOOKUP_PAUSE_MS;
        assert_eq!(proxy.way(Millis(late)), Way::Wait);
        proxy.handle_lookup(Vec::new(), Millis(late));
        assert_eq!(proxy.way(Millis(late)), Way::Nowhere);
        assert!(matches!(proxy.way(Millis(late + LOOKUP_PAUSE_MS)), Way::LookUp(..)));
    }

    #[test]
    fn the_debug_text_keeps_the_password() {
        let credentials = Credentials::new("alice", "secret").unwrap();
        let target = Target::Address(address(1));
        let config = ProxyConfig::new(ProxyKind::Socks5, target, Some(credentials)).unwrap();
        assert!(!format!("{config:?}").contains("secret"));
    }
}
