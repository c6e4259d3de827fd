// SPDX-License-Identifier: GPL-3.0-or-later
//! The objects with sockets, on loopback, with relays of our own.
#![cfg(feature = "relay")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "waits are bounded by the clock")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at what it is about")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use toxlink::crypto::{PublicKey, SecretKey};
use toxlink::net::address::{self, Target};
use toxlink::net::client::{self, Client, ConnectionId, Status};
use toxlink::net::connections::{
    Config, Connections, Event, PeerError, PeerId, RelayError, SendError,
};
use toxlink::net::relay::{self, Relay};
use toxlink::net::resolver::Resolve;
use toxlink::net::{TurnError, random_secret_key};

/// Longest time that anything may take; nothing waits for it unless something is broken.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);

struct TestRelay {
    relay: Relay,
    pk: PublicKey,
    address: SocketAddr,
}

fn start_relay(address: SocketAddr, secret_key: SecretKey) -> TestRelay {
    let relay = Relay::bind(&relay::Config::new([address], secret_key)).unwrap();
    let (pk, address) = (relay.public_key(), relay.addresses()[0]);
    relay.start(|_| ()).unwrap();
    TestRelay { relay, pk, address }
}

fn any_relay() -> TestRelay {
    start_relay("127.0.0.1:0".parse().unwrap(), random_secret_key().unwrap())
}

/// Names for the addresses of a test; others are not found. Counts the lookups.
#[derive(Debug)]
struct TestResolver {
    known: Vec<(&'static str, SocketAddr)>,
    lookups: AtomicUsize,
}

impl TestResolver {
    fn new(known: Vec<(&'static str, SocketAddr)>) -> Arc<Self> {
        Arc::new(Self { known, lookups: AtomicUsize::new(0) })
    }
}

impl Resolve for TestResolver {
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let found = self.known.iter().filter(|(name, _)| *name == host);
        let found: Vec<_> = found.map(|(_, address)| *address).collect();
        match found.first() {
            Some(address) => {
                assert_eq!(address.port(), port);
                Ok(found)
            }
            None => Err(io::Error::other("no such host")),
        }
    }
}

/// What an object has told.
#[derive(Default)]
struct Seen {
    data: Vec<Vec<u8>>,
    oob: Vec<(PublicKey, PublicKey, Vec<u8>)>,
    online: Vec<(PeerId, usize)>,
    relays: Vec<(PublicKey, bool)>,
    writable: usize,
}

impl Seen {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Data { data, .. } => self.data.push(data.to_vec()),
            Event::Oob { sender, relay, data } => self.oob.push((sender, relay, data.to_vec())),
            Event::PeerStatus { peer, online_relays } => self.online.push((peer, online_relays)),
            Event::RelayStatus { relay, connected, .. } => self.relays.push((relay, connected)),
            Event::Writable(_) | Event::RelayWritable(_) => self.writable += 1,
            Event::Onion(_) | Event::Forwarding(_) | Event::Log(..) => {}
        }
    }
}

/// Turns both until `done`.
fn run_until(ends: &mut [(&Connections, &mut Seen)], done: impl Fn(&[&Seen]) -> bool) {
    let start = Instant::now();
    loop {
        for (end, seen) in ends.iter_mut() {
            end.turn(Some(SHORT), &mut |event| seen.take(event)).unwrap();
        }
        let seen: Vec<&Seen> = ends.iter().map(|(_, seen)| &**seen).collect();
        if done(&seen) {
            return;
        }
        assert!(start.elapsed() < LONG, "it does not come about");
    }
}

/// Two ends that know each other, and a relay where they will meet.
fn pair_at(relay: &TestRelay) -> (Connections, PeerId, Connections, PeerId) {
    let (alice, to_bob, bob, to_alice) = pair();
    alice.add_relay_for(to_bob, relay.address.into(), relay.pk).unwrap();
    bob.add_relay_for(to_alice, relay.address.into(), relay.pk).unwrap();
    (alice, to_bob, bob, to_alice)
}

/// Turns both until each has seen the other; what they were told.
fn until_online(alice: &Connections, bob: &Connections) -> (Seen, Seen) {
    let (mut a, mut b) = (Seen::default(), Seen::default());
    run_until(&mut [(alice, &mut a), (bob, &mut b)], |seen| {
        seen.iter().all(|seen| !seen.online.is_empty())
    });
    (a, b)
}

