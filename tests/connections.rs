// SPDX-License-Identifier: GPL-3.0-or-later
//! Clients that reach each other over relays that fail, in virtual time.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::net::SocketAddr;

use proptest::prelude::*;
use support::relays::{Client, Fault, Got, Net, START_MS};
use toxlink::crypto::PublicKey;
use toxlink::proto::connections::relay_slot::Phase;
use toxlink::proto::connections::select::QUIET_MS;
use toxlink::proto::connections::{AddError, PeerNumber, Plan, RelayNumber};
use toxlink::proto::relay::state::SendError;
use toxlink::shell::round;

/// Milliseconds between rounds, as in most programs.
const STEP_MS: u64 = 50;
/// Milliseconds between packets of a stream.
const PACKET_MS: u64 = 20;

// ------------------------------------------------------------------------ the life of a connection

#[test]
fn a_relay_is_confirmed_and_announced_to_in_one_round() {
    let net = Net::new(1);
    let (alice, peer) = (Client::new(&net, 0), PublicKey([200; 32]));
    let peer = alice.machine.borrow_mut().new_peer(peer, 10).unwrap();
    assert_eq!(peer, PeerNumber(0));
    assert!(alice.add_relay_for(peer, 0));
    net.relays.borrow_mut()[0].delay_ms = 0;
    alice.round();
    assert_eq!(alice.machine.borrow().connected_relays(), 0);
    net.run_relays();
    alice.round();
    assert_eq!(alice.machine.borrow().connected_relays(), 1);
    net.run_relays();
    alice.round();
    assert_eq!(
        alice.machine.borrow().relay_statistics(RelayNumber(0)).unwrap().phase,
        Phase::Connected
    );
    assert!(alice.send(peer, b"x").is_ok(), "registered: out of band");
}

#[test]
fn data_takes_the_lowest_slot_and_comes_with_the_owners_id() {
    let net = Net::new(3);
    let pair = Pair::online(&net, 3);
    assert_eq!((pair.alice.online(pair.bob_at_alice), pair.bob.online(pair.alice_at_bob)), (3, 3));
    for i in 0..5 {
        pair.alice.send(pair.bob_at_alice, &[i]).unwrap();
    }
    pair.run(200, |_| {});
    let wanted: Vec<_> = (0..5).map(|i| Got::Data(20, vec![i])).collect();
    assert_eq!(pair.bob.take(), wanted);
    assert_eq!(carried(&net), [5, 0, 0]);
}

#[test]
fn packets_go_out_of_band_to_every_relay_that_gave_an_id() {
    let net = Net::new(2);
    let (alice, bob) = (Client::new(&net, 0), Client::new(&net, 1));
    let at_alice = alice.machine.borrow_mut().new_peer(bob.pk, 11).unwrap();
    for relay in 0..2 {
        assert!(alice.add_relay_for(at_alice, relay));
        assert!(bob.add_relay(relay));
    }
    run(&net, &[&alice, &bob], 1000, |_| {});
    alice.send(at_alice, b"hello").unwrap();
    assert!(alice.send(at_alice, &[0; 1025]).is_err(), "too long for that");
    run(&net, &[&alice, &bob], 1000, |_| {});
    let got = bob.take();
    assert_eq!(got.len(), 2);
    assert!(got.iter().all(|got| matches!(got, Got::Oob(from, _, _) if *from == alice.pk)));
    let at_bob = bob.machine.borrow_mut().new_peer(alice.pk, 12).unwrap();
    bob.machine.borrow_mut().tie(at_bob, RelayNumber(0), net.clock().seconds).unwrap();
    bob.settle();
    run(&net, &[&alice, &bob], 1000, |_| {});
    assert_eq!((alice.online(at_alice), bob.online(at_bob)), (1, 1));
}

/// C-09: what is left of a killed peer never reaches another.
#[test]
fn a_new_peer_with_an_old_number_gets_nothing_of_the_old_one() {
    let net = Net::new(1);
    let pair = Pair::online(&net, 1);
    for i in 0..3 {
        pair.bob.send(pair.alice_at_bob, &[i]).unwrap();
    }
    net.now_ms.set(net.now_ms.get() + 10);
    net.run_relays();
    net.now_ms.set(net.now_ms.get() + 10);
    assert!(pair.alice.machine.borrow_mut().kill_peer(pair.bob_at_alice));
    let stranger = pair.alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 99).unwrap();
    assert_eq!(stranger, pair.bob_at_alice, "the number is used again");
    pair.alice.settle();
    pair.run(500, |_| {});
    assert_eq!(pair.alice.take(), []);
}

/// C-02, C-07: a request that is under way when its peer is killed disturbs nobody.
#[test]
fn killing_a_peer_with_a_request_under_way_disturbs_nobody() {
    let net = Net::new(1);
    let pair = Pair::online(&net, 1);
    let other = PublicKey([77; 32]);
    for _ in 0..5 {
        let peer = pair.alice.machine.borrow_mut().new_peer(other, 30).unwrap();
        pair.alice.machine.borrow_mut().tie(peer, RelayNumber(0), net.clock().seconds).unwrap();
        pair.alice.settle();
        assert!(pair.alice.machine.borrow_mut().kill_peer(peer));
        pair.alice.settle();
        net.run_relays();
    }
    let peer = pair.alice.machine.borrow_mut().new_peer(other, 31).unwrap();
    pair.alice.machine.borrow_mut().tie(peer, RelayNumber(0), net.clock().seconds).unwrap();
    pair.alice.settle();
    pair.run(2000, |_| {});
    assert_eq!(pair.alice.online(pair.bob_at_alice), 1);
    assert_eq!(net.open_wires(0), 2, "no relay was offended");
    pair.alice.send(pair.bob_at_alice, b"still here").unwrap();
    assert!(pair.alice.send(peer, b"registered").is_ok());
    pair.run(200, |_| {});
    assert_eq!(pair.bob.take(), [Got::Data(20, b"still here".to_vec())]);
}

