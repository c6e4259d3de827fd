// SPDX-License-Identifier: GPL-3.0-or-later
//! A small world for friends: an onion, a DHT and encrypted connections between a few ends, in
//! virtual time. Each end keeps books: what is taken must be given back, once.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test support fails by panicking")]

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};

use toxlink::crypto::PublicKey;
use toxlink::net::friends::{
    DhtPublicKey, FriendNumber, Friends, Handler, Neighbours, RealPublicKey,
};
use toxlink::proto::time::Timestamp;
use toxlink::wire::address::{NodeAddress, NodeKind};
use toxlink::wire::node::Node;

/// Seconds after which an attempt that nobody answers is given up.
const ATTEMPT_SECONDS: u64 = 8;

/// Every function of the neighbours, by name.
pub const FUNCTIONS: [&str; 18] = [
    "onion_add",
    "onion_bind",
    "onion_delete",
    "onion_set_online",
    "onion_set_dht_key",
    "onion_send",
    "dht_add",
    "dht_delete",
    "crypto_new",
    "crypto_accept",
    "crypto_kill",
    "crypto_set_direct",
    "crypto_write",
    "relay_add_for",
    "relay_add",
    "relays_copy",
    "lan_send",
    "log",
];

/// What the handler was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Status(FriendNumber, bool),
    Data(FriendNumber, Vec<u8>),
    Lossy(FriendNumber, Vec<u8>),
    Request(u8, [u8; 4], Vec<u8>),
}

type Hook = Box<dyn FnOnce(&End)>;

/// Something on its way.
#[derive(Debug)]
enum Message {
    /// The onion has found the friend behind this number.
    Found(i32),
    /// The DHT has found a key.
    Address(DhtPublicKey),
    /// An attempt of another end's connection.
    Hello(usize, i32),
    /// A connection is up.
    Up(i32),
    /// A connection is over.
    Over(i32),
    Data(i32, Vec<u8>),
    Lossy(i32, Vec<u8>),
    Request(u8, Vec<u8>),
}

/// One connection, or the attempt at one.
#[derive(Clone, Copy, Debug)]
struct Connection {
    friend: FriendNumber,
    real_key: RealPublicKey,
    begun: u64,
    /// The end and the connection over there.
    other: Option<(usize, i32)>,
    is_up: bool,
}

/// All ends, and what is between them.
#[derive(Default)]
pub struct World {
    pub now: Cell<u64>,
    pub ends: RefCell<Vec<Rc<End>>>,
    wire: RefCell<Vec<(u64, usize, Message)>>,
    /// Nothing gets through.
    pub is_cut: Cell<bool>,
}

/// One end.
pub struct End {
    world: Rc<World>,
    pub index: usize,
    friends: OnceCell<Weak<Friends<Hood>>>,
    dht_key: Cell<u8>,
    onions: RefCell<BTreeMap<i32, (RealPublicKey, Option<FriendNumber>)>>,
    tokens: RefCell<BTreeMap<u32, DhtPublicKey>>,
    connections: RefCell<BTreeMap<i32, Connection>>,
    relays: RefCell<Vec<u8>>,
    pub lan_sent: Cell<u32>,
    next: Cell<i32>,
    planned: Cell<u64>,
    pub seen: RefCell<Vec<Seen>>,
    /// Runs once, in the neighbour function of this name.
    pub hook: RefCell<Option<(&'static str, Hook)>>,
    /// Runs once, in the next event.
    pub in_event: RefCell<Option<Hook>>,
    pub is_quiet: Cell<bool>,
}

/// The neighbours of one end.
pub struct Hood(pub Rc<End>);

impl World {
    pub fn new() -> Rc<Self> {
        Rc::new(Self::default())
    }

    pub fn end(self: &Rc<Self>) -> (Rc<End>, Rc<Friends<Hood>>) {
        let index = self.ends.borrow().len();
        let end = Rc::new(End {
            world: self.clone(),
            index,
            friends: OnceCell::new(),
            dht_key: Cell::new(100 + index as u8),
            onions: RefCell::default(),
            tokens: RefCell::default(),
            connections: RefCell::default(),
            relays: RefCell::default(),
            lan_sent: Cell::new(0),
            next: Cell::new(0),
            planned: Cell::new(0),
            seen: RefCell::default(),
            hook: RefCell::default(),
            in_event: RefCell::default(),
            is_quiet: Cell::new(false),
        });
        let friends = Rc::new(Friends::new(Hood(end.clone())));
        end.friends.set(Rc::downgrade(&friends)).unwrap();
        self.ends.borrow_mut().push(end.clone());
        (end, friends)
    }