/// Two ends that know each other.
fn pair() -> (Connections, PeerId, Connections, PeerId) {
    let alice = Connections::new(Config::new().unwrap()).unwrap();
    let bob = Connections::new(Config::new().unwrap()).unwrap();
    let to_bob = alice.add_peer(bob.public_key()).unwrap();
    let to_alice = bob.add_peer(alice.public_key()).unwrap();
    (alice, to_bob, bob, to_alice)
}

#[test]
fn two_peers_over_three_relays_survive_the_death_of_two() {
    let mut relays: Vec<_> = (0..3).map(|_| any_relay()).collect();
    let (alice, to_bob, bob, to_alice) = pair();
    for relay in &relays {
        alice.add_relay_for(to_bob, relay.address.into(), relay.pk).unwrap();
        bob.add_relay_for(to_alice, relay.address.into(), relay.pk).unwrap();
    }
    let (mut a, mut b) = (Seen::default(), Seen::default());
    run_until(&mut [(&alice, &mut a), (&bob, &mut b)], |seen| {
        seen.iter().all(|seen| seen.online.iter().any(|(_, relays)| *relays == 3))
    });
    assert_eq!(a.relays.iter().filter(|(_, connected)| *connected).count(), 3);
    for round in 0..3u8 {
        assert_eq!(alice.send(to_bob, &[round, 1]), Ok(()));
        assert_eq!(bob.send(to_alice, &[round, 2]), Ok(()));
        run_until(&mut [(&alice, &mut a), (&bob, &mut b)], |seen| {
            seen.iter().all(|seen| seen.data.len() > usize::from(round))
        });
        if round < 2 {
            let dead = relays.remove(0);
            let pk = dead.pk;
            drop(dead);
            run_until(&mut [(&alice, &mut a), (&bob, &mut b)], |seen| {
                seen.iter().all(|seen| seen.relays.contains(&(pk, false)))
            });
        }
    }
    assert_eq!(b.data, [[0, 1], [1, 1], [2, 1]]);
    assert_eq!(a.data, [[0, 2], [1, 2], [2, 2]]);
    assert_eq!(alice.online_relays(to_bob), 1);
    let statistics = alice.relay_statistics(&relays[0].pk).unwrap();
    assert_eq!(statistics.address, Some(relays[0].address));
}

/// Nothing is polled: an idle pair sleeps until the next ping.
#[test]
fn idle_objects_wait_for_long_and_wake_for_packets() {
    let relay = any_relay();
    let (alice, to_bob, bob, _) = pair_at(&relay);
    let (mut a, mut b) = until_online(&alice, &bob);
    // The first ping and its answer, and whatever else is on its way.
    let is_calm = |end: &Connections| end.wait().is_none_or(|wait| wait > Duration::from_secs(5));
    run_until(&mut [(&alice, &mut a), (&bob, &mut b)], |_| is_calm(&alice) && is_calm(&bob));
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut seen = Seen::default();
            let mut turns = 0;
            while seen.data.is_empty() {
                bob.turn(Some(LONG), &mut |event| seen.take(event)).unwrap();
                turns += 1;
            }
            turns
        });
        assert_eq!(alice.send(to_bob, b"wake"), Ok(()));
        // One for the packet; a ping may come between.
        assert!(waiter.join().unwrap() <= 4);
    });
}

/// A call from another thread ends the waiting of the one that turns.
#[test]
fn another_thread_may_add_and_send_while_one_waits() {
    let relay = any_relay();
    let (alice, to_bob, bob, to_alice) = pair();
    let stop = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for end in [&alice, &bob] {
            let stop = &stop;
            scope.spawn(move || {
                let mut count = 0;
                while stop.load(Ordering::SeqCst) == 0 {
                    let handler = &mut |event: Event<'_>| {
                        if let Event::Data { data, .. } = event {
                            count += 1;
                            assert_eq!(data, b"over the fence");
                            stop.fetch_add(1, Ordering::SeqCst);
                        }
                    };
                    end.turn(Some(Duration::from_secs(1)), handler).unwrap();
                }
            });
        }
        alice.add_relay_for(to_bob, relay.address.into(), relay.pk).unwrap();
        bob.add_relay_for(to_alice, relay.address.into(), relay.pk).unwrap();
        let start = Instant::now();
        while alice.online_relays(to_bob) == 0 {
            assert!(start.elapsed() < LONG);
            std::thread::sleep(SHORT);
        }
        assert_eq!(alice.send(to_bob, b"over the fence"), Ok(()));
    });
}