/// C-01: a peer that wakes in time keeps its relay.
#[test]
fn sleeping_and_waking_in_time_closes_nothing() {
    let net = Net::new(1);
    let pair = Pair::online(&net, 1);
    let peer = pair.bob_at_alice;
    for awake in [false, true] {
        assert!(pair.alice.machine.borrow_mut().set_awake(peer, awake));
        assert!(!pair.alice.machine.borrow_mut().set_awake(peer, awake));
    }
    pair.run(30_000, |_| {});
    assert_eq!((pair.alice.online(peer), net.open_wires(0)), (1, 2));
}

#[test]
fn a_sleeping_peer_lets_its_relay_go_and_gets_it_back() {
    let net = Net::new(1);
    let pair = Pair::online(&net, 1);
    let peer = pair.bob_at_alice;
    pair.alice.machine.borrow_mut().set_awake(peer, false);
    pair.run(15_000, |_| {});
    assert_eq!((pair.alice.online(peer), net.open_wires(0)), (0, 1));
    assert!(pair.alice.machine.borrow().knows_relay(&net.key(0)));
    pair.alice.machine.borrow_mut().set_awake(peer, true);
    pair.run(1000, |_| {});
    assert_eq!((pair.alice.online(peer), net.open_wires(0)), (1, 2));
    pair.alice.machine.borrow_mut().set_awake(peer, false);
    pair.run(15_000, |_| {});
    assert!(pair.alice.machine.borrow_mut().kill_peer(peer));
    pair.run(100, |_| {});
    assert!(!pair.alice.machine.borrow().knows_relay(&net.key(0)), "C-08: nobody needs it");
}

/// C-06, and a place for a good relay when others have failed.
#[test]
fn a_peer_makes_us_call_at_six_relays_and_failed_ones_make_room() {
    let net = Net::new(8);
    let (alice, bob) = (Client::new(&net, 0), Client::new(&net, 1));
    let peer = alice.machine.borrow_mut().new_peer(bob.pk, 20).unwrap();
    (0..6).for_each(|relay| net.set_fault(relay, Fault::Refuse));
    let added: Vec<_> = (0..8).map(|relay| alice.add_relay_for(peer, relay)).collect();
    assert_eq!(added, [true, true, true, true, true, true, false, false]);
    assert_eq!(net.open_wires(6) + net.open_wires(7), 0);
    run(&net, &[&alice], 5000, |_| {});
    assert!(!alice.add_relay_for(peer, 6), "not before ten seconds are over");
    run(&net, &[&alice], 5000, |_| {});
    assert!(alice.add_relay_for(peer, 6) && alice.add_relay_for(peer, 7));
    run(&net, &[&alice], 1000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 2);
}

#[test]
fn surplus_relays_go_but_not_those_that_a_peer_needs() {
    let net = Net::new(8);
    let alice = Client::new(&net, 0);
    let peers: Vec<_> = (0..2)
        .map(|i| alice.machine.borrow_mut().new_peer(PublicKey([90 + i; 32]), 0).unwrap())
        .collect();
    for relay in 0..4 {
        assert!(alice.add_relay_for(peers[0], relay));
    }
    for relay in 4..7 {
        assert!(alice.add_relay_for(peers[1], relay));
    }
    assert!(alice.add_relay(7));
    run(&net, &[&alice], 2000, |_| {});
    assert!(!alice.machine.borrow().knows_relay(&net.key(7)), "of no use to anybody");
    assert_eq!(alice.machine.borrow().connected_relays(), 7);
    run(&net, &[&alice], 10_000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 6);
    assert!(!alice.machine.borrow().knows_relay(&net.key(3)), "the newest of the four");
    assert!(alice.machine.borrow_mut().kill_peer(peers[0]));
    run(&net, &[&alice], 10_000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 3);
}

#[test]
fn the_onion_wakes_as_many_relays_as_it_lacks() {
    let net = Net::new(5);
    let alice = Client::new(&net, 0);
    let bob = Client::new(&net, 1);
    let peer = alice.machine.borrow_mut().new_peer(bob.pk, 0).unwrap();
    let back = bob.machine.borrow_mut().new_peer(alice.pk, 0).unwrap();
    for relay in 0..5 {
        assert!(alice.add_relay_for(peer, relay) && bob.add_relay_for(back, relay));
    }
    run(&net, &[&alice, &bob], 2000, |_| {});
    alice.machine.borrow_mut().set_awake(peer, false);
    run(&net, &[&alice, &bob], 15_000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 0);
    assert!(alice.machine.borrow_mut().set_onion(true, net.clock().seconds));
    run(&net, &[&alice, &bob], 15_000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 3, "C-05");
    assert!(alice.machine.borrow().pick_onion_relay(7).is_some());
    assert!(alice.machine.borrow_mut().set_onion(false, net.clock().seconds));
    run(&net, &[&alice, &bob], 15_000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 0);
}