    /// Seconds pass: messages arrive, and each end iterates when its wait is over.
    pub fn run(&self, seconds: u64) {
        for _ in 0..seconds {
            self.now.set(self.now.get() + 1);
            self.deliver();
            for end in self.all() {
                let Some(friends) = end.friends() else { continue };
                if end.planned.get() <= self.now.get() {
                    let _ = friends.iterate(&*end);
                }
                end.give_up_attempts();
                let wait = friends.wait().map_or(u64::MAX / 2, |wait| wait.as_secs());
                end.planned.set(self.now.get() + wait);
            }
        }
    }

    /// Runs until it is so, a minute at most.
    #[track_caller]
    pub fn run_until(&self, mut is_so: impl FnMut() -> bool) {
        for _ in 0..60 {
            if is_so() {
                return;
            }
            self.run(1);
        }
        panic!("not after a minute");
    }

    fn all(&self) -> Vec<Rc<End>> {
        self.ends.borrow().clone()
    }

    fn post(&self, delay: u64, to: usize, message: Message) {
        self.wire.borrow_mut().push((self.now.get() + delay, to, message));
    }

    fn deliver(&self) {
        let (due, later): (Vec<_>, Vec<_>) =
            self.wire.take().into_iter().partition(|(time, ..)| *time <= self.now.get());
        *self.wire.borrow_mut() = later;
        for (_, to, message) in due {
            if let Some(end) = self.ends.borrow().get(to).cloned() {
                end.receive(self, message);
            }
        }
    }

    fn owner(&self, real_key: &RealPublicKey) -> Option<Rc<End>> {
        self.all().into_iter().find(|end| end.real_key() == *real_key)
    }
}

impl End {
    pub fn real_key(&self) -> RealPublicKey {
        real(self.index as u8 + 1)
    }

