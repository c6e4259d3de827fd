// SPDX-License-Identifier: GPL-3.0-or-later
//! Friend connections among neighbours that keep books: what is taken is given back, once.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use proptest::prelude::*;
use support::neighbours::{Operation, World, node};
use toxlink::crypto::PublicKey;
use toxlink::proto::friend::{FriendconId, Incoming, RealPublicKey};

// ------------------------------------------------------------------------------------- scenarios

#[test]
fn a_friend_comes_online_and_is_told_of_once() {
    let world = World::default();
    let id = world.add(1);
    world.key(id, 11);
    assert_eq!(
        world.take(),
        ["onion_add 1", "handlers 0", "dht_add 11", "new_crypto 1 11", "h3 0", "h1 0", "okey 0 11"]
    );
    world.status(id, true);
    assert_eq!(world.take(), ["online 0 true", "G 0 true", "S0 0 true", "S1 0 true"]);
    world.iterate();
    assert_eq!(world.take(), ["write 0 [16]", "copy 3 0", "copy 2 0", "copy 1 0"]);
    world.iterate();
    world.pass(8);
    world.iterate();
    assert_eq!(world.take(), [] as [&str; 0], "strictly more than 8 s");
    world.pass(1);
    world.iterate();
    assert_eq!(world.take(), ["write 0 [16]"]);
}

/// D11: a friend on a busy stream is online, whatever its packets are.
#[test]
fn any_packet_is_a_sign_of_life() {
    let world = World::default();
    let id = world.online(1, 11);
    for packet in [&[64][..], &[200], &[16]] {
        world.pass(30);
        if packet[0] >= 192 {
            let incoming = world.machine.borrow_mut().handle_lossy(id, packet, world.now());
            assert!(matches!(incoming, Incoming::Deliver(_)));
        } else {
            world.machine.borrow_mut().handle_packet(id, packet, world.now());
        }
        world.iterate();
        assert_eq!(world.machine.borrow().status(id), 2);
    }
    world.pass(32);
    world.iterate();
    assert_eq!(world.machine.borrow().status(id), 2);
    world.pass(1);
    world.take();
    world.iterate();
    assert_eq!(world.machine.borrow().status(id), 1);
    let seen = world.take();
    let down = ["kill 0", "online 0 false", "G 0 false", "S0 0 false", "S1 0 false"];
    assert_eq!(seen[seen.len() - 5..], down);
}

/// D3: with toxcore's own TCP_connection, which gives nothing if it is asked for all it has.
#[test]
fn relays_are_shared_once_per_interval_also_if_there_are_few() {
    let world = World::default();
    world.own_relays.set(2);
    world.gives_none_for_all.set(true);
    let id = world.online(1, 11);
    world.iterate();
    let shared =
        |world: &World| world.take().iter().filter(|call| call.starts_with("write 0 [17")).count();
    assert_eq!(shared(&world), 1);
    for _ in 0..30 {
        world.pass(4);
        world.heard(id);
        world.iterate();
    }
    assert_eq!(shared(&world), 0);
    world.pass(1);
    world.iterate();
    assert_eq!(shared(&world), 1);
}

/// D3: every relay has its turn.
#[test]
fn each_of_a_few_relays_is_shared_in_time() {
    for own in 2..=5 {
        let world = World::default();
        world.own_relays.set(own);
        world.gives_none_for_all.set(true);
        let id = world.online(1, 11);
        world.take();
        for _ in 0..own * 31 {
            world.pass(4);
            world.heard(id);
            world.iterate();
        }
        let seen = world.take();
        for key in 200..200 + own {
            let relay = format!("rpeer 0 192.0.2.9:9 {key}");
            assert!(seen.contains(&relay), "{key} of {own}");
        }
    }
}

