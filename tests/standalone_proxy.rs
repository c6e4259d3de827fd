// SPDX-License-Identifier: GPL-3.0-or-later
//! Connections through proxies on loopback, which resolve the names of relays.
#![cfg(feature = "relay")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "waits are bounded by the clock")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at what it is about")]

#[path = "support/middle.rs"]
mod middle;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use middle::{Front, Middle};
use toxlink::net::address;
use toxlink::net::client::{self, Client, Status};
use toxlink::net::connections::{Config, Connections, Event, PeerId};
use toxlink::net::proxy::{Credentials, ProxyConfig, ProxyKind};
use toxlink::net::random_secret_key;
use toxlink::net::relay::{self, Relay};
use toxlink::net::resolver::Resolve;

/// Longest time that anything may take; nothing waits for it unless something is broken.
const LONG: Duration = Duration::from_secs(90);
const SHORT: Duration = Duration::from_millis(20);

/// What the name of the proxy stands for; other names must not be asked for.
#[derive(Debug, Default)]
struct ProxyNames {
    found: Mutex<Vec<SocketAddr>>,
    lookups: AtomicUsize,
    others: AtomicUsize,
}

impl Resolve for ProxyNames {
    fn resolve(&self, host: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        let counter = if host == "proxy.test" { &self.lookups } else { &self.others };
        counter.fetch_add(1, Ordering::SeqCst);
        match &*self.found.lock().unwrap() {
            found if host == "proxy.test" && !found.is_empty() => Ok(found.clone()),
            _ => Err(io::Error::other("no such host")),
        }
    }
}

/// Nobody listens there.
fn dead_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

struct World {
    relay: Relay,
    names: Arc<ProxyNames>,
    front: Front,
    kind: ProxyKind,
}

impl World {
    fn new(kind: ProxyKind) -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let relay = Relay::bind(&relay::Config::new([any], random_secret_key().unwrap())).unwrap();
        relay.start(|_| ()).unwrap();
        let front = Front::Proxy {
            http: kind == ProxyKind::Http,
            credentials: ("alice".to_owned(), "secret".to_owned()),
            names: vec![("relay.test".to_owned(), relay.addresses()[0])],
        };
        Self { relay, names: Arc::default(), front, kind }
    }

    /// A client that knows the proxy by name only.
    fn config(&self) -> Config {
        let credentials = Credentials::new("alice", "secret").unwrap();
        let address = address::parse("proxy.test:1").unwrap();
        let proxy = ProxyConfig::new(self.kind, address, Some(credentials)).unwrap();
        let secret_key = random_secret_key().unwrap();
        Config { secret_key, proxy: Some(proxy), resolver: self.names.clone() }
    }

    fn add(&self, end: &Connections, peer: PeerId, target: &str) {
        let target = address::parse(target).unwrap();
        end.add_relay_for(peer, target, self.relay.public_key()).unwrap();
    }
}

fn until(ends: &[&Connections], mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        for end in ends {
            end.turn(Some(SHORT), &mut |_| ()).unwrap();
        }
        assert!(start.elapsed() < LONG, "it does not come about");
    }
}

/// The proxy and the relay are known by name, and nobody listens at the proxy's first address.
#[test]
fn a_proxy_whose_first_address_is_dead() {
    for kind in [ProxyKind::Socks5, ProxyKind::Http] {
        let world = World::new(kind);
        let proxy = Middle::start("127.0.0.1:0".parse().unwrap(), world.front.clone());
        // One that fails at once, too: no address of this form can be connected without an interface.
        let none = "[fe80::1]:9".parse().unwrap();
        let found = vec![none, dead_address(), none, dead_address(), proxy.address];
        *world.names.found.lock().unwrap() = found;
        let alice = Connections::new(world.config()).unwrap();
        let bob = Connections::new(Config::new().unwrap()).unwrap();
        let to_bob = alice.add_peer(bob.public_key()).unwrap();
        let to_alice = bob.add_peer(alice.public_key()).unwrap();
        world.add(&alice, to_bob, "relay.test:443");
        world.add(&bob, to_alice, &world.relay.addresses()[0].to_string());
        let online = || alice.online_relays(to_bob) == 1 && bob.online_relays(to_alice) == 1;
        until(&[&alice, &bob], online);
        assert_eq!(alice.relay_statistics(&world.relay.public_key()).unwrap().attempts, 1);
        assert_eq!(alice.send(to_bob, b"through a proxy"), Ok(()));
        let mut data = Vec::new();
        let start = Instant::now();
        while data.is_empty() {
            let take = &mut |event: Event<'_>| {
                if let Event::Data { data: bytes, .. } = event {
                    data.extend_from_slice(bytes);
                }
            };
            bob.turn(Some(SHORT), take).unwrap();
            assert!(start.elapsed() < LONG);
        }
        assert_eq!(data, b"through a proxy");
        assert_eq!(proxy.take_asked(), ["relay.test:443"]);
        assert_eq!(world.names.lookups.load(Ordering::SeqCst), 1);
        assert_eq!(world.names.others.load(Ordering::SeqCst), 0, "the proxy resolves it");
    }
}

