// SPDX-License-Identifier: GPL-3.0-or-later
//! Deadlines of a single relay client, and of friend connections. Virtual time.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use proptest::prelude::*;
use support::neighbours::Operation;
use support::{Line, Relay, World};
use toxlink::crypto::PublicKey;
use toxlink::proto::friend::FriendconId;
use toxlink::proto::relay::state::Status;
use toxlink::proto::time::{Clock, Millis, Timestamp};

/// Seconds into the future that are looked at; more than any timer of a relay client.
const HORIZON: u64 = 45;

/// Something that happens to a relay client.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Pass(u64),
    Step,
    Answer,
    Probe,
    Route,
    CloseRead,
    FailWrite,
    Room(usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0u64..35).prop_map(Happening::Pass),
        4 => Just(Happening::Step),
        6 => Just(Happening::Answer),
        2 => Just(Happening::Probe),
        1 => Just(Happening::Route),
        1 => Just(Happening::CloseRead),
        1 => Just(Happening::FailWrite),
        1 => prop_oneof![Just(0), Just(usize::MAX)].prop_map(Happening::Room),
    ]
}

/// The relay answers whatever the client has written.
fn answer(world: &World, relay: &mut Option<Relay>) {
    let written = world.written();
    match relay {
        None if written.len() == 128 => {
            let (accepted, answer) = Relay::accept(&written);
            *relay = Some(accepted);
            world.deliver(&answer);
        }
        None => {}
        Some(relay) => {
            for packet in relay.open(&written) {
                if packet[0] == 4 {
                    let pong = relay.seal(&[&[5][..], &packet[1..]].concat());
                    world.deliver(&pong);
                }
            }
        }
    }
}

proptest! {
    /// The deadline is the first second at which `is_due` holds; and when it was met, it has moved on,
    /// unless the connection is over.
    #[test]
    fn a_relay_client_is_due_at_its_deadline(
        happenings in proptest::collection::vec(happening(), 1..60),
    ) {
        let world = World::new(None);
        let mut relay = None;
        for happening in happenings {
            match happening {
                Happening::Pass(seconds) => world.now.set(world.now.get() + seconds),
                Happening::Step => world.step(),
                Happening::Answer => {
                    world.step();
                    answer(&world, &mut relay);
                    world.step();
                }
                Happening::Probe => world.machine.borrow_mut().probe(),
                Happening::Route => {
                    let _ = world.machine.borrow_mut().request_route(PublicKey([7; 32]));
                }
                Happening::CloseRead => world.read_line.set(Line::Closed),
                Happening::FailWrite => world.write_line.set(Line::Failed(32)),
                Happening::Room(room) => world.room.set(room),
            }
            let now = world.now.get();
            let clock = |seconds| Clock { seconds: Timestamp(seconds), millis: Millis(0) };
            let deadline = world.machine.borrow().deadline();
            prop_assert!(deadline.millis.is_none() || deadline.is_reached(clock(0)));
            for at in now..now + HORIZON {
                let is_due = world.machine.borrow().is_due(Timestamp(at));
                let is_reached = deadline.seconds.is_some_and(|due| due.0 <= at);
                prop_assert_eq!(is_reached, is_due, "{} s ahead", at - now);
            }
            if matches!(happening, Happening::Step | Happening::Answer) {
                let machine = world.machine.borrow();
                let is_over = machine.status() == Status::Disconnected || machine.failure().is_some();
                prop_assert!(is_over || !deadline.is_reached(clock(now)), "busy");
            }
        }
    }
}

// --------------------------------------------------------------------------- friend connections

type Neighbours = support::neighbours::World;