    pub fn dht_key(&self) -> DhtPublicKey {
        dht(self.dht_key.get())
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, self.index as u8 + 1], 33445))
    }

    /// The object, unless it is gone.
    pub fn friends(&self) -> Option<Rc<Friends<Hood>>> {
        self.friends.get()?.upgrade()
    }

    pub fn take_seen(&self) -> Vec<Seen> {
        self.seen.take()
    }

    /// Whether the other ends' relays were heard of.
    pub fn knows_relay(&self, key: u8) -> bool {
        self.relays.borrow().contains(&key)
    }

    pub fn is_balanced(&self) -> bool {
        self.onions.borrow().is_empty()
            && self.tokens.borrow().is_empty()
            && self.connections.borrow().is_empty()
    }

    pub fn books(&self) -> String {
        let [onions, tokens, connections] = [
            self.onions.borrow().len(),
            self.tokens.borrow().len(),
            self.connections.borrow().len(),
        ];
        format!("{onions} onion friends, {tokens} tokens, {connections} connections")
    }

    pub fn send_lossy(&self, connection: i32, packet: &[u8]) {
        self.pass_on(connection, |id| Message::Lossy(id, packet.to_vec()));
    }

    /// The connection to this friend breaks.
    pub fn lose(&self, friend: FriendNumber) {
        let find = |(id, c): (&i32, &Connection)| (c.friend == friend).then_some(*id);
        let id = self.connections.borrow().iter().find_map(find);
        if let Some(id) = id {
            self.pass_on(id, Message::Over);
            self.over(id);
        }
    }

    fn number(&self) -> i32 {
        self.next.replace(self.next.get() + 1)
    }

    /// To the other end of a connection; whether it is up.
    fn pass_on(&self, connection: i32, message: impl FnOnce(i32) -> Message) -> bool {
        let found = self.connections.borrow().get(&connection).copied();
        let Some((end, id)) = found.filter(|c| c.is_up).and_then(|c| c.other) else {
            return false;
        };
        if !self.world.is_cut.get() {
            self.world.post(1, end, message(id));
        }
        true
    }

    fn give_up_attempts(&self) {
        let now = self.world.now.get();
        let old = |c: &Connection| !c.is_up && c.begun + ATTEMPT_SECONDS < now;
        let lost: Vec<_> =
            self.connections.borrow().iter().filter(|(_, c)| old(c)).map(|(id, _)| *id).collect();
        for id in lost {
            self.over(id);
        }
    }

    fn over(&self, id: i32) {
        let Some(Connection { friend, .. }) = self.connections.borrow_mut().remove(&id) else {
            return;
        };
        if let Some(friends) = self.friends() {
            let _ = friends.handle_status(friend, id, false, self);
        }
    }

    fn receive(&self, world: &World, message: Message) {
        let Some(friends) = self.friends() else { return };
        let friend = |id: i32| self.connections.borrow().get(&id).map(|c| c.friend);
        match message {
            Message::Found(onion) => {
                let Some((key, Some(friend))) = self.onions.borrow().get(&onion).copied() else {
                    return;
                };
                // It looks for the friend as long as it has the number.
                world.post(20, self.index, Message::Found(onion));
                let Some(other) = world.owner(&key).filter(|_| !world.is_cut.get()) else { return };
                let _ = friends.handle_dht_key(friend, &other.dht_key(), self);
                let _ = friends.handle_relay(friend, &node(150 + other.index as u8));
            }
            Message::Address(key) => {
                if !self.tokens.borrow().values().any(|held| *held == key) {
                    return;
                }
                world.post(60, self.index, Message::Address(key));
                let other = world.all().into_iter().find(|end| end.dht_key() == key);
                if let Some(other) = other.filter(|_| !world.is_cut.get()) {
                    let _ = friends.handle_address(&key, other.address());
                }
            }
            Message::Hello(index, theirs) => {
                let other = world.all().get(index).cloned().unwrap();
                if world.is_cut.get() || !other.connections.borrow().contains_key(&theirs) {
                    return;
                }
                let key = other.real_key();
                let mine =
                    self.connections.borrow().iter().find_map(|(id, c)| {
                        (c.real_key == key && c.other.is_none()).then_some(*id)
                    });
                let mine = mine.or_else(|| {
                    let (dht_key, address) = (other.dht_key(), Some(other.address()));
                    friends.handle_offer(&key, &dht_key, address, &key).ok()?;
                    let connections = self.connections.borrow();
                    connections.iter().find_map(|(id, c)| (c.real_key == key).then_some(*id))
                });
                let Some(mine) = mine else { return };
                self.join(mine, index, theirs);
                other.join(theirs, self.index, mine);
                world.post(1, self.index, Message::Up(mine));
                world.post(1, index, Message::Up(theirs));
            }
            Message::Up(id) => {
                let Some(found) = friend(id) else { return };
                self.connections.borrow_mut().get_mut(&id).unwrap().is_up = true;
                let _ = friends.handle_status(found, id, true, self);
            }
            Message::Over(id) => self.over(id),
            Message::Data(id, packet) => {
                if let Some(friend) = friend(id) {
                    let _ = friends.handle_data(friend, &packet, self);
                }
            }
            Message::Lossy(id, packet) => {
                if let Some(friend) = friend(id) {
                    let _ = friends.handle_lossy(friend, &packet, self);
                }
            }
            Message::Request(key, packet) => {
                let _ = friends.handle_request(&real(key), &packet, self);
            }
        }
    }

    fn join(&self, mine: i32, other: usize, theirs: i32) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(&mine) {
            connection.other = Some((other, theirs));
        }
    }

    fn connect(&self, friend: FriendNumber, real_key: RealPublicKey) -> i32 {
        let (id, begun) = (self.number(), self.world.now.get());
        let connection = Connection { friend, real_key, begun, other: None, is_up: false };
        self.connections.borrow_mut().insert(id, connection);
        id
    }

    fn called(&self, function: &'static str) {
        let gives_back = ["onion_delete", "dht_delete", "crypto_kill"].contains(&function);
        assert!(gives_back || !self.is_quiet.get(), "{function} after the end");
        let hook = self.hook.borrow_mut().take_if(|(name, _)| *name == function);
        if let Some((_, run)) = hook {
            run(self);
        }
    }

    fn event(&self, seen: Seen) {
        assert!(!self.is_quiet.get(), "an event after the end: {seen:?}");
        self.seen.borrow_mut().push(seen);
        let hook = self.in_event.borrow_mut().take();
        if let Some(run) = hook {
            run(self);
        }
    }
}

impl Handler for End {
    fn status(&self, friend: FriendNumber, online: bool) {
        self.event(Seen::Status(friend, online));
    }

    fn data(&self, friend: FriendNumber, packet: &[u8]) {
        self.event(Seen::Data(friend, packet.to_vec()));
    }

    fn lossy(&self, friend: FriendNumber, packet: &[u8]) {
        self.event(Seen::Lossy(friend, packet.to_vec()));
    }

    fn request(&self, key: &RealPublicKey, nospam: [u8; 4], message: &[u8]) {
        self.event(Seen::Request(key.0.0[0], nospam, message.to_vec()));
    }
}

impl Neighbours for Hood {
    type Offer = RealPublicKey;

    fn onion_add(&self, key: &RealPublicKey) -> Option<i32> {
        self.0.called("onion_add");
        let number = self.0.number();
        self.0.onions.borrow_mut().insert(number, (*key, None));
        Some(number)
    }