/// D8, D7: the friend's own relay is reached as soon as it is known where the friend is.
#[test]
fn a_relay_on_the_friends_machine_is_reached_once_its_address_is_known() {
    let world = World::default();
    let id = world.add(1);
    world.key(id, 11);
    world.take();
    let local = node(11, "127.0.0.1:443");
    let task = world.machine.borrow_mut().begin_relay(id, local);
    world.run(task);
    assert_eq!(world.take(), ["rpeer 0 127.0.0.1:443 11"]);
    world.address(id, "192.0.2.5:33445");
    assert_eq!(
        world.take(),
        ["address 192.0.2.5:33445", "rpeer 0 192.0.2.5:443 11", "direct 0 192.0.2.5:33445 true"]
    );
    let task = world.machine.borrow_mut().begin_relay(id, local);
    world.run(task);
    assert_eq!(world.take(), ["rpeer 0 192.0.2.5:443 11"]);
    let task = world.machine.borrow_mut().begin_relay(id, node(12, "127.0.0.1:443"));
    world.run(task);
    assert_eq!(world.take(), ["rpeer 0 127.0.0.1:443 12"], "somebody else's");
}

#[test]
fn an_attempt_is_given_the_friends_relay_as_it_is_reached_from_here() {
    let world = World::default();
    let id = world.add(1);
    world.key(id, 11);
    let task = world.machine.borrow_mut().begin_relay(id, node(11, "127.0.0.1:443"));
    world.run(task);
    world.status(id, false);
    world.take();
    world.address(id, "192.0.2.5:33445");
    let seen = world.take();
    assert!(seen.contains(&"rpeer 1 192.0.2.5:443 11".to_owned()), "{seen:?}");
    assert!(!seen.contains(&"rpeer 1 127.0.0.1:443 11".to_owned()), "{seen:?}");
}

/// What is reported last is how it is.
#[test]
fn a_report_that_a_callback_made_wrong_is_not_given() {
    let world = World::default();
    let id = world.add(1);
    world.key(id, 11);
    world.take();
    world.in_callback.set(Some(|world| world.key(FriendconId(0), 12)));
    world.status(id, true);
    let seen = world.take();
    assert_eq!(world.machine.borrow().status(id), 1);
    let last = seen.iter().rfind(|call| call.starts_with("S1"));
    assert_eq!(last.map(String::as_str), Some("S1 0 false"), "{seen:?}");
}

/// net_crypto would answer with the connection that it is about to drop.
#[test]
fn no_attempt_begins_while_net_crypto_reports_the_end_of_a_connection() {
    let inside: [fn(&World); 4] = [
        World::iterate,
        |world| world.key(FriendconId(0), 12),
        |world| world.address(FriendconId(0), "192.0.2.5:1"),
        |world| {
            let task = world.machine.borrow_mut().begin_kill(FriendconId(0));
            world.run(task);
            let id = world.add(1);
            world.key(id, 11);
        },
    ];
    for callback in inside {
        let world = World::default();
        let id = world.online(1, 11);
        world.take();
        world.in_callback.set(Some(callback));
        world.status(id, false);
        let seen = world.take();
        assert!(seen.iter().all(|call| !call.starts_with("new_crypto")), "{seen:?}");
        world.iterate();
        let seen = world.take();
        assert!(seen.iter().any(|call| call.starts_with("new_crypto")), "{seen:?}");
    }
}

/// D2, D4: whoever destroys the friend in a callback is not told any more, and nobody else is
/// given its key.
#[test]
fn a_friend_that_is_destroyed_in_a_callback_stays_destroyed() {
    let world = World::default();
    let (first, id) = (world.online(1, 11), world.online(2, 12));
    world.take();
    world.in_callback.set(Some(|world| {
        let task = world.machine.borrow_mut().begin_kill(FriendconId(1));
        world.run(task);
        for key in 50..60 {
            world.add(key);
        }
    }));
    world.key(id, 13);
    let seen = world.take();
    assert!(
        seen.iter().all(|call| !call.starts_with("S") && !call.starts_with("okey")),
        "{seen:?}"
    );
    assert_eq!(world.machine.borrow().status(first), 2);
    assert_eq!(world.machine.borrow().status(FriendconId(1)), 1, "another friend has the id");
    world.check();
}

