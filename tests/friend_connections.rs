// SPDX-License-Identifier: GPL-3.0-or-later
//! Friend connections among neighbours that keep books: what is taken is given back, once.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use proptest::prelude::*;
use toxlink::crypto::PublicKey;
use toxlink::proto::friend::command::{Answer, Command};
use toxlink::proto::friend::slot::Status;
use toxlink::proto::friend::{
    DhtPublicKey, FriendConnections, FriendRef, FriendconId, Incoming, RealPublicKey, Task,
};
use toxlink::proto::time::Timestamp;
use toxlink::wire::address::{NodeAddress, NodeKind};
use toxlink::wire::node::Node;

const START: u64 = 1_000_000;

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
        ["address 192.0.2.5:33445", "direct 0 192.0.2.5:33445 true", "rpeer 0 192.0.2.5:443 11"]
    );
    let task = world.machine.borrow_mut().begin_relay(id, local);
    world.run(task);
    assert_eq!(world.take(), ["rpeer 0 192.0.2.5:443 11"]);
    let task = world.machine.borrow_mut().begin_relay(id, node(12, "127.0.0.1:443"));
    world.run(task);
    assert_eq!(world.take(), ["rpeer 0 127.0.0.1:443 12"], "somebody else's");
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
    }
    world.take();
    let mut task = world.machine.borrow_mut().begin_iteration();
    let next = world.machine.borrow_mut().next(&mut task, world.now());
    assert_eq!(next, None);
}

// ------------------------------------------------------------------------------------- property

#[derive(Clone, Copy, Debug)]
enum Operation {
    Add(u8),
    Kill(u8),
    Lock(u8),
    Key(u8, u8),
    Address(u8),
    Relay(u8, u8),
    Status(u8, bool),
    Offer(u8, u8, bool),
    Packet(u8, u8),
    Iterate,
    Pass(u64),
    Refuse(u8),
    InCallback(u8),
}

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

// -------------------------------------------------------------------------------------- helpers

/// Neighbours that keep books.
#[derive(Default)]
struct World {
    machine: RefCell<FriendConnections>,
    passed: Cell<u64>,
    calls: RefCell<Vec<String>>,
    onions: RefCell<BTreeSet<i32>>,
    tokens: RefCell<BTreeMap<u32, PublicKey>>,
    cryptos: RefCell<BTreeMap<i32, PublicKey>>,
    records: RefCell<BTreeMap<u32, FriendRef>>,
    next: Cell<i32>,
    next_token: Cell<u32>,
    next_onion: Cell<i32>,
    own_relays: Cell<u16>,
    gives_none_for_all: Cell<bool>,
    dht_refuses: Cell<bool>,
    relays_refused: Cell<bool>,
    crypto_refuses: Cell<bool>,
    onion_refuses: Cell<bool>,
    /// Runs once, in the next status callback.
    in_callback: Cell<Option<fn(&Self)>>,
}

impl World {
    fn now(&self) -> Timestamp {
        Timestamp(START + self.passed.get())
    }

    fn pass(&self, seconds: u64) {
        self.passed.set(self.passed.get() + seconds);
    }

    fn add(&self, key: u8) -> FriendconId {
        let task = self.machine.borrow_mut().begin_new(real(key));
        FriendconId(self.run(task) as u32)
    }

    fn key(&self, id: FriendconId, key: u8) {
        let task = self.machine.borrow_mut().begin_key(id, dht(key), self.now());
        self.run(task);
    }

    fn address(&self, id: FriendconId, address: &str) {
        let address = address.parse().unwrap();
        let task = self.machine.borrow_mut().begin_address(id, address, self.now());
        self.run(task);
    }

    fn status(&self, id: FriendconId, online: bool) {
        // net_crypto drops a connection that it reports as over.
        let crypto = self.machine.borrow().get(id).and_then(|friend| friend.crypto);
        let task = self.machine.borrow_mut().begin_status(id, online);
        self.run(task);
        if let Some(crypto) = crypto.filter(|_| !online) {
            self.cryptos.borrow_mut().remove(&crypto);
        }
    }

    fn offer(&self, key: u8, dht_key: u8, address: Option<&str>) -> i32 {
        let address = address.map(|text| text.parse().unwrap());
        let task = self.machine.borrow_mut().begin_offer(real(key), dht(dht_key), address);
        self.run(task)
    }

    fn online(&self, key: u8, dht_key: u8) -> FriendconId {
        let id = self.add(key);
        self.key(id, dht_key);
        self.status(id, true);
        id
    }

    fn heard(&self, id: FriendconId) {
        self.machine.borrow_mut().handle_packet(id, &[16], self.now());
    }

    fn iterate(&self) {
        let task = self.machine.borrow_mut().begin_iteration();
        self.run(task);
    }

    fn take(&self) -> Vec<String> {
        core::mem::take(&mut self.calls.borrow_mut())
    }