/// What a call from another thread changes is told at once, not when the sleeper wakes by itself.
#[test]
fn a_sleeper_is_told_what_another_thread_has_changed() {
    let relay = any_relay();
    let (alice, to_bob, bob, _) = pair_at(&relay);
    let (mut a, mut b) = until_online(&alice, &bob);
    let is_calm = |end: &Connections| end.wait().is_none_or(|wait| wait > Duration::from_secs(5));
    run_until(&mut [(&alice, &mut a), (&bob, &mut b)], |_| is_calm(&alice));
    assert_eq!(alice.remove_relay(&relay.pk), Ok(()));
    assert_eq!(alice.online_relays(to_bob), 0);
    assert_eq!(alice.wait(), Some(Duration::ZERO));
    alice.iterate(&mut |event| a.take(event)).unwrap();
    assert_eq!(a.online.last(), Some(&(to_bob, 0)));
}

#[test]
fn one_turn_at_a_time_and_handlers_may_call_everything() {
    let relay = any_relay();
    let (alice, to_bob, bob, _) = pair_at(&relay);
    let start = Instant::now();
    let answered = RefCell::new(false);
    while !*answered.borrow() {
        alice
            .turn(Some(SHORT), &mut |event| {
                let nested = alice.iterate(&mut |_| panic!("a nested turn"));
                assert!(matches!(nested, Err(TurnError::Busy)));
                if let Event::PeerStatus { peer, online_relays: 1 } = event {
                    assert_eq!(alice.send(peer, b"ping"), Ok(()));
                }
                if let Event::Data { peer, data } = event {
                    assert_eq!((peer, data), (to_bob, &b"pong"[..]));
                    assert_eq!(alice.remove_peer(peer), Ok(()));
                    assert_eq!(alice.remove_relay(&relay.pk), Ok(()));
                    *answered.borrow_mut() = true;
                }
            })
            .unwrap();
        bob.turn(Some(SHORT), &mut |event| {
            if let Event::Data { peer, .. } = event {
                assert_eq!(bob.send(peer, b"pong"), Ok(()));
            }
        })
        .unwrap();
        assert!(start.elapsed() < LONG);
    }
    assert_eq!(alice.send(to_bob, b"gone"), Err(SendError::NotOnline));
    assert_eq!(alice.relays(), []);
}

#[test]
fn a_full_relay_is_told_and_so_is_its_room() {
    let relay = any_relay();
    let (alice, to_bob, bob, _) = pair_at(&relay);
    let (mut a, mut b) = until_online(&alice, &bob);
    // The relay is stopped, so that it reads nothing.
    relay.relay.stop();
    let mut sent = 0;
    while alice.send(to_bob, &[7; 1300]) == Ok(()) {
        sent += 1;
        assert!(sent < 100_000, "it never fills up");
    }
    assert_eq!(alice.send(to_bob, &[7; 1300]), Err(SendError::Busy));
    relay.relay.start(|_| ()).unwrap();
    run_until(&mut [(&alice, &mut a), (&bob, &mut b)], |seen| seen[0].writable > 0);
    assert_eq!(alice.send(to_bob, &[8]), Ok(()));
}