/// D5, D6: two friends that are said to have the same DHT key.
#[test]
fn a_dht_key_is_registered_once_and_outlives_whoever_brought_it() {
    let world = World::default();
    let (a, b) = (world.add(1), world.add(2));
    world.key(a, 11);
    world.take();
    world.key(b, 11);
    assert_eq!(world.take(), ["new_crypto 2 11", "h3 1", "h1 1", "okey 1 11"]);
    world.address(a, "192.0.2.5:1");
    let seen = world.take();
    assert_eq!(seen.iter().filter(|call| call.starts_with("direct")).count(), 2, "{seen:?}");
    let task = world.machine.borrow_mut().begin_kill(a);
    world.run(task);
    assert_eq!(world.take(), ["onion_del 0", "kill 0", "dht_del 11", "dht_add 11"]);
    world.address(b, "192.0.2.6:1");
    assert!(world.take().contains(&"direct 1 192.0.2.6:1 true".to_owned()));
    world.check();
}

/// D18: what the DHT refuses is asked for again, and the friend can be reached meanwhile.
#[test]
fn a_dht_that_refuses_is_asked_again() {
    let world = World::default();
    let id = world.add(1);
    world.dht_refuses.set(true);
    world.key(id, 11);
    assert!(world.take().contains(&"new_crypto 1 11".to_owned()));
    world.dht_refuses.set(false);
    world.pass(10);
    world.iterate();
    assert_eq!(world.take(), ["dht_add 11"]);
    world.check();
}

/// The DHT must not keep the number of a friend that is gone: it may be another's by now.
#[test]
fn whoever_asks_again_holds_the_registration() {
    let world = World::default();
    let (a, b) = (world.add(1), world.add(2));
    world.dht_refuses.set(true);
    world.key(a, 11);
    world.status(a, true);
    world.key(b, 11);
    world.dht_refuses.set(false);
    world.pass(10);
    world.take();
    world.iterate();
    assert!(world.take().contains(&"dht_add 11".to_owned()), "for b, because a is online");
    world.check();
    let task = world.machine.borrow_mut().begin_kill(b);
    world.run(task);
    world.check();
    world.add(3);
    world.key(b, 13);
    world.check();
}

#[test]
fn a_refused_key_is_asked_for_again_whoever_is_online() {
    let world = World::default();
    let (a, b, c) = (world.add(1), world.add(2), world.online(3, 11));
    world.key(a, 11);
    world.key(b, 11);
    world.dht_refuses.set(true);
    // The key is `c`'s registration, and goes to `a`, who is online.
    world.status(a, true);
    let task = world.machine.borrow_mut().begin_kill(c);
    world.run(task);
    world.dht_refuses.set(false);
    world.pass(10);
    world.take();
    world.iterate();
    assert!(world.take().contains(&"dht_add 11".to_owned()), "b is looked for");
    world.check();
}

#[test]
fn attempts_offer_each_relay_once_and_three_at_most() {
    let world = World::default();
    let id = world.add(1);
    world.key(id, 11);
    for key in 0..5 {
        let task = world.machine.borrow_mut().begin_relay(id, node(100 + key, "192.0.2.1:1"));
        world.run(task);
    }
    world.relays_refused.set(true);
    world.status(id, false);
    world.take();
    world.iterate();
    let offers =
        |world: &World| world.take().iter().filter(|call| call.starts_with("rpeer")).count();
    assert_eq!(offers(&world), 5);
    world.relays_refused.set(false);
    world.status(id, false);
    world.iterate();
    assert_eq!(offers(&world), 3);
}

#[test]
fn what_is_old_is_forgotten() {
    let world = World::default();
    let id = world.online(1, 11);
    world.address(id, "192.0.2.5:1");
    world.status(id, false);
    world.pass(122);
    world.iterate();
    world.take();
    world.pass(1);
    world.iterate();
    assert_eq!(world.take(), ["dht_del 11", "address none"]);
    world.status(id, false);
    world.iterate();
    assert_eq!(world.take(), [] as [&str; 0], "no key, no attempt");
    world.check();
}

