// SPDX-License-Identifier: GPL-3.0-or-later
//! Onion client, DHT and net_crypto that keep books: what is taken must be given back, once.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

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

/// Something that happens to friends.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
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

/// Neighbours that keep books.
#[derive(Default)]
pub struct World {
    pub machine: RefCell<FriendConnections>,
    passed: Cell<u64>,
    calls: RefCell<Vec<String>>,
    pub onions: RefCell<BTreeSet<i32>>,
    /// Which key, and for whom.
    pub tokens: RefCell<BTreeMap<u32, (PublicKey, FriendconId)>>,
    pub cryptos: RefCell<BTreeMap<i32, PublicKey>>,
    /// What the listeners were told last.
    told: RefCell<BTreeMap<(u32, usize), (FriendRef, bool)>>,
    records: RefCell<BTreeMap<u32, FriendRef>>,
    next: Cell<i32>,
    next_token: Cell<u32>,
    next_onion: Cell<i32>,
    pub own_relays: Cell<u16>,
    pub gives_none_for_all: Cell<bool>,
    pub dht_refuses: Cell<bool>,
    dht_refused: Cell<bool>,
    pub relays_refused: Cell<bool>,
    crypto_refuses: Cell<bool>,
    onion_refuses: Cell<bool>,
    offered: Cell<u8>,
    /// Iterations and events that are going on.
    iterating: Cell<u32>,
    /// Runs once, in the next status callback.
    pub in_callback: Cell<Option<fn(&Self)>>,
}

impl World {
    pub fn now(&self) -> Timestamp {
        Timestamp(START + self.passed.get())
    }

    pub fn pass(&self, seconds: u64) {
        self.passed.set(self.passed.get() + seconds);
    }

    pub fn add(&self, key: u8) -> FriendconId {
        let task = self.machine.borrow_mut().begin_new(real(key));
        FriendconId(self.run(task) as u32)
    }

    pub fn key(&self, id: FriendconId, key: u8) {
        self.set_key(id, [key; 32]);
    }

    pub fn set_key(&self, id: FriendconId, key: [u8; 32]) {
        let key = DhtPublicKey(PublicKey(key));
        let task = self.machine.borrow_mut().begin_key(id, key, self.now());
        self.run(task);
    }

    pub fn address(&self, id: FriendconId, address: &str) {
        let address = address.parse().unwrap();
        let task = self.machine.borrow_mut().begin_address(id, address, self.now());
        self.run(task);
    }

    pub fn status(&self, id: FriendconId, online: bool) {
        // net_crypto drops a connection that it reports as over.
        let crypto = self.machine.borrow().get(id).and_then(|friend| friend.crypto);
        let task = self.machine.borrow_mut().begin_status(id, online);
        self.iterating.set(self.iterating.get() + 1);
        self.run(task);
        self.iterating.set(self.iterating.get() - 1);
        if let Some(crypto) = crypto.filter(|_| !online) {
            self.cryptos.borrow_mut().remove(&crypto);
        }
    }

    pub fn offer(&self, key: u8, dht_key: u8, address: Option<&str>) -> i32 {
        let address = address.map(|text| text.parse().unwrap());
        self.offered.set(key);
        let task = self.machine.borrow_mut().begin_offer(real(key), dht(dht_key), address);
        self.run(task)
    }

    pub fn online(&self, key: u8, dht_key: u8) -> FriendconId {
        let id = self.add(key);
        self.key(id, dht_key);
        self.status(id, true);
        id
    }

    pub fn heard(&self, id: FriendconId) {
        self.machine.borrow_mut().handle_packet(id, &[16], self.now());
    }

    pub fn iterate(&self) {
        let task = self.machine.borrow_mut().begin_iteration();
        self.iterating.set(self.iterating.get() + 1);
        self.run(task);
        self.iterating.set(self.iterating.get() - 1);
    }