#[test]
fn lists_of_relays_are_whole() {
    let net = Net::new(3);
    let alice = Client::new(&net, 0);
    (0..3).for_each(|relay| assert!(alice.add_relay(relay)));
    run(&net, &[&alice], 1000, |_| {});
    let machine = alice.machine.borrow();
    let keys = |list: Vec<(PublicKey, _)>| list.into_iter().map(|(pk, _)| pk).collect::<Vec<_>>();
    let by_index = |max, index| keys(machine.copy_connected_from(max, index)).len();
    assert_eq!([0, 1, 2, 3, 4].map(|max| by_index(max, 0)), [0, 1, 2, 3, 3], "C-03");
    let key = |relay| net.key(relay);
    assert_eq!(keys(machine.copy_connected_from(2, 5)), [key(2), key(0)]);
    assert_eq!(keys(machine.copy_connected(9, 4)), [key(1), key(2), key(0)]);
    assert_eq!(keys(machine.copy_connected(9, u32::MAX)), [key(0), key(1), key(2)], "C-19");
}

// --------------------------------------------------------------------------- relays that turn bad

/// What a fault of the carrying relay costs, in one direction.
#[derive(Clone, Copy, Debug)]
struct Cost {
    longest_silence_ms: u64,
    lost_percent: f64,
}

/// Fifty packets a second each way for a minute over three relays; the carrier turns bad.
fn cost_of(fault: Fault) -> [Cost; 2] {
    let net = Net::new(3);
    let pair = Pair::online(&net, 3);
    let mut streams = [Stream::default(), Stream::default()];
    pair.run(60_000, |now| {
        if now == START_MS + 12_000 {
            net.set_fault(0, fault);
        }
        pair.stream(now, &mut streams);
    });
    pair.run(5000, |now| pair.collect(now, &mut streams));
    streams.map(|stream| stream.cost())
}

#[test]
fn a_relay_that_closes_or_resets_is_left_at_once() {
    for fault in [Fault::Close, Fault::Reset, Fault::Refuse, Fault::SaysOffline] {
        for cost in cost_of(fault) {
            assert!(
                cost.longest_silence_ms <= 250 && cost.lost_percent < 1.0,
                "{fault:?}: {cost:?}"
            );
        }
    }
}

#[test]
fn a_frozen_relay_costs_two_seconds() {
    for cost in cost_of(Fault::Frozen) {
        assert!(cost.longest_silence_ms <= 2500 && cost.lost_percent <= 5.0, "{cost:?}");
    }
}

#[test]
fn a_slow_relay_is_left_to_itself() {
    for bytes in [1, 20, 100] {
        for cost in cost_of(Fault::Trickle(bytes)) {
            assert!(
                cost.longest_silence_ms <= 3000 && cost.lost_percent <= 10.0,
                "{bytes}: {cost:?}"
            );
        }
    }
}

#[test]
fn a_relay_that_floods_and_never_reads_is_left_to_itself() {
    for cost in cost_of(Fault::Flood) {
        assert!(cost.longest_silence_ms <= 2500 && cost.lost_percent <= 5.0, "{cost:?}");
    }
}

/// It answers pings and says that the peer is there: only the silence of the peer tells.
#[test]
fn a_relay_that_loses_all_data_is_left_after_some_silence() {
    for cost in cost_of(Fault::BlackHole) {
        assert!(cost.longest_silence_ms <= 6000 && cost.lost_percent <= 12.0, "{cost:?}");
    }
}

#[test]
fn a_suspect_is_kept_and_regains_its_place() {
    let net = Net::new(2);
    let pair = Pair::online(&net, 2);
    let mut streams = [Stream::default(), Stream::default()];
    net.set_fault(0, Fault::Frozen);
    pair.run(4000, |now| pair.stream(now, &mut streams));
    let statistics = pair.alice.machine.borrow().relay_statistics(RelayNumber(0)).unwrap();
    assert!(statistics.is_suspect && statistics.phase == Phase::Connected);
    assert_eq!(pair.carrier(), Some(RelayNumber(1)));
    assert_eq!(pair.alice.online(pair.bob_at_alice), 2, "not forgotten");
    net.set_fault(0, Fault::None);
    pair.run(4000, |now| pair.stream(now, &mut streams));
    let statistics = pair.alice.machine.borrow().relay_statistics(RelayNumber(0)).unwrap();
    assert!(!statistics.is_suspect);
    assert_eq!(pair.carrier(), Some(RelayNumber(1)), "a change in the middle of a stream costs");
    pair.run(QUIET_MS, |_| {});
    pair.run(STEP_MS, |now| pair.stream(now, &mut streams));
    assert_eq!(pair.carrier(), Some(RelayNumber(0)));
}