    fn run(&self, mut task: Task) -> i32 {
        let mut commands = 0;
        loop {
            let command = self.machine.borrow_mut().next(&mut task, self.now());
            let Some(command) = command else { return task.result() };
            commands += 1;
            assert!(commands < 100_000, "a task that does not end");
            let answer = self.perform(command);
            self.machine.borrow_mut().answer(&mut task, answer, self.now());
        }
    }

    fn log(&self, call: String) {
        self.calls.borrow_mut().push(call);
    }

    fn perform(&self, command: Command) -> Answer {
        match command {
            Command::OnionAdd(RealPublicKey(pk)) => {
                self.log(format!("onion_add {}", pk.0[0]));
                if self.onion_refuses.get() {
                    return Answer::Number(-1);
                }
                let number = self.next_onion.replace(self.next_onion.get() + 1);
                self.onions.borrow_mut().insert(number);
                return Answer::Number(number);
            }
            Command::OnionHandlers(number, _) => self.log(format!("handlers {number}")),
            Command::OnionDelete(number) => {
                self.log(format!("onion_del {number}"));
                assert!(self.onions.borrow_mut().remove(&number), "deleted twice");
            }
            Command::OnionOnline(number, online) => {
                assert!(self.onions.borrow().contains(&number), "a friend that is gone");
                self.log(format!("online {number} {online}"));
            }
            Command::OnionKey(number, key) => {
                assert!(self.onions.borrow().contains(&number), "a friend that is gone");
                self.log(format!("okey {number} {}", key.0.0[0]));
            }
            Command::OnionData(number, data) => {
                self.log(format!("onion_data {number} {}", data.len()));
                return Answer::Number(7);
            }
            Command::DhtAdd(DhtPublicKey(key), _) => {
                self.log(format!("dht_add {}", key.0[0]));
                if self.dht_refuses.get() {
                    return Answer::Token(None);
                }
                assert!(self.tokens.borrow().values().all(|held| *held != key), "held twice");
                let token = self.next_token.replace(self.next_token.get() + 1) + 1;
                self.tokens.borrow_mut().insert(token, key);
                return Answer::Token(Some(token));
            }
            Command::DhtDelete(DhtPublicKey(key), token) => {
                self.log(format!("dht_del {}", key.0[0]));
                let held = self.tokens.borrow_mut().remove(&token);
                assert_eq!(held, Some(key), "a token that is not held");
                return Answer::Done(true);
            }
            Command::NewCrypto(RealPublicKey(real), key) => {
                self.log(format!("new_crypto {} {}", real.0[0], key.0.0[0]));
                return self.new_crypto(real);
            }
            Command::Accept => {
                self.log("accept".to_owned());
                return self.new_crypto(PublicKey([255; 32]));
            }
            Command::CryptoHandlers(crypto, _) => self.log(format!("h3 {crypto}")),
            Command::CryptoKeyHandler(crypto, _) => self.log(format!("h1 {crypto}")),
            Command::CryptoKill(crypto) => {
                self.log(format!("kill {crypto}"));
                let was_there = self.cryptos.borrow_mut().remove(&crypto).is_some();
                assert!(was_there || crypto == -1, "killed twice");
            }
            Command::Direct(crypto, address, connected) => {
                let address = address.map_or("none".to_owned(), |address| address.to_string());
                self.log(format!("direct {crypto} {address} {connected}"));
            }
            Command::RelayPeer(crypto, Node { address, pk }) => {
                let address = SocketAddr::new(address.ip, address.port);
                self.log(format!("rpeer {crypto} {address} {}", pk.0[0]));
                return Answer::Done(!self.relays_refused.get());
            }
            Command::Relay(Node { pk, .. }) => {
                self.log(format!("rglob {}", pk.0[0]));
                return Answer::Done(true);
            }
            Command::CopyRelays(max, index) => {
                self.log(format!("copy {max} {index}"));
                let own = self.own_relays.get();
                let none = self.gives_none_for_all.get() && max >= own;
                let count = if none { 0 } else { max.min(own) };
                let nodes = (0..count).map(|i| node(200 + i as u8, "192.0.2.9:9"));
                return Answer::Nodes(nodes.collect());
            }
            Command::Write(crypto, packet) => {
                self.log(format!("write {crypto} {packet:?}"));
                return Answer::Done(true);
            }
            Command::Lan(port) => self.log(format!("lan {port}")),
            Command::GlobalStatus(friend, online) => {
                self.log(format!("G {} {online}", friend.id.0));
                self.run_callback();
            }
            Command::Status(friend, set, online) => {
                self.log(format!("S{set} {} {online}", friend.id.0));
                self.run_callback();
            }
            Command::Created(friend, _) => {
                assert!(self.records.borrow_mut().insert(friend.id.0, friend).is_none());
            }
            Command::Address(friend, address) => {
                assert_eq!(self.records.borrow().get(&friend.id.0), Some(&friend));
                let address = address.map_or("none".to_owned(), |address| address.to_string());
                self.log(format!("address {address}"));
            }
            Command::Removed(friend) => {
                assert_eq!(self.records.borrow_mut().remove(&friend.id.0), Some(friend));
            }
        }
        Answer::None
    }