    pub fn take(&self) -> Vec<String> {
        core::mem::take(&mut self.calls.borrow_mut())
    }

    pub fn run(&self, mut task: Task) -> i32 {
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

    pub fn log(&self, call: String) {
        self.calls.borrow_mut().push(call);
    }

    pub fn perform(&self, command: Command) -> Answer {
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
            Command::DhtAdd(DhtPublicKey(key), id) => {
                self.log(format!("dht_add {}", key.0[0]));
                if self.dht_refuses.get() {
                    self.dht_refused.set(true);
                    return Answer::Token(None);
                }
                assert!(self.tokens.borrow().values().all(|(held, _)| *held != key), "held twice");
                let token = self.next_token.replace(self.next_token.get() + 1) + 1;
                self.tokens.borrow_mut().insert(token, (key, id));
                return Answer::Token(Some(token));
            }
            Command::DhtDelete(DhtPublicKey(key), token) => {
                self.log(format!("dht_del {}", key.0[0]));
                let held = self.tokens.borrow_mut().remove(&token);
                assert_eq!(held.map(|(key, _)| key), Some(key), "a token that is not held");
                return Answer::Done(true);
            }
            Command::NewCrypto(RealPublicKey(real), key) => {
                self.log(format!("new_crypto {} {}", real.0[0], key.0.0[0]));
                return self.new_crypto(real);
            }
            Command::Accept => {
                self.log("accept".to_owned());
                return self.new_crypto(real(self.offered.get()).0);
            }
            Command::CryptoHandlers(crypto, _) => self.log(format!("h3 {crypto}")),
            Command::CryptoKeyHandler(crypto, _) => self.log(format!("h1 {crypto}")),
            Command::CryptoKill(crypto) => {
                self.log(format!("kill {crypto}"));
                let was_there = self.cryptos.borrow_mut().remove(&crypto).is_some();
                assert!(was_there || crypto == -1, "killed twice");
            }
            Command::Direct(crypto, address, connected) => {
                let address = text(address);
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
                let place = |i: u16| 200 + ((index + u32::from(i)) % u32::from(own)) as u8;
                let nodes = (0..count).map(|i| node(place(i), "192.0.2.9:9"));
                return Answer::Nodes(nodes.collect());
            }
            Command::Write(crypto, packet) => {
                self.log(format!("write {crypto} {packet:?}"));
                return Answer::Done(true);
            }
            Command::Lan(port) => self.log(format!("lan {port}")),
            Command::GlobalStatus(friend, online) => {
                self.log(format!("G {} {online}", friend.id.0));
                self.told.borrow_mut().insert((friend.id.0, 2), (friend, online));
                self.run_callback();
            }
            Command::Status(friend, set, online) => {
                self.log(format!("S{set} {} {online}", friend.id.0));
                self.told.borrow_mut().insert((friend.id.0, set), (friend, online));
                self.run_callback();
            }
            Command::Created(friend, _) => {
                assert!(self.records.borrow_mut().insert(friend.id.0, friend).is_none());
            }
            Command::Address(friend, address) => {
                assert_eq!(self.records.borrow().get(&friend.id.0), Some(&friend));
                let address = text(address);
                self.log(format!("address {address}"));
            }
            Command::Removed(friend) => {
                assert_eq!(self.records.borrow_mut().remove(&friend.id.0), Some(friend));
            }
        }
        Answer::None
    }

    pub fn run_callback(&self) {
        assert!(self.machine.try_borrow_mut().is_ok(), "a borrow is alive in a callback");
        if let Some(run) = self.in_callback.take() {
            run(self);
        }
    }

    pub fn new_crypto(&self, real: PublicKey) -> Answer {
        if self.crypto_refuses.get() {
            return Answer::Number(-1);
        }
        let is_held = self.cryptos.borrow().values().any(|held| *held == real);
        assert!(!is_held, "net_crypto would give the connection that it has");
        let number = self.next.replace(self.next.get() + 1);
        self.cryptos.borrow_mut().insert(number, real);
        Answer::Number(number)
    }