#[test]
fn a_program_that_pauses_suspects_nobody() {
    let net = Net::new(2);
    let pair = Pair::online(&net, 2);
    let mut streams = [Stream::default(), Stream::default()];
    for _ in 0..10 {
        pair.run(3000, |now| pair.stream(now, &mut streams));
        // Both programs stand still, the relays go on.
        for _ in 0..100 {
            net.now_ms.set(net.now_ms.get() + STEP_MS);
            net.run_relays();
        }
    }
    for relay in 0..2 {
        let statistics = pair.alice.machine.borrow().relay_statistics(RelayNumber(relay));
        assert_eq!(statistics.unwrap().suspicions, 0);
    }
}

#[test]
fn a_much_faster_relay_takes_over_once() {
    let net = Net::new(3);
    net.relays.borrow_mut()[0].delay_ms = 400;
    net.relays.borrow_mut()[1].delay_ms = 390;
    let pair = Pair::online(&net, 3);
    let mut streams = [Stream::default(), Stream::default()];
    pair.run(60_000, |now| pair.stream(now, &mut streams));
    assert_eq!(pair.carrier(), Some(RelayNumber(2)));
    let statistics = pair.alice.machine.borrow().peer_statistics(pair.bob_at_alice).unwrap();
    assert!(statistics.tally.switches + statistics.tally.failovers <= 1, "{statistics:?}");
}

#[test]
fn a_relay_that_refuses_is_called_again_at_growing_intervals() {
    let net = Net::new(1);
    let alice = Client::new(&net, 0);
    let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 0).unwrap();
    net.set_fault(0, Fault::Refuse);
    assert!(alice.add_relay_for(peer, 0));
    run(&net, &[&alice], 100, |_| {});
    let statistics = alice.machine.borrow().relay_statistics(RelayNumber(0)).unwrap();
    assert!(matches!(statistics.phase, Phase::Waiting(_)), "known at once");
    run(&net, &[&alice], 300_000, |_| {});
    let pauses = pauses(&net, 0);
    assert!((4..=7).contains(&pauses.len()), "{pauses:?}");
    assert!(pauses.is_sorted_by(|a, b| *a < b + 15_000), "{pauses:?}");
    net.set_fault(0, Fault::None);
    run(&net, &[&alice], 90_000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 1);
}

#[test]
fn a_relay_that_nobody_needs_is_forgotten_after_ten_seconds() {
    for fault in [Fault::Refuse, Fault::Mute, Fault::WrongKey] {
        let net = Net::new(1);
        let alice = Client::new(&net, 0);
        net.set_fault(0, fault);
        assert!(alice.add_relay(0));
        run(&net, &[&alice], 9000, |_| {});
        assert!(alice.machine.borrow().knows_relay(&net.key(0)), "{fault:?}");
        run(&net, &[&alice], 2000, |_| {});
        assert!(!alice.machine.borrow().knows_relay(&net.key(0)), "{fault:?}");
        assert_eq!(net.relays.borrow()[0].calls.len(), 1);
    }
}

/// All relays restart; the client had no peers at the time.
#[test]
fn a_client_comes_back_to_relays_that_restart() {
    let net = Net::new(3);
    let alice = Client::new(&net, 0);
    (0..3).for_each(|relay| assert!(alice.add_relay(relay)));
    run(&net, &[&alice], 70_000, |_| {});
    (0..3).for_each(|relay| net.set_fault(relay, Fault::Refuse));
    run(&net, &[&alice], 600_000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 0);
    (0..3).for_each(|relay| net.set_fault(relay, Fault::None));
    run(&net, &[&alice], 80_000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 3);
}

#[test]
fn a_refused_request_is_repeated() {
    let net = Net::new(1);
    let (alice, bob) = (Client::new(&net, 0), Client::new(&net, 1));
    net.set_fault(0, Fault::RefuseRoutes);
    let peer = alice.machine.borrow_mut().new_peer(bob.pk, 20).unwrap();
    let back = bob.machine.borrow_mut().new_peer(alice.pk, 21).unwrap();
    assert!(alice.add_relay_for(peer, 0) && bob.add_relay_for(back, 0));
    run(&net, &[&alice, &bob], 5000, |_| {});
    assert!(alice.send(peer, b"x").is_err());
    net.set_fault(0, Fault::None);
    run(&net, &[&alice, &bob], 15_000, |_| {});
    assert_eq!(alice.online(peer), 1, "C-14");
}

#[test]
fn a_wrong_address_gives_way_to_another_one() {
    let net = Net::new(1);
    let alice = Client::new(&net, 0);
    let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 0).unwrap();
    let real = net.address(0);
    net.relays.borrow_mut()[0].address = "192.0.2.99:1".parse().unwrap();
    assert!(alice.add_relay_for(peer, 0));
    net.relays.borrow_mut()[0].address = real;
    assert!(!alice.add_relay_for(peer, 0), "tied already");
    run(&net, &[&alice], 25_000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 1, "C-11");
}

#[test]
fn there_is_a_limit_on_relays_and_failed_ones_make_room() {
    let net = Net::new(1);
    let alice = Client::new(&net, 0);
    let now = net.clock().seconds;
    let key = |i: u16| {
        let mut key = [1; 32];
        key[..2].copy_from_slice(&i.to_be_bytes());
        PublicKey(key)
    };
    let address = |i: u16| SocketAddr::from(([198, 51, (i >> 8) as u8, i as u8], 1));
    for i in 0..256 {
        let opening = alice.machine.borrow_mut().add_relay(address(i), key(i), now).unwrap();
        assert!(round::open(&alice, opening.unwrap(), now));
    }
    assert!(alice.machine.borrow_mut().add_relay(address(256), key(256), now).is_err());
    assert!(!alice.add_relay(0));
    run(&net, &[&alice], 5000, |_| {});
    assert!(!alice.add_relay(0), "refused, but not forgotten");
    run(&net, &[&alice], 6000, |_| {});
    assert!(alice.add_relay(0));
    run(&net, &[&alice], 1000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 1);
}