#[test]
fn host_names_are_looked_up_off_the_thread_and_again_when_they_were_not_found() {
    let relay = any_relay();
    let port = relay.address.port();
    let resolver = TestResolver::new(vec![("relay.test", relay.address)]);
    let config = Config {
        secret_key: random_secret_key().unwrap(),
        proxy: None,
        resolver: resolver.clone(),
    };
    let alice = Connections::new(config).unwrap();
    let bob = Connections::new(Config::new().unwrap()).unwrap();
    let to_bob = alice.add_peer(bob.public_key()).unwrap();
    let to_alice = bob.add_peer(alice.public_key()).unwrap();
    let name = |host: &str| address::parse(&format!("{host}:{port}")).unwrap();
    alice.add_relay_for(to_bob, name("relay.test"), relay.pk).unwrap();
    assert!(alice.is_looking_up(&relay.pk));
    bob.add_relay_for(to_alice, relay.address.into(), relay.pk).unwrap();
    let (mut a, _) = until_online(&alice, &bob);
    assert_eq!(resolver.lookups.load(Ordering::SeqCst), 1);
    let missing = PublicKey([9; 32]);
    alice.add_relay(name("missing.test"), missing).unwrap();
    run_until(&mut [(&alice, &mut a)], |seen| seen[0].relays.contains(&(missing, false)));
    assert_eq!(alice.lookup_failure(&missing).unwrap(), "host name not found: no such host");
    assert!(alice.relays().contains(&missing), "it is kept for later");
    let wait = alice.wait().unwrap();
    assert!(wait <= Duration::from_secs(10), "it is looked up again");
    assert_eq!(alice.remove_relay(&missing), Ok(()));
    let nobody = alice.add_peer(PublicKey([5; 32])).unwrap();
    alice.add_relay_for(nobody, name("missing.test"), missing).unwrap();
    run_until(&mut [(&alice, &mut a)], |_| !alice.is_looking_up(&missing));
    assert!(alice.relays().contains(&missing));
    assert_eq!(alice.remove_peer(nobody), Ok(()));
    assert!(!alice.relays().contains(&missing), "nobody wants it any more");
    assert_eq!(alice.remove_relay(&missing), Err(RelayError::NotFound));
}

/// A relay for everybody that is not there yet is tried again, without anybody asking.
#[test]
fn a_relay_that_comes_up_late_is_found() {
    let key = random_secret_key().unwrap();
    // A port that nobody listens on.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let pk = Relay::bind(&relay::Config::new(["127.0.0.1:0".parse().unwrap()], key.clone()))
        .unwrap()
        .public_key();
    let alice = Connections::new(Config::new().unwrap()).unwrap();
    alice.add_relay(address.into(), pk).unwrap();
    let mut seen = Seen::default();
    run_until(&mut [(&alice, &mut seen)], |seen| seen[0].relays.contains(&(pk, false)));
    let relay = start_relay(address, key);
    run_until(&mut [(&alice, &mut seen)], |seen| seen[0].relays.contains(&(pk, true)));
    drop(relay);
}

#[test]
fn packets_out_of_band_name_their_relay() {
    let relay = any_relay();
    let (alice, bob) = (
        Connections::new(Config::new().unwrap()).unwrap(),
        Connections::new(Config::new().unwrap()).unwrap(),
    );
    for end in [&alice, &bob] {
        end.add_relay(relay.address.into(), relay.pk).unwrap();
        assert_eq!(end.add_relay(relay.address.into(), relay.pk), Err(RelayError::Known));
    }
    let (mut a, mut b) = (Seen::default(), Seen::default());
    run_until(&mut [(&alice, &mut a), (&bob, &mut b)], |seen| {
        // A relay that has not read the first frame of a client yet drops what is for it.
        seen.iter().all(|seen| !seen.relays.is_empty()) && relay.relay.clients() == 2
    });
    // The relay passes nothing on to who has not sent anything yet.
    run_until(&mut [(&alice, &mut a), (&bob, &mut b)], |_| relay.relay.clients() == 2);
    assert_eq!(alice.send_oob(&relay.pk, &bob.public_key(), b"hello"), Ok(()));
    run_until(&mut [(&alice, &mut a), (&bob, &mut b)], |seen| !seen[1].oob.is_empty());
    assert_eq!(b.oob, [(alice.public_key(), relay.pk, b"hello".to_vec())]);
    let peer = bob.add_peer(alice.public_key()).unwrap();
    assert_eq!(bob.tie_relay(peer, &relay.pk), Ok(()));
    assert_eq!(bob.tie_relay(peer, &relay.pk), Err(RelayError::Tied));
    assert_eq!(alice.send_onion(None, b"data"), Err(SendError::NotConfirmed));
}

