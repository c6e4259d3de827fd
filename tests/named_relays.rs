// SPDX-License-Identifier: GPL-3.0-or-later
//! Relays that are known by name, behind a proxy that resolves it, in virtual time.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::net::{IpAddr, SocketAddr};

use support::relays::{Behaviour, Client, Fault, Got, Net, Script};
use toxlink::crypto::PublicKey;
use toxlink::proto::connections::relay_slot::Phase;
use toxlink::proto::connections::statistics::RelayStatistics;
use toxlink::proto::connections::{AddError, RelayNumber};
use toxlink::proto::relay::proxy::{Proxy, ProxyKind};
use toxlink::proto::relay::state::Reason;
use toxlink::wire::address::Target;
use toxlink::wire::proxy::{Credentials, Refusal};

/// Milliseconds between rounds, as in most programs.
const STEP_MS: u64 = 50;

fn name_of(relay: usize) -> Target {
    Target::from_host(&format!("relay{relay}.example"), 443).unwrap()
}

/// A SOCKS5 proxy that asks for a password, and knows both names and addresses.
fn asks_for_password(target: &Target) -> Script {
    let mut connect = vec![5, 1, 0];
    match target {
        Target::Name(name, _) => {
            connect.extend([3, name.as_str().len() as u8]);
            connect.extend_from_slice(name.as_str().as_bytes());
        }
        Target::Address(address) => {
            connect.push(1);
            let IpAddr::V4(ip) = address.ip() else { panic!("the relays have IPv4 addresses") };
            connect.extend(ip.octets());
        }
    }
    connect.extend(target.port().to_be_bytes());
    Script::from([
        (vec![5, 2, 0, 2], vec![5, 2]),
        (b"\x01\x05alice\x06secret".to_vec(), vec![1, 0]),
        (connect, vec![5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ])
}

/// The same, and no name resolves.
fn resolves_nothing(target: &Target) -> Script {
    let mut script = asks_for_password(target);
    script[2].1 = vec![5, 4, 0, 1, 0, 0, 0, 0, 0, 0];
    script
}

fn refuses_password(target: &Target) -> Script {
    let mut script = asks_for_password(target);
    script.truncate(2);
    script[1].1 = vec![1, 1];
    script
}

fn proxied(net: &Net, behaviour: Behaviour) -> Client<'_> {
    let credentials = Credentials::new("alice", "secret").unwrap();
    let proxy = Proxy::new(ProxyKind::Socks5, Some(credentials)).unwrap();
    for (index, relay) in net.relays.borrow_mut().iter_mut().enumerate() {
        relay.name = Some(name_of(index));
    }
    Client::with_proxy(net, 0, Some((proxy, behaviour)))
}

fn statistics_of(client: &Client<'_>, relay: u32) -> RelayStatistics {
    client.machine.borrow().relay_statistics(RelayNumber(relay)).unwrap()
}

#[test]
fn a_relay_known_by_name_serves_through_a_proxy() {
    let net = Net::new(1);
    let (alice, bob) = (proxied(&net, asks_for_password), Client::new(&net, 1));
    let peer = alice.machine.borrow_mut().new_peer(bob.pk, 20).unwrap();
    let back = bob.machine.borrow_mut().new_peer(alice.pk, 21).unwrap();
    assert!(alice.add_target_for(peer, 0, name_of(0)) && bob.add_relay_for(back, 0));
    let statistics = statistics_of(&alice, 0);
    assert_eq!((statistics.address, statistics.target), (None, Some(name_of(0))));
    run(&net, &[&alice, &bob], 3000);
    alice.send(peer, b"through a proxy").unwrap();
    run(&net, &[&alice, &bob], 1000);
    assert_eq!(bob.take(), [Got::Data(21, b"through a proxy".to_vec())]);
    let statistics = statistics_of(&alice, 0);
    assert_eq!((statistics.phase, statistics.attempts), (Phase::Connected, 1));
}

/// The relay ends its connection, then refuses new ones for a while.
#[test]
fn a_relay_known_by_name_is_tried_again() {
    let net = Net::new(1);
    let alice = proxied(&net, asks_for_password);
    let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 0).unwrap();
    assert!(alice.add_target_for(peer, 0, name_of(0)));
    run(&net, &[&alice], 11_000);
    net.set_fault(0, Fault::Close);
    run(&net, &[&alice], 1000);
    let statistics = statistics_of(&alice, 0);
    assert_eq!((statistics.phase, statistics.reconnects), (Phase::Connected, 1));
    net.set_fault(0, Fault::Refuse);
    run(&net, &[&alice], 60_000);
    assert!(matches!(statistics_of(&alice, 0).phase, Phase::Waiting(_) | Phase::Connecting));
    net.set_fault(0, Fault::None);
    run(&net, &[&alice], 100_000);
    let statistics = statistics_of(&alice, 0);
    assert_eq!((statistics.phase, statistics.reconnects), (Phase::Connected, 2));
    assert_eq!((statistics.address, statistics.target), (None, Some(name_of(0))));
}