// ---------------------------------------------------------------------- what a review has found

/// C-06: replaced slots and evicted relays do not let a friend have us call at any number of
/// addresses.
#[test]
fn one_friend_can_cause_six_calls_in_ten_seconds() {
    let net = Net::new(1);
    let alice = Client::new(&net, 0);
    let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 0).unwrap();
    let (mut named, mut opened) = (0u32, 0);
    run(&net, &[&alice], 10_000, |_| {
        for _ in 0..10 {
            named += 1;
            let mut key = [1; 32];
            key[..4].copy_from_slice(&named.to_be_bytes());
            let address = SocketAddr::from(([198, 51, (named >> 8) as u8, named as u8], 1));
            let now = net.clock().seconds;
            let plan = alice.machine.borrow_mut().add_relay_for(peer, address, PublicKey(key), now);
            if let Ok(Plan::Open(opening, peer)) = plan {
                round::open(&alice, opening, now);
                alice.machine.borrow_mut().tie_new(opening.link, peer, now).unwrap();
                opened += 1;
            }
            alice.settle();
        }
    });
    assert!((6..=12).contains(&opened), "{opened} calls");
}

#[test]
fn a_proven_address_is_not_left_for_one_that_somebody_named() {
    let net = Net::new(1);
    let alice = Client::new(&net, 0);
    let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 0).unwrap();
    assert!(alice.add_relay_for(peer, 0));
    run(&net, &[&alice], 1000, |_| {});
    let now = net.clock().seconds;
    for port in [1, 2] {
        let bogus = SocketAddr::from(([192, 0, 2, 99], port));
        let named = alice.machine.borrow_mut().add_relay_for(peer, bogus, net.key(0), now);
        assert_eq!(named, Err(AddError::Tied));
    }
    run(&net, &[&alice], 30_000, |_| {});
    net.set_fault(0, Fault::Close);
    run(&net, &[&alice], 1000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 1, "back at once");
}

#[test]
fn a_relay_that_is_named_again_does_not_finish_its_long_pause() {
    let net = Net::new(2);
    let alice = Client::new(&net, 0);
    let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 0).unwrap();
    assert!(alice.add_relay(1));
    net.set_fault(0, Fault::Refuse);
    assert!(alice.add_relay_for(peer, 0));
    run(&net, &[&alice], 1_000_000, |_| {});
    net.set_fault(0, Fault::None);
    let other = alice.machine.borrow_mut().new_peer(PublicKey([78; 32]), 0).unwrap();
    assert!(alice.add_relay_for(other, 0));
    run(&net, &[&alice], 11_000, |_| {});
    assert_eq!(alice.machine.borrow().connected_relays(), 2);
}

#[test]
fn a_relay_that_sleeps_for_others_is_woken_for_a_peer_that_loses_its_own() {
    let net = Net::new(5);
    let pair = Pair::online(&net, 1);
    let carol = Client::new(&net, 2);
    let peer = pair.alice.machine.borrow_mut().new_peer(carol.pk, 30).unwrap();
    (0..5).for_each(|relay| assert!(pair.alice.add_relay_for(peer, relay)));
    pair.run(2000, |_| {});
    pair.alice.machine.borrow_mut().set_awake(pair.bob_at_alice, false);
    pair.run(20_000, |_| {});
    let phase =
        |relay| pair.alice.machine.borrow().relay_statistics(RelayNumber(relay)).unwrap().phase;
    assert_eq!(phase(0), Phase::Sleeping);
    (1..5).for_each(|relay| net.set_fault(relay, Fault::Refuse));
    let back = carol.machine.borrow_mut().new_peer(pair.alice.pk, 0).unwrap();
    assert!(carol.add_relay_for(back, 0));
    run(&net, &[&pair.alice, &pair.bob, &carol], 30_000, |_| {});
    assert_eq!(pair.alice.online(peer), 1);
}

#[test]
fn marks_of_relays_that_die_go_to_others() {
    let net = Net::new(6);
    let pair = Pair::online(&net, 6);
    pair.alice.machine.borrow_mut().set_onion(true, net.clock().seconds);
    pair.run(1000, |_| {});
    (0..3).for_each(|relay| net.set_fault(relay, Fault::Refuse));
    pair.run(1000, |_| {});
    let picked = pair.alice.machine.borrow().pick_onion_relay(0);
    assert!(picked.is_some_and(|relay| relay.0 >= 3), "{picked:?}");
}

#[test]
fn a_far_relay_is_no_suspect() {
    for delay_ms in [500, 760, 1500] {
        let net = Net::new(2);
        net.relays.borrow_mut().iter_mut().for_each(|relay| relay.delay_ms = delay_ms);
        let pair = Pair::online(&net, 2);
        let mut streams = [Stream::default(), Stream::default()];
        pair.run(60_000, |now| pair.stream(now, &mut streams));
        let statistics = || pair.alice.machine.borrow().relay_statistics(RelayNumber(0)).unwrap();
        assert!(!statistics().is_suspect, "{delay_ms} ms one way");
        let sent = statistics().traffic.packets_sent;
        pair.run(60_000, |now| pair.collect(now, &mut streams));
        let idle = statistics().traffic.packets_sent - sent;
        assert!(idle <= 4, "{idle} pings while idle");
    }
}

