// SPDX-License-Identifier: GPL-3.0-or-later
//! What waiting for a deadline costs when relays turn bad, and when nothing happens. Virtual time.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::cell::Cell;
use std::collections::BTreeSet;

use support::relays::{Client, Fault, Got, Net};
use support::waiting::{Drive, Driver};
use toxlink::crypto::PublicKey;
use toxlink::proto::connections::{PeerNumber, RelayNumber};
use toxlink::proto::time::Millis;

/// Two clients that wait, and are online to each other.
struct Pair<'n> {
    net: &'n Net,
    alice: Client<'n>,
    bob: Client<'n>,
    bob_at_alice: PeerNumber,
    alice_at_bob: PeerNumber,
    rounds: Cell<usize>,
}

impl<'n> Pair<'n> {
    fn online(net: &'n Net, relays: usize) -> Self {
        let (alice, bob) = (Client::new(net, 0), Client::new(net, 1));
        let bob_at_alice = alice.machine.borrow_mut().new_peer(bob.pk, 10).unwrap();
        let alice_at_bob = bob.machine.borrow_mut().new_peer(alice.pk, 20).unwrap();
        for relay in 0..relays {
            assert!(alice.add_relay_for(bob_at_alice, relay));
            assert!(bob.add_relay_for(alice_at_bob, relay));
        }
        let pair = Self { net, alice, bob, bob_at_alice, alice_at_bob, rounds: Cell::new(0) };
        pair.run(5000, |_| {});
        assert_eq!(pair.alice.online(bob_at_alice), relays);
        pair
    }

    fn run(&self, ms: u64, each: impl FnMut(u64)) {
        self.drive(&[&self.alice, &self.bob], |drive| drive.run(ms, each));
    }