#[test]
fn what_the_proxy_refuses_is_in_the_statistics_and_is_tried_again_later() {
    let behaviours: [(Behaviour, _); 2] =
        [(resolves_nothing, Refusal::SocksReply(4)), (refuses_password, Refusal::SocksPassword)];
    for (behaviour, refusal) in behaviours {
        let net = Net::new(1);
        let alice = proxied(&net, behaviour);
        let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 0).unwrap();
        assert!(alice.add_target_for(peer, 0, name_of(0)));
        run(&net, &[&alice], 1000);
        let statistics = statistics_of(&alice, 0);
        assert_eq!(statistics.last_error, Some(Reason::Proxy(refusal)));
        assert!(matches!(statistics.phase, Phase::Waiting(_)), "known at once");
        run(&net, &[&alice], 12_000);
        assert_eq!(statistics_of(&alice, 0).attempts, 2);
        assert!(!format!("{:?}", alice.notes.borrow()).contains("secret"));
    }
}

/// Others cannot use the name, so they are not told of such a relay.
#[test]
fn lists_have_no_relays_without_an_address() {
    let net = Net::new(3);
    let alice = proxied(&net, asks_for_password);
    for (relay, named) in [true, false, true].into_iter().enumerate() {
        let target = if named { name_of(relay) } else { net.address(relay).into() };
        assert!(alice.add_target(relay, target));
    }
    run(&net, &[&alice], 3000);
    let machine = alice.machine.borrow();
    assert_eq!(machine.connected_relays(), 3);
    let wanted = [(net.key(1), net.address(1))];
    for start in 0..6 {
        // They do not take up room either.
        assert_eq!(machine.copy_connected(1, start), wanted, "from {start}");
        assert_eq!(machine.copy_connected_from(1, start), wanted, "from {start}");
    }
    let by_address = |relay: usize| machine.link_by_address(net.address(relay));
    assert_eq!(by_address(0), None);
    assert_eq!(by_address(1).map(|link| link.relay), Some(RelayNumber(1)));
    assert_eq!(machine.relay_address(RelayNumber(0)), None);
}

#[test]
fn of_a_name_and_an_address_the_proxy_is_told_the_name() {
    for name_first in [true, false] {
        let net = Net::new(1);
        let alice = proxied(&net, asks_for_password);
        let bogus = Target::from(SocketAddr::from(([192, 0, 2, 99], 1)));
        let mut targets = [bogus.clone(), name_of(0)];
        if name_first {
            targets.reverse();
        }
        let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 0).unwrap();
        let [first, second] = targets;
        assert!(alice.add_target_for(peer, 0, first));
        assert!(!alice.add_target_for(peer, 0, second), "tied already");
        run(&net, &[&alice], 25_000);
        let statistics = statistics_of(&alice, 0);
        assert_eq!(statistics.phase, Phase::Connected);
        assert_eq!((statistics.address, statistics.target), (bogus.address(), Some(name_of(0))));
        let link = alice.machine.borrow().link_by_address(bogus.address().unwrap());
        assert_eq!(link.map(|link| link.relay), Some(RelayNumber(0)), "found by its address");
        assert!(alice.machine.borrow_mut().kill_relay(RelayNumber(0)));
        alice.settle();
        alice.round();
    }
}

#[test]
fn the_last_name_counts() {
    let net = Net::new(1);
    let alice = proxied(&net, asks_for_password);
    let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 0).unwrap();
    assert!(alice.add_target_for(peer, 0, name_of(9)));
    run(&net, &[&alice], 1000);
    assert!(!alice.add_target(0, name_of(0)), "known already");
    run(&net, &[&alice], 12_000);
    assert_eq!(alice.machine.borrow().connected_relays(), 1);
}

#[test]
fn without_a_proxy_a_name_alone_leads_nowhere() {
    let net = Net::new(1);
    let alice = Client::new(&net, 0);
    let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 0).unwrap();
    let (key, now) = (net.key(0), net.clock().seconds);
    let added = alice.machine.borrow_mut().add_relay(name_of(0), key, now);
    assert_eq!(added, Err(AddError::NoAddress));
    let added = alice.machine.borrow_mut().add_relay_for(peer, name_of(0), key, now);
    assert_eq!(added, Err(AddError::NoAddress));
    assert!(!alice.machine.borrow().knows_relay(&key));
    // Besides an address it does no harm.
    assert!(alice.add_relay(0));
    assert!(alice.add_target_for(peer, 0, name_of(0)));
    run(&net, &[&alice], 1000);
    assert_eq!(statistics_of(&alice, 0).target, Some(net.address(0).into()));
    assert_eq!(alice.machine.borrow().connected_relays(), 1);
}

fn run(net: &Net, clients: &[&Client<'_>], ms: u64) {
    for _ in 0..ms / STEP_MS {
        net.now_ms.set(net.now_ms.get() + STEP_MS);
        net.run_relays();
        clients.iter().for_each(|client| client.round());
    }
}