/// A relay that stalls again and again carries less and less, instead of mixing up the packets.
#[test]
fn a_relay_that_stalls_now_and_then_loses_its_place_for_longer_each_time() {
    let net = Net::new(3);
    let pair = Pair::online(&net, 3);
    let (mut sent, mut highest, mut late) = (0u32, 0, 0);
    let begin = net.now_ms.get();
    pair.run(120_000, |now| {
        let frozen = (now - begin) % 4000 >= 2000;
        net.set_fault(0, if frozen { Fault::Frozen } else { Fault::None });
        sent += 1;
        let _ = pair.alice.send(pair.bob_at_alice, &sent.to_be_bytes());
        let _ = pair.bob.send(pair.alice_at_bob, b"x");
        pair.alice.take();
        for got in pair.bob.take() {
            let Got::Data(_, data) = got else { panic!("{got:?}") };
            let number = u32::from_be_bytes(data.try_into().unwrap());
            late += u32::from(number < highest);
            highest = highest.max(number);
        }
    });
    let tally = pair.alice.machine.borrow().peer_statistics(pair.bob_at_alice).unwrap().tally;
    assert!(tally.failovers <= 8 && tally.switches <= 8, "{tally:?}");
    assert!(late <= sent / 10, "{late} of {sent} overtaken");
}

#[test]
fn a_relay_that_loses_all_data_gets_ever_fewer_chances() {
    let net = Net::new(3);
    let pair = Pair::online(&net, 3);
    net.set_fault(0, Fault::BlackHole);
    let mut streams = [Stream::default(), Stream::default()];
    pair.run(600_000, |now| pair.stream(now, &mut streams));
    let tally = pair.alice.machine.borrow().peer_statistics(pair.bob_at_alice).unwrap().tally;
    assert!(tally.failovers <= 4, "{tally:?}");
    for stream in &streams {
        assert!(stream.cost().lost_percent <= 5.0, "{:?}", stream.cost());
    }
}

#[test]
fn a_surplus_relay_that_is_named_again_waits_its_ten_seconds() {
    let net = Net::new(4);
    let alice = Client::new(&net, 0);
    (0..4).for_each(|relay| assert!(alice.add_relay(relay)));
    run(&net, &[&alice], 1000, |_| {});
    assert!(!alice.machine.borrow().knows_relay(&net.key(3)));
    // `Client::open` fails on a call that comes too early.
    assert!(alice.add_relay(3));
    run(&net, &[&alice], 12_000, |_| {});
    assert_eq!(net.relays.borrow()[3].calls.len(), 2);
}

#[test]
fn hours_of_service_clear_the_record_also_if_they_end_in_sleep() {
    let net = Net::new(1);
    let pair = Pair::online(&net, 1);
    for _ in 0..4 {
        net.set_fault(0, Fault::Close);
        net.set_fault(0, Fault::None);
        pair.run(45_000, |_| {});
    }
    pair.run(900_000, |_| {});
    pair.alice.machine.borrow_mut().set_awake(pair.bob_at_alice, false);
    pair.run(15_000, |_| {});
    pair.alice.machine.borrow_mut().set_awake(pair.bob_at_alice, true);
    pair.run(2000, |_| {});
    net.set_fault(0, Fault::Close);
    net.set_fault(0, Fault::None);
    pair.run(15_000, |_| {});
    assert_eq!(pair.alice.online(pair.bob_at_alice), 1);
}

#[test]
fn refusals_of_an_earlier_connection_do_not_count() {
    let net = Net::new(1);
    let alice = Client::new(&net, 0);
    let peer = alice.machine.borrow_mut().new_peer(PublicKey([77; 32]), 0).unwrap();
    net.set_fault(0, Fault::RefuseRoutes);
    assert!(alice.add_relay_for(peer, 0));
    run(&net, &[&alice], 700_000, |_| {});
    net.set_fault(0, Fault::Close);
    net.set_fault(0, Fault::RefuseRoutes);
    run(&net, &[&alice], 12_000, |_| {});
    net.set_fault(0, Fault::None);
    run(&net, &[&alice], 22_000, |_| {});
    assert!(alice.send(peer, b"registered").is_ok());
}

// ------------------------------------------------------------------------------- random faults

#[derive(Clone, Debug)]
struct Misfortune {
    at_ms: u64,
    relay: usize,
    fault: Fault,
}