    pub fn apply(&self, operation: Operation) {
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
            Operation::Iterate => {
                self.iterate();
                let callback = self.in_callback.take();
                let is_calm = callback.is_none()
                    && !self.dht_refuses.get()
                    && !self.crypto_refuses.get()
                    && self.iterating.get() == 0;
                self.in_callback.set(callback);
                if is_calm {
                    self.iterate();
                    self.check_nothing_is_due();
                }
            }
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

    /// What must hold after iterations among neighbours that refuse nothing: no friend was
    /// overlooked by the timetable.
    pub fn check_nothing_is_due(&self) {
        let machine = self.machine.borrow();
        let is_late = |since: Timestamp, limit: u64| since.0 + limit < self.now().0;
        for id in 0..machine.len() {
            let Some(friend) = machine.get(FriendconId(id)) else { continue };
            match friend.status {
                Status::Connecting => {
                    let key_is_late = friend.dht_pk.is_some() && is_late(friend.dht_pk_time, 122);
                    assert!(!key_is_late, "an old key");
                    let is_old = friend.address.is_some() && is_late(friend.address_time, 122);
                    assert!(!is_old, "an old address");
                    assert!(friend.crypto.is_some() || friend.dht_pk.is_none(), "no attempt");
                }
                Status::Connected => {
                    assert!(!is_late(friend.alive_sent, 8), "no ALIVE");
                    assert!(!is_late(friend.heard, 32), "silence");
                    assert!(friend.share_due() > self.now(), "no relays");
                }
            }
        }
    }

    /// What must hold between any two operations.
    pub fn check(&self) {
        let machine = self.machine.borrow();
        let friends: Vec<_> =
            (0..machine.len()).filter_map(|id| machine.get(FriendconId(id))).collect();
        let keys: BTreeSet<_> = friends.iter().filter_map(|friend| friend.dht_pk).collect();
        for (key, id) in self.tokens.borrow().values() {
            let has = machine.get(*id).and_then(|friend| friend.dht_pk);
            assert_eq!(has, Some(DhtPublicKey(*key)), "a registration in the name of a stranger");
        }
        if !self.dht_refused.get() {
            assert_eq!(self.tokens.borrow().len(), keys.len(), "a key that nobody looks for");
        }
        let cryptos: BTreeSet<_> = friends.iter().filter_map(|friend| friend.crypto).collect();
        let held: BTreeSet<_> = self.cryptos.borrow().keys().copied().collect();
        assert_eq!(cryptos, held, "crypto connections");
        let onions: BTreeSet<_> = friends.iter().map(|friend| friend.onion).collect();
        assert_eq!(onions, *self.onions.borrow(), "onion friends");
        assert_eq!(self.records.borrow().len(), friends.len());
        for (friend, online) in self.told.borrow().values() {
            if machine.is_current(*friend) {
                let is_online = machine.status(friend.id) == Status::Connected as u32;
                assert_eq!(*online, is_online, "a listener believes something else");
            }
        }
        for friend in friends {
            assert!(friend.status == Status::Connecting || friend.crypto.is_some());
        }
    }
}

fn text(address: Option<SocketAddr>) -> String {
    address.map_or_else(|| "none".to_owned(), |address| address.to_string())
}

pub fn real(key: u8) -> RealPublicKey {
    RealPublicKey(PublicKey([key; 32]))
}

pub fn dht(key: u8) -> DhtPublicKey {
    DhtPublicKey(PublicKey([key; 32]))
}

pub fn node(key: u8, address: &str) -> Node {
    let address: SocketAddr = address.parse().unwrap();
    let kind = NodeKind::TcpRelay;
    let address = NodeAddress { kind, ip: address.ip(), port: address.port() };
    Node { address, pk: PublicKey([key; 32]) }
}