    fn drive(&self, clients: &[&Client<'n>], go: impl FnOnce(Drive<'_, 'n>)) {
        go(Drive { net: self.net, clients, driver: Driver::Waits, rounds: &self.rounds });
    }

    /// A program that sends tells the time first.
    fn send(&self, from_alice: bool, number: u32) -> bool {
        let (client, peer) = if from_alice {
            (&self.alice, self.bob_at_alice)
        } else {
            (&self.bob, self.alice_at_bob)
        };
        client.machine.borrow_mut().tell_time(self.net.clock());
        client.send(peer, &number.to_be_bytes()).is_ok()
    }

    fn carrier(&self) -> Option<RelayNumber> {
        self.alice.machine.borrow().peer_statistics(self.bob_at_alice).unwrap().carrier
    }
}

/// One direction of a stream, from Alice to Bob or back.
#[derive(Default)]
struct Ear {
    numbers: BTreeSet<u32>,
    heard_at: Option<u64>,
    longest_silence_ms: u64,
}

impl Ear {
    fn listen(&mut self, now: u64, client: &Client<'_>) {
        for got in client.take() {
            let Got::Data(_, data) = got else { panic!("{got:?}") };
            self.numbers.insert(u32::from_be_bytes(data.try_into().unwrap()));
            let silence = now - self.heard_at.unwrap_or(now);
            self.longest_silence_ms = self.longest_silence_ms.max(silence);
            self.heard_at = Some(now);
        }
    }
}

/// Packets each way for a minute over three relays; after 12 seconds the carrier turns bad. The
/// bounds are those that hold for programs with a round every 50 ms.
fn check_cost(fault: Fault, longest_silence_ms: u64, lost_percent: u32) {
    let net = Net::new(3);
    let pair = Pair::online(&net, 3);
    let (mut ears, mut sent) = ([Ear::default(), Ear::default()], 0);
    let begin = net.now_ms.get();
    let mut each = |now: u64, sends: bool| {
        if now == begin + 12_000 {
            net.set_fault(0, fault);
        }
        if sends {
            sent += 1;
            let _ = (pair.send(true, sent), pair.send(false, sent));
        }
        ears[0].listen(now, &pair.bob);
        ears[1].listen(now, &pair.alice);
    };
    pair.run(60_000, |now| each(now, true));
    pair.run(5000, |now| each(now, false));
    for ear in ears {
        let (silence, lost) = (ear.longest_silence_ms, sent - ear.numbers.len() as u32);
        println!("{fault:?}: silence {silence} ms, {lost} of {sent} lost");
        assert!(silence <= longest_silence_ms, "{fault:?}: {silence} ms");
        assert!(lost * 100 <= lost_percent * sent, "{fault:?}: {lost} of {sent}");
    }
}

#[test]
fn bad_relays_are_left_as_soon_as_by_a_program_that_polls() {
    for fault in [Fault::Close, Fault::Reset, Fault::Refuse, Fault::SaysOffline] {
        check_cost(fault, 250, 1);
    }
    check_cost(Fault::Frozen, 2500, 5);
    check_cost(Fault::Trickle(20), 3000, 10);
    check_cost(Fault::Flood, 2500, 5);
    check_cost(Fault::BlackHole, 6000, 12);
}

/// Between two packets nothing happens: only the waiting itself tells how long the peer is silent.
#[test]
fn a_relay_that_loses_what_is_sent_now_and_then_is_left_with_the_second_packet() {
    let net = Net::new(2);
    let pair = Pair::online(&net, 2);
    net.set_fault(0, Fault::BlackHole);
    for number in 1..=2 {
        assert!(pair.send(true, number));
        pair.drive(&[&pair.alice, &pair.bob], |drive| drive.idle(10_000));
    }
    assert_eq!(pair.bob.take(), [Got::Data(20, 2u32.to_be_bytes().to_vec())]);
    assert_eq!(pair.carrier(), Some(RelayNumber(1)));
}

/// A program that is stopped listens to nobody, whether it was waiting at the time or not.
#[test]
fn a_pause_is_no_silence() {
    for was_waiting in [true, false] {
        let net = Net::new(2);
        let pair = Pair::online(&net, 2);
        for number in 0..10 {
            pair.run(3000, |_| {
                pair.send(true, number);
                pair.send(false, number);
                pair.alice.take();
            });
            // Bob answers, but Alice's program stands still.
            let since = net.now_ms.get();
            pair.send(true, number);
            pair.drive(&[&pair.bob], |drive| {
                drive.run(8000, |_| {
                    let _ = pair.send(false, number);
                })
            });
            let clock = net.clock();
            let waited_since = if was_waiting { since } else { clock.millis.0 };
            pair.alice.machine.borrow_mut().handle_waited(Millis(waited_since), clock);
            // What a program does first after a pause is send, not read.
            pair.send(true, number);
        }
        let machine = pair.alice.machine.borrow();
        let tally = machine.peer_statistics(pair.bob_at_alice).unwrap().tally;
        assert_eq!((tally.failovers, tally.switches), (0, 0), "waiting: {was_waiting}");
        let suspicions = |relay| machine.relay_statistics(RelayNumber(relay)).unwrap().suspicions;
        assert_eq!([suspicions(0), suspicions(1)], [0, 0], "waiting: {was_waiting}");
    }
}

/// The relay answered, so nothing but the time of the next request wakes the program.
#[test]
fn a_refused_request_is_repeated_in_time() {
    let net = Net::new(1);
    let alice = Client::new(&net, 0);
    let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 10).unwrap();
    net.set_fault(0, Fault::RefuseRoutes);
    assert!(alice.add_relay_for(peer, 0));
    let rounds = Cell::new(0);
    let drive = Drive { net: &net, clients: &[&alice], driver: Driver::Waits, rounds: &rounds };
    drive.idle(5000);
    assert!(alice.send(peer, b"x").is_err());
    net.set_fault(0, Fault::None);
    drive.idle(15_000);
    assert!(alice.send(peer, b"x").is_ok(), "registered: out of band");
}

#[test]
fn a_sleeping_relay_that_nobody_needs_any_more_goes_at_once() {
    let net = Net::new(1);
    let pair = Pair::online(&net, 1);
    assert!(pair.alice.machine.borrow_mut().set_awake(pair.bob_at_alice, false));
    pair.drive(&[&pair.alice], |drive| drive.idle(15_000));
    assert_eq!(pair.alice.machine.borrow().connected_relays(), 0);
    assert!(pair.alice.machine.borrow_mut().kill_peer(pair.bob_at_alice));
    pair.drive(&[&pair.alice], |drive| drive.idle(1));
    assert!(!pair.alice.machine.borrow().knows_relay(&net.key(0)));
}

#[test]
fn one_that_is_idle_sleeps() {
    const RELAYS: usize = 3;
    let net = Net::new(RELAYS as u8);
    let pair = Pair::online(&net, RELAYS);
    pair.rounds.set(0);
    pair.drive(&[&pair.alice], |drive| drive.idle(1_000_000));
    let rounds = pair.rounds.get();
    println!("{rounds} rounds in 1000 s with {RELAYS} relays");
    assert_eq!(pair.alice.online(pair.bob_at_alice), RELAYS);
    // A ping leaves and its pong comes.
    let most = 2 * RELAYS * (1000 / 30 + 1);
    assert!((2..=most).contains(&rounds), "{rounds} rounds");
}