fn misfortune() -> impl Strategy<Value = Misfortune> {
    let fault = prop_oneof![
        Just(Fault::None),
        Just(Fault::Frozen),
        (1usize..200).prop_map(Fault::Trickle),
        Just(Fault::Refuse),
        Just(Fault::Close),
        Just(Fault::Reset),
        Just(Fault::SaysOffline),
        Just(Fault::BlackHole),
        Just(Fault::Flood),
        Just(Fault::WrongKey),
        Just(Fault::RefuseRoutes),
    ];
    let step = (0u64..1200).prop_map(|step| step * STEP_MS);
    // The last relay stays honest.
    (step, 0usize..3, fault).prop_map(|(at_ms, relay, fault)| Misfortune { at_ms, relay, fault })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// As long as one shared relay is honest, data flows: each misfortune costs a few seconds at
    /// most, whatever the relays were through before.
    #[test]
    fn one_honest_relay_is_enough(
        misfortunes in proptest::collection::vec(misfortune(), 0..12),
        order in Just([0usize, 1, 2, 3]).prop_shuffle(),
    ) {
        let net = Net::new(4);
        let pair = Pair::online_in(&net, &order);
        let mut streams = [Stream::default(), Stream::default()];
        pair.run(60_000, |now| {
            for misfortune in &misfortunes {
                if now - START_MS == 12_000 + misfortune.at_ms {
                    net.set_fault(misfortune.relay, misfortune.fault);
                }
            }
            pair.stream(now, &mut streams);
        });
        pair.run(20_000, |now| pair.stream(now, &mut streams));
        pair.run(2000, |now| pair.collect(now, &mut streams));
        for stream in &streams {
            // The longest patience with relays that lose everything: three in a row.
            prop_assert!(stream.cost().longest_silence_ms <= 40_000, "{:?}", stream.cost());
            prop_assert!(stream.heard_in_the_end(&net), "data flows in the end");
        }
    }

    /// A lower slot that comes online in the middle of a stream, and is no better, carries nothing
    /// until there was a pause: no packet overtakes another.
    #[test]
    fn a_stream_stays_on_its_relay_until_a_pause(
        interval in 1..QUIET_MS / STEP_MS,
        online_at in 0u64..40,
        pause in QUIET_MS / STEP_MS..100,
    ) {
        let net = Net::new(2);
        // Slower, so that a change would be seen, but not by enough to be worth one.
        net.relays.borrow_mut()[1].delay_ms = 40;
        let pair = Pair::online_in(&net, &[]);
        let (alice, bob) = (&pair.alice, &pair.bob);
        prop_assert!(alice.add_relay_for(pair.bob_at_alice, 0));
        prop_assert!(alice.add_relay_for(pair.bob_at_alice, 1));
        prop_assert!(bob.add_relay_for(pair.alice_at_bob, 1));
        pair.run(5000, |_| {});
        let mut streams = [Row::default(), Row::default()];
        for step in 0..online_at + 60 {
            if step == online_at {
                prop_assert!(bob.add_relay_for(pair.alice_at_bob, 0));
            }
            pair.run(STEP_MS, |_| {});
            pair.listen(&mut streams);
            if step % interval == 0 {
                pair.say(&mut streams);
            }
        }
        prop_assert_eq!(alice.online(pair.bob_at_alice), 2);
        prop_assert_eq!(carried(&net)[0], 0);
        pair.run(pause * STEP_MS, |_| {});
        pair.say(&mut streams);
        pair.run(500, |_| {});
        pair.listen(&mut streams);
        prop_assert_eq!(carried(&net)[0], 1, "from Alice; it is Bob's second slot");
        prop_assert!(streams.iter().all(|row| row.heard == row.said));
    }

    /// Two to five clients do what clients do, while relays fail: tables and counters agree after
    /// each round (`Client::round` checks), and no relay is called too often (`Client::open` does).
    #[test]
    fn counters_agree_whatever_happens(
        clients in 2usize..6,
        operations in proptest::collection::vec((0u8..12, 0usize..5, 0usize..5, 0usize..4), 0..120),
    ) {
        let net = Net::new(4);
        let clients: Vec<_> = (0..clients).map(|index| Client::new(&net, index)).collect();
        let all: Vec<&Client<'_>> = clients.iter().collect();
        for (kind, a, b, relay) in operations {
            let client = &clients[a % clients.len()];
            let other = clients[b % clients.len()].pk;
            let peer = PeerNumber(b as u32);
            let mut wait = 100;
            match kind {
                0 | 1 => drop(client.machine.borrow_mut().new_peer(other, b as i32)),
                2 => drop(client.machine.borrow_mut().kill_peer(peer)),
                3 | 4 => drop(client.add_relay_for(peer, relay)),
                5 => drop(client.add_relay(relay)),
                6 => drop(client.machine.borrow_mut().kill_relay(RelayNumber(relay as u32))),
                7 => drop(client.machine.borrow_mut().set_awake(peer, b % 2 == 0)),
                8 => drop(client.machine.borrow_mut().set_onion(b % 2 == 0, net.clock().seconds)),
                9 => {
                    let faults = [Fault::None, Fault::Close, Fault::Frozen, Fault::RefuseRoutes, Fault::None];
                    net.set_fault(relay, faults[b]);
                }
                10 => drop(client.send(peer, &[1, 2, 3])),
                _ => wait = 12_000,
            }
            client.settle();
            client.machine.borrow().audit().unwrap();
            // A relay that is killed by its owner may be called again at once.
            if kind == 6 {
                net.relays.borrow_mut()[relay].calls.clear();
                (0..4).for_each(|relay| net.relays.borrow_mut()[relay].calls.clear());
            }
            run(&net, &all, wait, |_| {});
        }
    }
}

// ------------------------------------------------------------------------------------- helpers