#[test]
fn what_cannot_be_is_refused() {
    let alice = Connections::new(Config::new().unwrap()).unwrap();
    assert_eq!(alice.add_peer(alice.public_key()), Err(PeerError::OwnKey));
    let peer = alice.add_peer(PublicKey([5; 32])).unwrap();
    assert_eq!(alice.add_peer(PublicKey([5; 32])), Err(PeerError::Known));
    assert_eq!(alice.peer_by_key(&PublicKey([5; 32])), Some(peer));
    let nobody = PeerId::from_number(77);
    let target: Target = "127.0.0.1:1".parse::<SocketAddr>().unwrap().into();
    assert_eq!(
        alice.add_relay_for(nobody, target.clone(), PublicKey([6; 32])),
        Err(RelayError::NoPeer)
    );
    let low_order = PublicKey([0; 32]);
    assert_eq!(alice.add_relay(target.clone(), low_order), Err(RelayError::LowOrderKey));
    assert_eq!(alice.add_relay_for(peer, target, low_order), Err(RelayError::LowOrderKey));
    assert_eq!(alice.send(nobody, b"x"), Err(SendError::NotOnline));
    assert_eq!(alice.send(peer, b""), Err(SendError::Length(0)));
    assert_eq!(alice.remove_peer(nobody), Err(PeerError::NoPeer));
    assert_eq!(alice.set_sleeping(nobody, true), Err(PeerError::NoPeer));
    assert_eq!(alice.remove_peer(peer), Ok(()));
    let again = alice.add_peer(PublicKey([5; 32])).unwrap();
    assert_ne!(again, peer, "a number is not used for another peer");
}

#[test]
fn a_client_asks_for_routes_and_passes_data() {
    let relay = any_relay();
    let connect = || Client::new(Config::new().unwrap(), relay.address.into(), relay.pk).unwrap();
    let ends = [connect(), connect()];
    let mut statuses: [Vec<Status>; 2] = Default::default();
    let mut routes: [Option<ConnectionId>; 2] = [None; 2];
    let mut online = BTreeSet::new();
    let mut got: Vec<Vec<u8>> = Vec::new();
    let start = Instant::now();
    while got.len() < 2 {
        for (at, end) in ends.iter().enumerate() {
            let other = ends[1 - at].public_key();
            end.turn(Some(SHORT), &mut |event| match event {
                client::Event::Status(status) => {
                    statuses[at].push(status);
                    end.request_route(other).unwrap();
                }
                client::Event::Route { peer, connection_id } => {
                    assert_eq!(peer, other);
                    routes[at] = connection_id;
                }
                client::Event::Online { connection_id, online: true } => {
                    assert_eq!(Some(connection_id), routes[at]);
                    online.insert(at);
                    end.send(connection_id, b"through a route").unwrap();
                }
                client::Event::Data { data, .. } => got.push(data.to_vec()),
                _ => {}
            })
            .unwrap();
        }
        assert!(start.elapsed() < LONG);
    }
    assert_eq!(statuses, [vec![Status::Connected], vec![Status::Connected]]);
    assert_eq!(got, [b"through a route", b"through a route"]);
    let id = routes[0].unwrap();
    assert_eq!(ends[0].release_route(id), Ok(()));
    assert_eq!(ends[0].release_route(id), Err(SendError::NotOnline));
    assert_eq!(ends[0].send(id, b"x"), Err(SendError::NotOnline));
    drop(relay);
    while ends[0].status() != Status::Disconnected {
        ends[0].turn(Some(SHORT), &mut |_| ()).unwrap();
        assert!(start.elapsed() < 2 * LONG);
    }
    assert!(ends[0].failure().is_some());
    assert_eq!(ends[0].wait(), None, "nothing is left to do");
}

