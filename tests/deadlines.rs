// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs that wait until a deadline do what those do that look every 50 ms. Virtual time.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use support::relays::{Client, Fault, Got, Net, START_MS};
use support::waiting::{Drive, Driver, STEP_MS};
use toxlink::crypto::PublicKey;
use toxlink::proto::connections::PeerNumber;

const RELAYS: usize = 6;
const CLIENTS: usize = 3;
const SCENARIOS: u64 = 20;

// ------------------------------------------------------------------------------ random scenarios

/// What a program is asked for, or what happens to a relay.
#[derive(Clone, Copy, Debug)]
enum Operation {
    AddRelayFor(usize, usize, usize),
    AddRelay(usize, usize),
    Awake(usize, usize, bool),
    Onion(usize, bool),
    KillPeer(usize, usize),
    NewPeer(usize, usize),
    KillRelay(usize, usize),
    Send(usize, usize),
    Fault(usize, Fault),
}

/// Numbers that look random, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Operations with their times, in steps of 50 ms from the start.
fn scenario(seed: u64, faults: bool) -> Vec<(u64, Operation)> {
    let mut dice = Dice(seed);
    let mut at = 0;
    let pairs = || (0..CLIENTS).flat_map(|a| (0..CLIENTS).map(move |b| (a, b)));
    let mut operations: Vec<_> = pairs()
        .flat_map(|(a, b)| (0..RELAYS).map(move |relay| (a, b, relay)))
        .filter(|(a, b, _)| a != b && dice.below(3) > 0)
        .map(|(a, b, relay)| (0, Operation::AddRelayFor(a, b, relay)))
        .collect();
    for _ in 0..30 {
        // Far enough apart that what was begun is over, however long a round takes to come.
        at += [20, 30, 50, 230, 500][dice.below(5)] as u64;
        let (client, relay) = (dice.below(CLIENTS), dice.below(RELAYS));
        let other = (client + 1 + dice.below(CLIENTS - 1)) % CLIENTS;
        let kind = dice.below(if faults { 16 } else { 10 });
        operations.push((
            at,
            match kind {
                0 | 1 => Operation::AddRelayFor(client, other, relay),
                2 => Operation::AddRelay(client, relay),
                3 => Operation::Awake(client, other, false),
                4 => Operation::Awake(client, other, true),
                5 => Operation::Onion(client, dice.below(2) == 0),
                6 => Operation::KillPeer(client, other),
                7 => Operation::NewPeer(client, other),
                8 => Operation::KillRelay(client, relay),
                9 => Operation::Send(client, other),
                // The last relay stays honest.
                _ => Operation::Fault(dice.below(RELAYS - 1), FAULTS[dice.below(FAULTS.len())]),
            },
        ));
    }
    operations
}

const FAULTS: [Fault; 9] = [
    Fault::None,
    Fault::None,
    Fault::Frozen,
    Fault::Refuse,
    Fault::Close,
    Fault::Reset,
    Fault::Mute,
    Fault::RefuseRoutes,
    Fault::Trickle(50),
];

fn apply(net: &Net, clients: &[&Client<'_>], operation: Operation) {
    let machine = |client: usize| clients[client].machine.borrow_mut();
    let peer = |client: usize, other: usize| {
        let machine = machine(client);
        let is_it = |number: &PeerNumber| {
            machine.peer_statistics(*number).is_some_and(|peer| peer.pk == clients[other].pk)
        };
        (0..CLIENTS as u32).map(PeerNumber).find(is_it).unwrap_or(PeerNumber(99))
    };
    clients.iter().for_each(|client| client.machine.borrow_mut().tell_time(net.clock()));
    match operation {
        Operation::AddRelayFor(client, other, relay) => {
            let peer = peer(client, other);
            clients[client].add_relay_for(peer, relay);
        }
        Operation::AddRelay(client, relay) => drop(clients[client].add_relay(relay)),
        Operation::Awake(client, other, awake) => {
            let peer = peer(client, other);
            machine(client).set_awake(peer, awake);
        }
        Operation::Onion(client, onion) => {
            machine(client).set_onion(onion, net.clock().seconds);
        }
        Operation::KillPeer(client, other) => {
            let peer = peer(client, other);
            machine(client).kill_peer(peer);
        }
        Operation::NewPeer(client, other) => {
            let pk = clients[other].pk;
            machine(client).new_peer(pk, other as i32);
        }
        Operation::KillRelay(client, relay) => {
            let key = net.key(relay);
            let number = machine(client).link_by_key(&key).map(|link| link.relay);
            if let Some(number) = number {
                machine(client).kill_relay(number);
            }
        }
        Operation::Send(client, other) => {
            let peer = peer(client, other);
            let _ = clients[client].send(peer, &[1, 2, 3]);
        }
        Operation::Fault(relay, fault) => net.set_fault(relay, fault),
    }
    clients.iter().for_each(|client| client.settle());
}

/// What can be seen of the clients.
#[derive(Debug, PartialEq, Eq)]
struct View {
    /// By client: the relays that are known, and whether they are connected.
    relays: Vec<BTreeMap<usize, bool>>,
    /// By client: on how many relays each peer is online.
    online: Vec<BTreeMap<PublicKey, usize>>,
}

fn view(net: &Net, clients: &[&Client<'_>]) -> View {
    let relays = |client: &&Client<'_>| {
        let machine = client.machine.borrow();
        let known = (0..RELAYS).filter(|relay| machine.knows_relay(&net.key(*relay)));
        known.map(|relay| (relay, machine.link_by_key(&net.key(relay)).is_some())).collect()
    };
    let online = |client: &&Client<'_>| {
        let machine = client.machine.borrow();
        let peers = (0..CLIENTS as u32).filter_map(|n| machine.peer_statistics(PeerNumber(n)));
        peers.map(|peer| (peer.pk, peer.online_relays)).collect()
    };
    View {
        relays: clients.iter().map(relays).collect(),
        online: clients.iter().map(online).collect(),
    }
}