/// Nothing goes past it meanwhile.
#[test]
fn a_proxy_that_dies_and_comes_back_elsewhere() {
    let world = World::new(ProxyKind::Socks5);
    let proxy = Middle::start("127.0.0.1:0".parse().unwrap(), world.front.clone());
    *world.names.found.lock().unwrap() = vec![proxy.address];
    let alice = Connections::new(world.config()).unwrap();
    let peer = alice.add_peer(random_peer()).unwrap();
    world.add(&alice, peer, "relay.test:443");
    until(&[&alice], || world.relay.clients() == 1);
    drop(proxy);
    until(&[&alice], || world.relay.clients() == 0);
    let again = Middle::start("127.0.0.1:0".parse().unwrap(), world.front.clone());
    *world.names.found.lock().unwrap() = vec![again.address];
    until(&[&alice], || world.relay.clients() == 1);
    assert_eq!(again.take_asked(), ["relay.test:443"]);
    assert_eq!(world.relay.figures().accepted, 2, "one through each proxy");
    assert_eq!(world.names.lookups.load(Ordering::SeqCst), 2, "the proxy has moved");
    assert_eq!(world.names.others.load(Ordering::SeqCst), 0);
}

/// The proxy's name is not known at first, as without a network.
#[test]
fn a_proxy_whose_name_is_found_late() {
    let world = World::new(ProxyKind::Socks5);
    let alice = Connections::new(world.config()).unwrap();
    let peer = alice.add_peer(random_peer()).unwrap();
    world.add(&alice, peer, "relay.test:443");
    until(&[&alice], || world.names.lookups.load(Ordering::SeqCst) == 1);
    let proxy = Middle::start("127.0.0.1:0".parse().unwrap(), world.front.clone());
    *world.names.found.lock().unwrap() = vec![proxy.address];
    until(&[&alice], || world.relay.clients() == 1);
    assert_eq!(proxy.take_asked(), ["relay.test:443"]);
    assert_eq!(world.names.others.load(Ordering::SeqCst), 0);
}

fn random_peer() -> toxlink::crypto::PublicKey {
    toxlink::crypto::rust::public_key(&random_secret_key().unwrap())
}

/// A single client goes on to the proxy's second address, too.
#[test]
fn a_client_behind_a_proxy_whose_first_address_is_dead() {
    for kind in [ProxyKind::Socks5, ProxyKind::Http] {
        let world = World::new(kind);
        let proxy = Middle::start("127.0.0.1:0".parse().unwrap(), world.front.clone());
        *world.names.found.lock().unwrap() = vec![dead_address(), proxy.address];
        let target = address::parse("relay.test:443").unwrap();
        let client = Client::new(world.config(), target, world.relay.public_key()).unwrap();
        let mut statuses = Vec::new();
        let start = Instant::now();
        while client.status() != Status::Connected {
            let take = &mut |event: client::Event<'_>| {
                if let client::Event::Status(status) = event {
                    statuses.push(status);
                }
            };
            client.turn(Some(SHORT), take).unwrap();
            assert!(start.elapsed() < LONG);
        }
        assert!(!statuses.contains(&Status::Disconnected));
        assert_eq!(proxy.take_asked(), ["relay.test:443"]);
        assert_eq!(world.names.others.load(Ordering::SeqCst), 0);
    }
}
