// SPDX-License-Identifier: GPL-3.0-or-later
//! What connections report of relays and peers that come and go. Virtual time.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::cell::Cell;

use support::relays::{Client, Fault, Net};
use support::waiting::{Drive, Driver};
use toxlink::crypto::PublicKey;
use toxlink::proto::connections::RelayNumber;
use toxlink::proto::connections::change::Change;
use toxlink::proto::relay::state::Reason;

fn run(net: &Net, clients: &[&Client<'_>], ms: u64) {
    Drive { net, clients, driver: Driver::Waits, rounds: &Cell::new(0) }.run(ms, |_| {});
}

fn taken(client: &Client<'_>) -> Vec<Change> {
    core::iter::from_fn(|| client.machine.borrow_mut().take_change()).collect()
}

fn relay(net: &Net, number: usize, connected: bool, reason: Option<Reason>) -> Change {
    Change::Relay { pk: net.key(number), connected, reason }
}

#[test]
fn relays_and_peers_are_told_of_as_they_come_and_go() {
    let net = Net::new(2);
    let (alice, bob) = (Client::new(&net, 0), Client::new(&net, 1));
    alice.machine.borrow_mut().report_changes();
    let peer = alice.machine.borrow_mut().new_peer(bob.pk, 10).unwrap();
    let back = bob.machine.borrow_mut().new_peer(alice.pk, 20).unwrap();
    for number in 0..2 {
        assert!(alice.add_relay_for(peer, number) && bob.add_relay_for(back, number));
    }
    run(&net, &[&alice, &bob], 2000);
    let mut seen = taken(&alice);
    let online = |online_relays| Change::Peer { id: 10, online_relays };
    // Of two changes of one peer, the last is told.
    assert_eq!(seen.pop(), Some(online(2)));
    assert_eq!(seen, [relay(&net, 0, true, None), relay(&net, 1, true, None)]);

    // The first call comes too soon after the last one, the second is refused.
    run(&net, &[&alice, &bob], 5000);
    net.set_fault(1, Fault::Refuse);
    run(&net, &[&alice, &bob], 100);
    assert_eq!(taken(&alice), [relay(&net, 1, false, Some(Reason::Closed)), online(1)]);
    run(&net, &[&alice, &bob], 10_000);
    let refused = Some(Reason::ConnectFailed(111));
    assert_eq!(taken(&alice), [relay(&net, 1, false, refused)]);

    // A peer that comes and goes before anybody looks has not changed.
    bob.machine.borrow_mut().kill_peer(back);
    bob.settle();
    run(&net, &[&alice, &bob], 500);
    let back = bob.machine.borrow_mut().new_peer(alice.pk, 20).unwrap();
    assert!(bob.add_relay_for(back, 0));
    run(&net, &[&alice, &bob], 500);
    assert_eq!((taken(&alice), alice.online(peer)), (vec![], 1));

    // Nothing is told of a peer that was killed, nor of its successor what was his.
    bob.machine.borrow_mut().kill_peer(back);
    bob.settle();
    run(&net, &[&alice, &bob], 500);
    assert_eq!(alice.online(peer), 0);
    alice.machine.borrow_mut().kill_peer(peer);
    alice.settle();
    assert_eq!(alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 11), Some(peer));
    assert_eq!(taken(&alice), []);
}

#[test]
fn a_relay_that_we_leave_is_told_of_without_a_reason() {
    let net = Net::new(2);
    let (alice, bob) = (Client::new(&net, 0), Client::new(&net, 1));
    let peer = alice.machine.borrow_mut().new_peer(bob.pk, 10).unwrap();
    let back = bob.machine.borrow_mut().new_peer(alice.pk, 20).unwrap();
    assert!(alice.add_relay_for(peer, 0) && bob.add_relay_for(back, 0) && alice.add_relay(1));
    run(&net, &[&alice, &bob], 2000);
    assert_eq!(taken(&alice), [], "nobody has asked");

    // Who asks later is told of what changes from then on, the present loss of a peer included.
    alice.machine.borrow_mut().report_changes();
    alice.machine.borrow_mut().report_changes();
    assert_eq!(taken(&alice), []);
    alice.machine.borrow_mut().set_awake(peer, false);
    run(&net, &[&alice, &bob], 15_000);
    let gone = Change::Peer { id: 10, online_relays: 0 };
    assert_eq!(taken(&alice), [relay(&net, 0, false, None), gone], "asleep");
    alice.machine.borrow_mut().kill_relay(RelayNumber(1));
    alice.settle();
    assert_eq!(taken(&alice), [relay(&net, 1, false, None)], "removed");
    assert!(alice.add_relay(1));
    run(&net, &[&alice, &bob], 1000);
    taken(&alice);
    alice.machine.borrow_mut().kill_relay(RelayNumber(1));
    alice.settle();
    assert_eq!(taken(&alice).len(), 1);
}

#[test]
fn an_attempt_that_ends_is_told_of_each_time() {
    let net = Net::new(1);
    let alice = Client::new(&net, 0);
    alice.machine.borrow_mut().report_changes();
    net.set_fault(0, Fault::Mute);
    assert!(alice.add_relay(0));
    run(&net, &[&alice], 9000);
    assert_eq!(taken(&alice), []);
    run(&net, &[&alice], 2000);
    assert_eq!(taken(&alice), [relay(&net, 0, false, Some(Reason::ConnectTimeout))]);
    assert!(!alice.machine.borrow().knows_relay(&net.key(0)));

    let now = net.clock().seconds;
    let (pk, address) =
        (PublicKey([5; 32]), "192.0.2.200:1".parse::<std::net::SocketAddr>().unwrap());
    let opening = alice.machine.borrow_mut().add_relay(address, pk, now).unwrap().unwrap();
    alice.machine.borrow_mut().handle_connect_failed(opening.link, now);
    let failed = Change::Relay { pk, connected: false, reason: Some(Reason::ConnectFailed(0)) };
    assert_eq!(taken(&alice), [failed], "the socket could not be opened");
}

#[test]
fn changes_that_nobody_takes_are_few() {
    let net = Net::new(1);
    let alice = Client::new(&net, 0);
    alice.machine.borrow_mut().report_changes();
    let now = net.clock().seconds;
    for number in 0..1100u32 {
        let mut key = [5; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        let address = "192.0.2.200:1".parse::<std::net::SocketAddr>().unwrap();
        let opening = alice.machine.borrow_mut().add_relay(address, PublicKey(key), now);
        let link = opening.unwrap().unwrap().link;
        alice.machine.borrow_mut().handle_connect_failed(link, now);
    }
    let seen = taken(&alice);
    assert_eq!(seen.len(), 1024);
    let Some(Change::Relay { pk, .. }) = seen.last() else { panic!("{seen:?}") };
    assert_eq!(pk.0[..4], 1099u32.to_be_bytes(), "the newest are kept");
}