#[test]
fn a_client_tries_all_addresses_of_a_name() {
    let relay = any_relay();
    let nobody = TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap();
    // The dead address has another port: the resolver may give what it likes.
    let resolver = Arc::new(TwoAddresses(nobody, relay.address));
    let secret_key = random_secret_key().unwrap();
    let config = Config { secret_key, proxy: None, resolver };
    let name = address::parse("relay.test:1").unwrap();
    let client = Client::new(config, name, relay.pk).unwrap();
    assert_eq!(client.status(), Status::LookingUp);
    let mut statuses = Vec::new();
    let start = Instant::now();
    while client.status() < Status::Connected {
        let handler = &mut |event: client::Event<'_>| {
            if let client::Event::Status(status) = event {
                statuses.push(status);
            }
        };
        client.turn(Some(LONG), handler).unwrap();
        assert!(start.elapsed() < LONG);
    }
    client.iterate(&mut |_| ()).unwrap();
    assert_eq!(client.status(), Status::Connected);
    assert!(statuses.contains(&Status::Connecting));
}

#[derive(Debug)]
struct TwoAddresses(SocketAddr, SocketAddr);

impl Resolve for TwoAddresses {
    fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![self.0, self.1])
    }
}

#[test]
fn a_client_that_fails_at_once_tells_it() {
    // No stream can be connected to everybody, and the system says so at once.
    let everybody = Target::Address("255.255.255.255:9".parse().unwrap());
    let client = Client::new(Config::new().unwrap(), everybody, PublicKey([9; 32])).unwrap();
    assert_eq!(client.status(), Status::Disconnected);
    assert_eq!(client.wait(), Some(Duration::ZERO));
    let mut told = Vec::new();
    let mut handler = |event: client::Event<'_>| {
        if let client::Event::Status(status) = event {
            told.push(status);
        }
    };
    client.iterate(&mut handler).unwrap();
    client.iterate(&mut handler).unwrap();
    assert_eq!(told, [Status::Disconnected]);
    assert_eq!(client.wait(), None);
}

/// The system tells once that a stream has ended, and that may be together with its last packets.
#[test]
fn the_end_of_a_stream_behind_its_last_packets_is_noticed() {
    let relay = any_relay();
    let (alice, to_bob, bob, _) = pair_at(&relay);
    let (_, mut b) = until_online(&alice, &bob);
    for round in 0..20u8 {
        assert_eq!(alice.send(to_bob, &[round]), Ok(()));
    }
    // All of it arrives at Bob's socket, and then the end, before he looks.
    let start = Instant::now();
    while relay.relay.figures().forwarded < 20 {
        assert!(start.elapsed() < LONG);
        std::thread::sleep(SHORT);
    }
    let pk = relay.pk;
    drop(relay);
    std::thread::sleep(SHORT);
    b.relays.clear();
    // Far less than the time after which a silent relay is given up.
    for _ in 0..20 {
        bob.turn(Some(SHORT), &mut |event| b.take(event)).unwrap();
    }
    assert_eq!(b.data.len(), 20);
    assert!(b.relays.contains(&(pk, false)));
}

/// Whoever wants to end a thread that waits can.
#[test]
fn a_waiting_thread_can_be_woken() {
    let alice = Connections::new(Config::new().unwrap()).unwrap();
    let relay = any_relay();
    let client = Client::new(Config::new().unwrap(), relay.address.into(), relay.pk).unwrap();
    std::thread::scope(|scope| {
        let waiters = [
            scope.spawn(|| alice.turn(None, &mut |_| ()).unwrap()),
            scope.spawn(|| {
                while client.status() < Status::Connected {
                    client.turn(None, &mut |_| ()).unwrap();
                }
                // Until the first ping is due, but for the wake.
                client.turn(None, &mut |_| ()).unwrap();
            }),
        ];
        alice.wake();
        let start = Instant::now();
        while !waiters[1].is_finished() {
            client.wake();
            std::thread::sleep(SHORT);
            assert!(start.elapsed() < LONG);
        }
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    });
}

/// What is too long to go out of band is not the program's mistake.
#[test]
fn a_long_packet_to_a_peer_that_is_away() {
    let relay = any_relay();
    let (alice, to_bob, _, _) = pair();
    alice.add_relay_for(to_bob, relay.address.into(), relay.pk).unwrap();
    let mut a = Seen::default();
    run_until(&mut [(&alice, &mut a)], |seen| !seen[0].relays.is_empty());
    assert_eq!(alice.send(to_bob, &[7; 1025]), Err(SendError::NotOnline));
    assert_eq!(alice.send(to_bob, &[7; 2032]), Err(SendError::Length(2032)));
}