/// Two clients that are online to each other.
struct Pair<'n> {
    alice: Client<'n>,
    bob: Client<'n>,
    bob_at_alice: PeerNumber,
    alice_at_bob: PeerNumber,
}

impl<'n> Pair<'n> {
    fn online(net: &'n Net, relays: usize) -> Self {
        Self::online_in(net, &(0..relays).collect::<Vec<_>>())
    }

    /// Online over these relays, taken in this order by Alice and backwards by Bob.
    fn online_in(net: &'n Net, relays: &[usize]) -> Self {
        let (alice, bob) = (Client::new(net, 0), Client::new(net, 1));
        let bob_at_alice = alice.machine.borrow_mut().new_peer(bob.pk, 10).unwrap();
        let alice_at_bob = bob.machine.borrow_mut().new_peer(alice.pk, 20).unwrap();
        for relay in relays {
            assert!(alice.add_relay_for(bob_at_alice, *relay));
            assert!(bob.add_relay_for(alice_at_bob, *relay));
        }
        let pair = Self { alice, bob, bob_at_alice, alice_at_bob };
        pair.run(5000, |_| {});
        pair
    }

    fn run(&self, ms: u64, each: impl FnMut(u64)) {
        run(self.alice.net, &[&self.alice, &self.bob], ms, each);
    }

    fn carrier(&self) -> Option<RelayNumber> {
        self.alice.machine.borrow().peer_statistics(self.bob_at_alice)?.carrier
    }

    /// Sends what is due of both streams and takes in what has come.
    fn stream(&self, now: u64, streams: &mut [Stream; 2]) {
        let [there, back] = streams;
        there.send(now, |data| self.alice.send(self.bob_at_alice, data));
        back.send(now, |data| self.bob.send(self.alice_at_bob, data));
        self.collect(now, streams);
    }

    /// One packet each way.
    fn say(&self, rows: &mut [Row; 2]) {
        for row in rows.iter_mut() {
            row.said += 1;
        }
        self.alice.send(self.bob_at_alice, &rows[0].said.to_be_bytes()).unwrap();
        self.bob.send(self.alice_at_bob, &rows[1].said.to_be_bytes()).unwrap();
    }

    /// What has come must have come in order.
    fn listen(&self, rows: &mut [Row; 2]) {
        for (row, client) in rows.iter_mut().zip([&self.bob, &self.alice]) {
            for got in client.take() {
                let Got::Data(_, data) = got else { panic!("{got:?}") };
                row.heard += 1;
                assert_eq!(data, row.heard.to_be_bytes(), "overtaken");
            }
        }
    }

    fn collect(&self, now: u64, [there, back]: &mut [Stream; 2]) {
        there.receive(now, self.bob.take(), 20);
        back.receive(now, self.alice.take(), 10);
    }
}

/// Numbered packets in one direction, none of which may be overtaken.
#[derive(Default)]
struct Row {
    said: u32,
    heard: u32,
}

/// Numbered packets in one direction, from the first round on that it is asked for.
#[derive(Default)]
struct Stream {
    begun: Option<u64>,
    sent: u32,
    received: u32,
    heard: u64,
    longest_silence_ms: u64,
    numbers: std::collections::BTreeSet<u32>,
}

impl Stream {
    /// A packet that no relay takes is lost, as those of a sound or picture are.
    fn send(&mut self, now: u64, send: impl Fn(&[u8]) -> Result<(), SendError>) {
        let begun = *self.begun.get_or_insert(now);
        while begun + u64::from(self.sent) * PACKET_MS <= now {
            let mut packet = [0; 100];
            packet[..4].copy_from_slice(&self.sent.to_be_bytes());
            self.sent += 1;
            let _ = send(&packet);
        }
    }

    fn receive(&mut self, now: u64, got: Vec<Got>, id: i32) {
        for got in got {
            let Got::Data(from, data) = got else { panic!("{got:?}") };
            assert_eq!(from, id);
            let number = u32::from_be_bytes(data[..4].try_into().unwrap());
            self.received += u32::from(self.numbers.insert(number));
            let silence = now - if self.heard == 0 { now } else { self.heard };
            self.longest_silence_ms = self.longest_silence_ms.max(silence);
            self.heard = now;
        }
    }

    fn cost(&self) -> Cost {
        let lost = f64::from(self.sent - self.received);
        Cost {
            longest_silence_ms: self.longest_silence_ms,
            lost_percent: 100.0 * lost / f64::from(self.sent),
        }
    }

    fn heard_in_the_end(&self, net: &Net) -> bool {
        net.now_ms.get() - self.heard <= 5000
    }
}

fn run(net: &Net, clients: &[&Client<'_>], ms: u64, mut each: impl FnMut(u64)) {
    for _ in 0..ms / STEP_MS {
        net.now_ms.set(net.now_ms.get() + STEP_MS);
        net.run_relays();
        clients.iter().for_each(|client| client.round());
        each(net.now_ms.get());
    }
}

fn carried(net: &Net) -> Vec<u64> {
    net.relays.borrow().iter().map(|relay| relay.carried).collect()
}

/// Milliseconds between the calls at a relay.
fn pauses(net: &Net, relay: usize) -> Vec<u64> {
    let relays = net.relays.borrow();
    let calls = &relays[relay].calls;
    calls.windows(2).map(|pair| pair[1].1 - pair[0].1).collect()
}