    fn onion_bind(&self, onion: i32, friend: FriendNumber) {
        if let Some(found) = self.0.onions.borrow_mut().get_mut(&onion) {
            found.1 = Some(friend);
        }
        self.0.world.post(2, self.0.index, Message::Found(onion));
        self.0.called("onion_bind");
    }

    fn onion_delete(&self, onion: i32) {
        assert!(self.0.onions.borrow_mut().remove(&onion).is_some(), "an onion friend, twice");
        self.0.called("onion_delete");
    }

    fn onion_set_online(&self, onion: i32, _: bool) {
        assert!(self.0.onions.borrow().contains_key(&onion), "an onion friend that is gone");
        self.0.called("onion_set_online");
    }

    fn onion_set_dht_key(&self, onion: i32, _: &DhtPublicKey) {
        assert!(self.0.onions.borrow().contains_key(&onion), "an onion friend that is gone");
        self.0.called("onion_set_dht_key");
    }

    fn onion_send(&self, onion: i32, packet: &[u8]) -> bool {
        self.0.called("onion_send");
        let found = self.0.onions.borrow().get(&onion).copied();
        let Some((key, _)) = found else { return false };
        let world = &self.0.world;
        let from = self.0.real_key().0.0[0];
        match world.owner(&key) {
            Some(other) => world.post(3, other.index, Message::Request(from, packet.to_vec())),
            None => return false,
        }
        true
    }

    fn dht_add(&self, key: &DhtPublicKey) -> Option<u32> {
        self.0.called("dht_add");
        let token = self.0.number() as u32;
        self.0.tokens.borrow_mut().insert(token, *key);
        self.0.world.post(1, self.0.index, Message::Address(*key));
        Some(token)
    }

    fn dht_delete(&self, key: &DhtPublicKey, token: u32) {
        assert_eq!(self.0.tokens.borrow_mut().remove(&token), Some(*key), "not registered");
        self.0.called("dht_delete");
    }

    fn crypto_new(
        &self,
        friend: FriendNumber,
        real_key: &RealPublicKey,
        _: &DhtPublicKey,
    ) -> Option<i32> {
        self.0.called("crypto_new");
        let id = self.0.connect(friend, *real_key);
        let world = &self.0.world;
        if let Some(other) = world.owner(real_key) {
            world.post(1, other.index, Message::Hello(self.0.index, id));
        }
        Some(id)
    }

    fn crypto_accept(&self, friend: FriendNumber, offer: &RealPublicKey) -> Option<i32> {
        self.0.called("crypto_accept");
        Some(self.0.connect(friend, *offer))
    }

    fn crypto_kill(&self, connection: i32) {
        let found = self.0.connections.borrow_mut().remove(&connection);
        let found = found.unwrap_or_else(|| panic!("connection {connection} ended twice"));
        let world = &self.0.world;
        if let Some((end, id)) = found.other.filter(|_| !world.is_cut.get()) {
            world.post(1, end, Message::Over(id));
        }
        self.0.called("crypto_kill");
    }

    fn crypto_set_direct(&self, _: i32, _: SocketAddr, _: bool) {
        self.0.called("crypto_set_direct");
    }

    fn crypto_write(&self, connection: i32, packet: &[u8]) -> bool {
        self.0.called("crypto_write");
        self.0.pass_on(connection, |id| Message::Data(id, packet.to_vec()))
    }

    fn relay_add_for(&self, _: i32, relay: &Node) -> bool {
        self.0.relays.borrow_mut().push(relay.pk.0[0]);
        self.0.called("relay_add_for");
        true
    }

    fn relay_add(&self, relay: &Node) -> bool {
        self.0.relays.borrow_mut().push(relay.pk.0[0]);
        self.0.called("relay_add");
        true
    }

    fn relays_copy(&self, _: usize, _: u32) -> Vec<Node> {
        self.0.called("relays_copy");
        vec![node(200 + self.0.index as u8)]
    }

    fn has_lan_discovery(&self) -> bool {
        true
    }

    fn lan_send(&self, _: u16) {
        self.0.lan_sent.set(self.0.lan_sent.get() + 1);
        self.0.called("lan_send");
    }

    fn seconds(&self) -> Timestamp {
        Timestamp(self.0.world.now.get())
    }

    fn log(&self, _: toxlink::net::friends::Level, _: &str) {
        self.0.called("log");
    }
}

pub fn real(key: u8) -> RealPublicKey {
    RealPublicKey(PublicKey([key; 32]))
}

pub fn dht(key: u8) -> DhtPublicKey {
    DhtPublicKey(PublicKey([key; 32]))
}

pub fn node(key: u8) -> Node {
    let address = NodeAddress { kind: NodeKind::TcpRelay, ip: [192, 0, 2, 99].into(), port: 443 };
    Node { address, pk: PublicKey([key; 32]) }
}