fn operation() -> impl Strategy<Value = Operation> {
    let (id, key) = (0u8..6, 1u8..5);
    prop_oneof![
        3 => (0u8..6).prop_map(Operation::Add),
        1 => id.clone().prop_map(Operation::Kill),
        3 => (id.clone(), key.clone()).prop_map(|(i, k)| Operation::Key(i, k)),
        1 => id.clone().prop_map(Operation::Address),
        1 => (id.clone(), key.clone()).prop_map(|(i, k)| Operation::Relay(i, k)),
        3 => (id.clone(), any::<bool>()).prop_map(|(i, o)| Operation::Status(i, o)),
        1 => (0u8..6, key, any::<bool>()).prop_map(|(r, k, u)| Operation::Offer(r, k, u)),
        2 => (id, 15u8..19).prop_map(|(i, p)| Operation::Packet(i, p)),
        4 => (1u64..130).prop_map(Operation::Pass),
        2 => (0u8..4).prop_map(Operation::Refuse),
        2 => (0u8..5).prop_map(Operation::InCallback),
    ]
}

fn is_due(world: &Neighbours) -> bool {
    world.machine.borrow().deadline().is_some_and(|at| at <= world.now())
}

/// Iterates at the deadline until it lies in the future, at this instant.
fn settle(world: &Neighbours) {
    let mut iterations = 0;
    while is_due(world) {
        iterations += 1;
        assert!(iterations <= 10, "busy: {:?}", world.take());
        world.iterate();
    }
    // All has been done that is to be done now, unless a neighbour has refused.
    world.take();
}

proptest! {
    /// A program that iterates at deadlines only misses nothing, and is never busy, whatever its
    /// neighbours refuse.
    #[test]
    fn friends_are_due_at_the_deadline(
        operations in proptest::collection::vec(operation(), 1..80),
        lan in any::<bool>(),
    ) {
        let world = Neighbours::default();
        world.machine.replace(toxlink::proto::friend::FriendConnections::new(lan));
        let mut refused = false;
        for operation in operations {
            if let Operation::Refuse(what) = operation {
                refused = what != 0;
            }
            let Operation::Pass(seconds) = operation else {
                world.apply(operation);
                settle(&world);
                continue;
            };
            for _ in 0..seconds {
                world.pass(1);
                if is_due(&world) {
                    settle(&world);
                    continue;
                }
                world.take();
                world.iterate();
                let done = world.take();
                prop_assert!(done.is_empty(), "not due, and yet: {:?}", done);
            }
            let calm = !refused;
            if calm && world.in_callback.take().is_none() {
                world.check_nothing_is_due();
            }
        }
    }
}

/// Net_crypto that refuses is asked once a second, not all the time.
#[test]
fn a_refusal_is_no_reason_to_be_busy() {
    let world = Neighbours::default();
    let id = world.add(1);
    world.apply(Operation::Refuse(2));
    world.key(id, 11);
    settle(&world);
    assert_eq!(world.machine.borrow().deadline(), Some(Timestamp(world.now().0 + 1)));
    world.apply(Operation::Refuse(0));
    world.pass(1);
    world.iterate();
    assert!(world.take().contains(&"new_crypto 1 11".to_owned()));
    settle(&world);
    let deadline = world.machine.borrow().deadline();
    assert_eq!(deadline, Some(Timestamp(world.now().0 - 1 + 123)), "until the key is old");
}

/// An iteration has passed a friend by when another one's callback makes it due.
#[test]
fn one_that_an_iteration_has_missed_is_due_at_once() {
    let world = Neighbours::default();
    let first = world.add(1);
    world.key(first, 11);
    world.online(2, 12);
    settle(&world);
    world.pass(33);
    world.in_callback.set(Some(|world| world.status(FriendconId(0), true)));
    world.iterate();
    assert_eq!(world.machine.borrow().status(first), 2);
    assert!(!world.take().contains(&"write 0 [16]".to_owned()), "its turn was over");
    assert!(is_due(&world));
    world.iterate();
    assert!(world.take().contains(&"write 0 [16]".to_owned()));
}

#[test]
fn friends_that_are_online_cost_an_iteration_every_nine_seconds() {
    let world = Neighbours::default();
    let id = world.online(1, 11);
    let mut iterations = 0;
    for _ in 0..1000 {
        world.pass(1);
        world.heard(id);
        while is_due(&world) {
            world.iterate();
            iterations += 1;
        }
    }
    println!("{iterations} iterations in 1000 s");
    // ALIVE after 9 s, and relays to share, of which there are none, are looked for after 10.
    assert!((111..=230).contains(&iterations), "{iterations}");
}