#[test]
fn an_offered_connection_is_taken_once() {
    let world = World::default();
    let id = world.add(1);
    world.take();
    assert_eq!(world.offer(9, 19, None), -1);
    assert_eq!(world.offer(1, 11, Some("192.0.2.7:5")), 0);
    assert_eq!(world.take(), ["accept", "h3 0", "address 192.0.2.7:5", "dht_add 11", "h1 0"]);
    assert_eq!(world.offer(1, 11, None), -1, "there is one");
    world.status(id, false);
    assert_eq!(world.offer(1, 11, None), 0);
    assert_eq!(world.take(), ["accept", "h3 1", "direct 1 192.0.2.7:5 false", "h1 1"]);
}

#[test]
fn requests_take_the_connection_or_the_onion() {
    let world = World::default();
    let id = world.online(1, 11);
    world.take();
    let send = |id: FriendconId, length: usize| {
        let task = world.machine.borrow_mut().begin_request(id, [1, 2, 3, 4], &vec![0; length]);
        world.run(task)
    };
    assert_eq!(send(id, 1), 1);
    assert_eq!(world.take(), ["write 0 [18, 1, 2, 3, 4, 0]"]);
    world.status(id, false);
    world.take();
    assert_eq!(send(id, 1), 7, "packets of the onion");
    assert_eq!(world.take(), ["onion_data 0 6"]);
    assert_eq!([0, 1016, 1017].map(|length| send(id, length)), [-1, 7, -1]);
    assert_eq!(send(FriendconId(9), 1), -1);
}

#[test]
fn ten_thousand_friends_of_whom_none_is_due_cost_nothing() {
    let world = World::default();
    for i in 0..10_000u32 {
        let mut key = [9; 32];
        key[..4].copy_from_slice(&i.to_be_bytes());
        let task = world.machine.borrow_mut().begin_new(RealPublicKey(PublicKey(key)));
        assert_eq!(world.run(task), i as i32);
        let id = FriendconId(i);
        match i % 3 {
            0 => {}
            1 => world.set_key(id, key),
            _ => {
                world.set_key(id, key);
                world.status(id, true);
            }
        }
    }
    world.iterate();
    world.take();
    let mut task = world.machine.borrow_mut().begin_iteration();
    let next = world.machine.borrow_mut().next(&mut task, world.now());
    assert_eq!(next, None);
}

// ------------------------------------------------------------------------------------- property

fn operation() -> impl Strategy<Value = Operation> {
    let (real, id, key) = (0u8..6, 0u8..6, 1u8..5);
    prop_oneof![
        3 => real.clone().prop_map(Operation::Add),
        2 => id.clone().prop_map(Operation::Kill),
        1 => id.clone().prop_map(Operation::Lock),
        3 => (id.clone(), key.clone()).prop_map(|(i, k)| Operation::Key(i, k)),
        1 => id.clone().prop_map(Operation::Address),
        1 => (id.clone(), key.clone()).prop_map(|(i, k)| Operation::Relay(i, k)),
        3 => (id.clone(), any::<bool>()).prop_map(|(i, o)| Operation::Status(i, o)),
        2 => (real, key, any::<bool>()).prop_map(|(r, k, u)| Operation::Offer(r, k, u)),
        2 => (id, 15u8..19).prop_map(|(i, p)| Operation::Packet(i, p)),
        3 => Just(Operation::Iterate),
        2 => (1u64..130).prop_map(Operation::Pass),
        1 => (0u8..4).prop_map(Operation::Refuse),
        1 => (0u8..5).prop_map(Operation::InCallback),
    ]
}

proptest! {
    /// Whatever happens, also inside callbacks: each registration is given back once, no crypto
    /// connection is killed twice or forgotten, and in the end nothing is left.
    #[test]
    fn the_books_balance(operations in proptest::collection::vec(operation(), 1..150)) {
        let world = World::default();
        for operation in operations {
            world.apply(operation);
            world.check();
        }
        let task = world.machine.borrow_mut().begin_kill_all();
        world.run(task);
        prop_assert!(world.machine.borrow().is_empty());
        prop_assert!(world.tokens.borrow().is_empty(), "D16: the DHT keeps {:?}", world.tokens);
        prop_assert!(world.onions.borrow().is_empty());
        prop_assert!(world.cryptos.borrow().is_empty());
    }
}