/// What came of a scenario.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    view: View,
    /// By client: what came of the data that was sent when all was calm again.
    got: Vec<BTreeSet<(i32, Vec<u8>)>>,
}

fn play(seed: u64, faults: bool, driver: Driver) -> (Outcome, usize) {
    let net = Net::new(RELAYS as u8);
    let clients: Vec<_> = (0..CLIENTS).map(|index| Client::new(&net, index)).collect();
    let clients: Vec<&Client<'_>> = clients.iter().collect();
    for (client, other) in (0..CLIENTS).flat_map(|a| (0..CLIENTS).map(move |b| (a, b))) {
        apply(&net, &clients, Operation::NewPeer(client, other));
    }
    let rounds = Cell::new(0);
    let drive = Drive { net: &net, clients: &clients, driver, rounds: &rounds };
    let operations = scenario(seed, faults);
    let last = operations.last().map_or(0, |(at, _)| *at);
    let mut waiting = operations.iter().peekable();
    drive.run((last + 2) * STEP_MS, |now| {
        while let Some((_, operation)) = waiting.next_if(|(at, _)| START_MS + at * STEP_MS <= now) {
            apply(&net, &clients, *operation);
        }
    });
    assert!(waiting.next().is_none(), "the scenario was not played");
    (0..RELAYS).for_each(|relay| net.set_fault(relay, Fault::None));
    drive.run(400_000, |_| {});
    clients.iter().for_each(|client| drop(client.take()));
    for (client, other) in (0..CLIENTS).flat_map(|a| (0..CLIENTS).map(move |b| (a, b))) {
        apply(&net, &clients, Operation::Send(client, other));
    }
    drive.run(2000, |_| {});
    let data = |got| match got {
        Got::Data(id, data) => Some((id, data)),
        Got::Oob(..) | Got::Onion(_) | Got::Forwarding(_) => None,
    };
    let got = |client: &&Client<'_>| client.take().into_iter().filter_map(data).collect();
    let got = clients.iter().map(got).collect();
    (Outcome { view: view(&net, &clients), got }, rounds.get())
}

#[test]
fn one_that_waits_gets_where_one_gets_that_polls() {
    let (mut waits, mut polls, mut online) = (0, 0, 0);
    for seed in 0..SCENARIOS {
        for faults in [false, true] {
            let (waited, few) = play(seed, faults, Driver::Waits);
            let (polled, many) = play(seed, faults, Driver::Polls);
            assert_eq!(waited, polled, "seed {seed}, faults {faults}");
            online += waited.got.iter().map(BTreeSet::len).sum::<usize>();
            waits += few;
            polls += many;
        }
    }
    println!("{waits} rounds instead of {polls}; {online} ways were open in the end");
    assert!(online > SCENARIOS as usize, "scenarios in which nobody meets anybody");
    assert!(waits * 20 < polls, "{waits} rounds instead of {polls}");
}

#[test]
fn a_round_before_the_deadline_would_do_nothing() {
    for seed in 100..100 + SCENARIOS / 4 {
        play(seed, true, Driver::Checks);
    }
}