    fn run_callback(&self) {
        assert!(self.machine.try_borrow_mut().is_ok(), "a borrow is alive in a callback");
        if let Some(run) = self.in_callback.take() {
            run(self);
        }
    }

    fn new_crypto(&self, real: PublicKey) -> Answer {
        if self.crypto_refuses.get() {
            return Answer::Number(-1);
        }
        let number = self.next.replace(self.next.get() + 1);
        self.cryptos.borrow_mut().insert(number, real);
        Answer::Number(number)
    }

    fn apply(&self, operation: Operation) {
        let id = |id: u8| FriendconId(u32::from(id));
        match operation {
            Operation::Add(key) => drop(self.add(key)),
            Operation::Kill(number) => {
                let task = self.machine.borrow_mut().begin_kill(id(number));
                self.run(task);
            }
            Operation::Lock(number) => drop(self.machine.borrow_mut().lock(id(number))),
            Operation::Key(number, key) => self.key(id(number), key),
            Operation::Address(number) => self.address(id(number), "192.0.2.5:1"),
            Operation::Relay(number, key) => {
                let task =
                    self.machine.borrow_mut().begin_relay(id(number), node(key, "127.0.0.1:1"));
                self.run(task);
            }
            Operation::Status(number, online) => {
                // net_crypto reports on connections that it has.
                if self.machine.borrow().get(id(number)).is_some_and(|f| f.crypto.is_some()) {
                    self.status(id(number), online);
                }
            }
            Operation::Offer(key, dht_key, udp) => {
                self.offer(key, dht_key, udp.then_some("192.0.2.6:1"));
            }
            Operation::Packet(number, first) => {
                let mut packet = vec![first];
                node(77, "192.0.2.8:8").pack(&mut packet);
                let incoming =
                    self.machine.borrow_mut().handle_packet(id(number), &packet, self.now());
                if let Incoming::Relays(task) = incoming {
                    self.run(task);
                }
            }
            Operation::Iterate => self.iterate(),
            Operation::Pass(seconds) => self.pass(seconds),
            Operation::Refuse(what) => {
                self.dht_refuses.set(what == 1);
                self.crypto_refuses.set(what == 2);
                self.onion_refuses.set(what == 3);
            }
            Operation::InCallback(what) => {
                let callbacks: [fn(&Self); 5] = [
                    |world| world.apply(Operation::Kill(0)),
                    |world| world.apply(Operation::Kill(1)),
                    |world| (0..6).for_each(|key| world.apply(Operation::Add(key))),
                    |world| world.apply(Operation::Key(0, 2)),
                    |world| world.apply(Operation::Iterate),
                ];
                self.in_callback.set(Some(callbacks[usize::from(what)]));
            }
        }
    }

    /// What must hold between any two operations.
    fn check(&self) {
        let machine = self.machine.borrow();
        let friends: Vec<_> =
            (0..machine.len()).filter_map(|id| machine.get(FriendconId(id))).collect();
        let keys: BTreeSet<_> = friends.iter().filter_map(|friend| friend.dht_pk).collect();
        for key in self.tokens.borrow().values() {
            assert!(keys.contains(&DhtPublicKey(*key)), "a registration that nobody needs");
        }
        if !self.dht_refuses.get() && self.passed.get() == 0 {
            assert_eq!(self.tokens.borrow().len(), keys.len(), "a key that nobody looks for");
        }
        let cryptos: BTreeSet<_> = friends.iter().filter_map(|friend| friend.crypto).collect();
        let held: BTreeSet<_> = self.cryptos.borrow().keys().copied().collect();
        assert_eq!(cryptos, held, "crypto connections");
        let onions: BTreeSet<_> = friends.iter().map(|friend| friend.onion).collect();
        assert_eq!(onions, *self.onions.borrow(), "onion friends");
        assert_eq!(self.records.borrow().len(), friends.len());
        for friend in friends {
            assert!(friend.status == Status::Connecting || friend.crypto.is_some());
        }
    }
}

fn real(key: u8) -> RealPublicKey {
    RealPublicKey(PublicKey([key; 32]))
}

fn dht(key: u8) -> DhtPublicKey {
    DhtPublicKey(PublicKey([key; 32]))
}

fn node(key: u8, address: &str) -> Node {
    let address: SocketAddr = address.parse().unwrap();
    let kind = NodeKind::TcpRelay;
    let address = NodeAddress { kind, ip: address.ip(), port: address.port() };
    Node { address, pk: PublicKey([key; 32]) }
}
