// SPDX-License-Identifier: GPL-3.0-or-later
//! Relays and clients in one place: virtual time, no sockets, relays that fail in every way.
#![allow(clippy::wildcard_enum_match_arm, reason = "most faults change one thing")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use toxlink::crypto::rust::public_key;
use toxlink::crypto::{BoxKey, Nonce, PublicKey, SecretKey};
use toxlink::proto::connections::event::Delivery;
use toxlink::proto::connections::note::Note;
use toxlink::proto::connections::{Connections, Link, Opening, PeerNumber, PeerRef, Plan};
use toxlink::proto::relay::event::Event;
use toxlink::proto::relay::proxy::Proxy;
use toxlink::proto::relay::secure_channel::SecureChannel;
use toxlink::proto::relay::state::SendError;
use toxlink::proto::relay::{HandshakeRandom, RelayClient};
use toxlink::proto::time::{Clock, Millis, Timestamp};
use toxlink::shell::drive;
use toxlink::shell::round::{self, Hub};
use toxlink::shell::transport::{Received, Transport, Written};
use toxlink::wire::address::Target;
use toxlink::wire::frame::{Front, front};
use toxlink::wire::handshake::{self, Hello};
use toxlink::wire::relay_packet::PingId;

/// The millisecond at which every test begins.
pub const START_MS: u64 = 1_000_000_000;
/// What a socket takes before the relay reads it.
const SOCKET_ROOM: usize = 200_000;

/// How a relay behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Keeps its sockets open, reads and writes nothing.
    Frozen,
    /// Reads and writes so many bytes in 100 ms.
    Trickle(usize),
    /// Has closed all connections; refuses new ones.
    Refuse,
    /// Has closed all connections; takes new ones.
    Close,
    /// Has reset all connections; takes new ones.
    Reset,
    /// Takes connections and never answers the handshake.
    Mute,
    /// Has another secret key than its name says.
    WrongKey,
    /// Tells everybody that the others are gone.
    SaysOffline,
    /// Answers pings, says who is online, and loses all data.
    BlackHole,
    /// Sends pings all the time, reads nothing.
    Flood,
    /// Refuses all routing requests.
    RefuseRoutes,
}

/// One connection of a client to a relay.
struct Wire {
    relay: usize,
    client: usize,
    to_relay: VecDeque<(u64, u8)>,
    to_client: VecDeque<(u64, u8)>,
    session: Session,
    unread: Vec<u8>,
    /// The relay's side is closed; `Some(true)` after a reset.
    ended: Option<bool>,
    /// The client's side is closed.
    left: bool,
}

/// What a proxy wants to hear, each with what it answers.
pub type Script = VecDeque<(Vec<u8>, Vec<u8>)>;
/// How a proxy behaves that is asked for a target.
pub type Behaviour = fn(&Target) -> Script;

enum Session {
    /// A proxy stands in front of the relay.
    Proxy(Script),
    Handshake,
    Open {
        channel: Box<SecureChannel>,
        client: PublicKey,
        routes: BTreeMap<u8, (PublicKey, bool)>,
    },
}

/// A relay.
pub struct Relay {
    pub pk: PublicKey,
    sk: SecretKey,
    pub address: SocketAddr,
    /// What a proxy resolves.
    pub name: Option<Target>,
    pub fault: Fault,
    /// One way, in milliseconds.
    pub delay_ms: u64,
    /// When clients called, by client.
    pub calls: Vec<(usize, u64)>,
    /// Packets of data that it passed on.
    pub carried: u64,
    tokens: usize,
}

/// All relays and all connections to them.
#[derive(Default)]
pub struct Net {
    pub now_ms: Cell<u64>,
    pub relays: RefCell<Vec<Relay>>,
    wires: RefCell<Vec<Wire>>,
}

impl Net {
    pub fn new(relays: u8) -> Self {
        let net = Self::default();
        net.now_ms.set(START_MS);
        for index in 0..relays {
            let sk = SecretKey([100 + index; 32]);
            net.relays.borrow_mut().push(Relay {
                pk: public_key(&sk),
                sk,
                address: SocketAddr::from(([192, 0, 2, index + 1], 33445)),
                name: None,
                fault: Fault::None,
                delay_ms: 10,
                calls: Vec::new(),
                carried: 0,
                tokens: 0,
            });
        }
        net
    }

    pub fn clock(&self) -> Clock {
        let ms = self.now_ms.get();
        Clock { seconds: Timestamp(ms / 1000), millis: Millis(ms) }
    }

    pub fn key(&self, relay: usize) -> PublicKey {
        self.relays.borrow()[relay].pk
    }

    pub fn address(&self, relay: usize) -> SocketAddr {
        self.relays.borrow()[relay].address
    }

    pub fn set_fault(&self, relay: usize, fault: Fault) {
        self.relays.borrow_mut()[relay].fault = fault;
        let ended = match fault {
            Fault::Refuse | Fault::Close => Some(false),
            Fault::Reset => Some(true),
            _ => None,
        };
        if ended.is_some() {
            for wire in self.wires.borrow_mut().iter_mut().filter(|wire| wire.relay == relay) {
                wire.ended = wire.ended.or(ended);
            }
        }
        if fault == Fault::SaysOffline {
            self.say_offline(relay);
        }
    }

    /// Open connections of a client to a relay.
    pub fn open_wires(&self, relay: usize) -> usize {
        let wires = self.wires.borrow();
        wires.iter().filter(|w| w.relay == relay && w.ended.is_none() && !w.left).count()
    }

    /// The relays do what they do until now.
    pub fn run_relays(&self) {
        let count = self.wires.borrow().len();
        let faults: Vec<Fault> = self.relays.borrow().iter().map(|relay| relay.fault).collect();
        for relay in self.relays.borrow_mut().iter_mut() {
            relay.tokens = match relay.fault {
                Fault::Trickle(bytes) => bytes * (self.now_ms.get() % 100 == 0) as usize,
                _ => usize::MAX,
            };
        }
        for index in 0..count {
            let (fault, gone, ended) = {
                let wire = &self.wires.borrow()[index];
                let fault = faults.get(wire.relay).copied().unwrap_or(Fault::Mute);
                (fault, wire.left, wire.ended.is_some())
            };
            if gone && !ended {
                self.wires.borrow_mut()[index].ended = Some(false);
                self.tell_gone(index);
            } else if ended {
                self.tell_gone(index);
            }
            match fault {
                Fault::Frozen | Fault::Mute => {}
                Fault::Flood => self.flood(index),
                _ if !gone && !ended => self.read(index),
                _ => {}
            }
        }
    }

    /// When bytes arrive next, at a relay or at a client, or a slow relay goes on.
    pub fn next_arrival(&self) -> Option<u64> {
        let (now, relays) = (self.now_ms.get(), self.relays.borrow());
        let wires = self.wires.borrow();
        let arrivals = wires.iter().filter(|w| !w.left && w.ended.is_none()).flat_map(|wire| {
            let fault = relays.get(wire.relay).map_or(Fault::Mute, |relay| relay.fault);
            let reads = !matches!(fault, Fault::Frozen | Fault::Mute | Fault::Flood);
            let to_relay = wire.to_relay.front().filter(|_| reads);
            let ends = [to_relay, wire.to_client.front()].into_iter().flatten();
            ends.map(move |(at, _)| match fault {
                Fault::Trickle(_) => (*at).max(now + 1).next_multiple_of(100),
                _ => (*at).max(now + 1),
            })
        });
        arrivals.min()
    }

    fn flood(&self, index: usize) {
        for _ in 0..200 {
            self.answer(index, &[4, 1, 2, 3, 4, 5, 6, 7, 8]);
        }
    }

    fn read(&self, index: usize) {
        let now = self.now_ms.get();
        loop {
            let packet = {
                let mut wires = self.wires.borrow_mut();
                let wire = &mut wires[index];
                let mut relays = self.relays.borrow_mut();
                let relay = &mut relays[wire.relay];
                while relay.tokens > 0 && wire.to_relay.front().is_some_and(|(at, _)| *at <= now) {
                    wire.unread.extend(wire.to_relay.pop_front().map(|(_, byte)| byte));
                    relay.tokens -= 1;
                }
                match &mut wire.session {
                    Session::Proxy(script) => {
                        let Some((wanted, answer)) = script.pop_front() else {
                            wire.session = Session::Handshake;
                            continue;
                        };
                        if wire.unread.len() < wanted.len() {
                            script.push_front((wanted, answer));
                            return;
                        }
                        let heard: Vec<u8> = wire.unread.drain(..wanted.len()).collect();
                        assert_eq!(heard, wanted, "said to a proxy");
                        let at = now + relay.delay_ms;
                        wire.to_client.extend(answer.into_iter().map(|byte| (at, byte)));
                        continue;
                    }
                    Session::Handshake if wire.unread.len() < 128 => return,
                    Session::Handshake => {
                        let hello: Vec<u8> = wire.unread.drain(..128).collect();
                        let wrong = SecretKey([9; 32]);
                        let sk = if relay.fault == Fault::WrongKey { &wrong } else { &relay.sk };
                        let Some((session, answer)) = accept(&hello, sk, &relay.sk) else {
                            wire.ended = Some(false);
                            return;
                        };
                        wire.session = session;
                        let at = now + relay.delay_ms;
                        wire.to_client.extend(answer.into_iter().map(|byte| (at, byte)));
                        continue;
                    }
                    Session::Open { channel, .. } => {
                        let Ok(Front::Whole(length)) = front(&wire.unread) else { return };
                        let mut frame: Vec<u8> = wire.unread.drain(..length).collect();
                        channel.open(&mut frame).expect("frames in order").to_vec()
                    }
                }
            };
            self.handle(index, &packet);
        }
    }

    fn handle(&self, index: usize, packet: &[u8]) {
        let (relay, client) = {
            let wire = &self.wires.borrow()[index];
            let Session::Open { client, .. } = &wire.session else { return };
            (wire.relay, *client)
        };
        let fault = self.relays.borrow()[relay].fault;
        match packet[0] {
            0 => {
                let peer = PublicKey(packet[1..33].try_into().unwrap());
                if fault == Fault::RefuseRoutes {
                    return self.answer(index, &[&[1, 0][..], &peer.0].concat());
                }
                let id = self.grant(index, peer);
                self.answer(index, &[&[1, id + 16][..], &peer.0].concat());
                if fault != Fault::SaysOffline {
                    self.join(relay, client, peer);
                }
            }
            3 => {
                let peer = self.take_route(index, packet[1] - 16);
                let peer = peer.expect("a client gives back only ids that it has");
                self.part(relay, client, peer);
            }
            4 => self.answer(index, &[&[5][..], &packet[1..]].concat()),
            5 => {}
            6 => {
                let peer = PublicKey(packet[1..33].try_into().unwrap());
                if let Some(other) = self.wire_of(relay, &peer) {
                    self.answer(other, &[&[7][..], &client.0, &packet[33..]].concat());
                }
            }
            id @ 16.. => {
                let Some(peer) = self.route(index, id - 16) else {
                    panic!("data for an id that was never given");
                };
                if fault == Fault::BlackHole {
                    return;
                }
                let other = self.wire_of(relay, &peer);
                let Some((other, back)) = other.and_then(|o| Some((o, self.id_for(o, &client)?)))
                else {
                    return;
                };
                self.relays.borrow_mut()[relay].carried += 1;
                self.answer(other, &[&[back + 16][..], &packet[1..]].concat());
            }
            other => panic!("packet {other} is not for this relay"),
        }
    }

    /// Sends a packet to a client.
    pub fn answer(&self, index: usize, packet: &[u8]) {
        let now = self.now_ms.get();
        let mut wires = self.wires.borrow_mut();
        let wire = &mut wires[index];
        if wire.ended.is_some() || wire.left || wire.to_client.len() > SOCKET_ROOM {
            return;
        }
        let Session::Open { channel, .. } = &mut wire.session else { return };
        let mut frame = [0; 2050];
        let emit = |room: &mut [u8]| {
            room[..packet.len()].copy_from_slice(packet);
            Ok(packet.len())
        };
        let length = channel.seal(&mut frame, emit).unwrap();
        channel.commit();
        let at = now + self.relays.borrow()[wire.relay].delay_ms;
        wire.to_client.extend(frame[..length].iter().map(|byte| (at, *byte)));
    }

    fn grant(&self, index: usize, peer: PublicKey) -> u8 {
        let mut wires = self.wires.borrow_mut();
        let Session::Open { routes, .. } = &mut wires[index].session else { unreachable!() };
        if let Some((id, _)) = routes.iter().find(|(_, (pk, _))| *pk == peer) {
            return *id;
        }
        let id = (0..240).find(|id| !routes.contains_key(id)).unwrap();
        routes.insert(id, (peer, false));
        id
    }

    fn join(&self, relay: usize, client: PublicKey, peer: PublicKey) {
        for (from, to) in [(client, peer), (peer, client)] {
            let Some(index) = self.wire_of(relay, &from) else { return };
            let other = self.wire_of(relay, &to);
            if other.and_then(|other| self.id_for(other, &from)).is_none() {
                return;
            }
            if let Some(id) = self.set_online(index, &to, true) {
                self.answer(index, &[2, id + 16]);
            }
        }
    }

    fn part(&self, relay: usize, client: PublicKey, peer: PublicKey) {
        if let Some(other) = self.wire_of(relay, &peer) {
            if let Some(id) = self.set_online(other, &client, false) {
                self.answer(other, &[3, id + 16]);
            }
        }
    }

    fn tell_gone(&self, index: usize) {
        let (relay, client, peers) = {
            let mut wires = self.wires.borrow_mut();
            let wire = &mut wires[index];
            let Session::Open { client, routes, .. } = &mut wire.session else { return };
            let peers: Vec<_> = core::mem::take(routes).into_values().map(|(pk, _)| pk).collect();
            (wire.relay, *client, peers)
        };
        for peer in peers {
            self.part(relay, client, peer);
        }
    }

    fn say_offline(&self, relay: usize) {
        let count = self.wires.borrow().len();
        for index in (0..count).filter(|index| self.wires.borrow()[*index].relay == relay) {
            let ids: Vec<u8> = {
                let mut wires = self.wires.borrow_mut();
                let Session::Open { routes, .. } = &mut wires[index].session else { continue };
                routes
                    .iter_mut()
                    .filter_map(|(id, route)| core::mem::take(&mut route.1).then_some(*id))
                    .collect()
            };
            ids.into_iter().for_each(|id| self.answer(index, &[3, id + 16]));
        }
    }

    fn set_online(&self, index: usize, peer: &PublicKey, online: bool) -> Option<u8> {
        let mut wires = self.wires.borrow_mut();
        let Session::Open { routes, .. } = &mut wires[index].session else { return None };
        let (id, route) = routes.iter_mut().find(|(_, (pk, _))| pk == peer)?;
        (core::mem::replace(&mut route.1, online) != online).then_some(*id)
    }

    fn take_route(&self, index: usize, id: u8) -> Option<PublicKey> {
        let mut wires = self.wires.borrow_mut();
        let Session::Open { routes, .. } = &mut wires[index].session else { return None };
        routes.remove(&id).map(|(pk, _)| pk)
    }

    fn route(&self, index: usize, id: u8) -> Option<PublicKey> {
        let wires = self.wires.borrow();
        let Session::Open { routes, .. } = &wires[index].session else { return None };
        routes.get(&id).map(|(pk, _)| *pk)
    }

    fn id_for(&self, index: usize, peer: &PublicKey) -> Option<u8> {
        let wires = self.wires.borrow();
        let Session::Open { routes, .. } = &wires[index].session else { return None };
        routes.iter().find(|(_, (pk, _))| pk == peer).map(|(id, _)| *id)
    }

    /// The connection through which a client is at a relay.
    pub fn wire_of(&self, relay: usize, pk: &PublicKey) -> Option<usize> {
        let wires = self.wires.borrow();
        wires.iter().rposition(|wire| {
            let is_its = matches!(&wire.session, Session::Open { client, .. } if client == pk);
            wire.relay == relay && wire.ended.is_none() && !wire.left && is_its
        })
    }
}

fn accept(hello: &[u8], sk: &SecretKey, name: &SecretKey) -> Option<(Session, Vec<u8>)> {
    let message = hello.try_into().unwrap();
    let key_for = |pk: &PublicKey| BoxKey::precompute(pk, name).ok();
    let (client, theirs) = handshake::open_client(message, key_for).ok()?;
    let temporary = SecretKey([6; 32]);
    let session = BoxKey::precompute(&theirs.temporary_key, &temporary).unwrap();
    let base_nonce = Nonce([7; 24]);
    let answer = Hello { temporary_key: public_key(&temporary), base_nonce };
    let long_term = BoxKey::precompute(&client, sk).unwrap();
    let answer = handshake::seal_server(&long_term, &Nonce([8; 24]), &answer);
    let channel = Box::new(SecureChannel::new(&session, base_nonce, theirs.base_nonce));
    Some((Session::Open { channel, client, routes: BTreeMap::new() }, answer.to_vec()))
}

/// What came for the layer above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Data(i32, Vec<u8>),
    Oob(PublicKey, u32, Vec<u8>),
    Onion(Vec<u8>),
    Forwarding(Vec<u8>),
}

/// One `Connections` with its sockets.
pub struct Client<'n> {
    pub net: &'n Net,
    pub index: usize,
    pub pk: PublicKey,
    pub machine: RefCell<Connections>,
    wires: RefCell<BTreeMap<Link, usize>>,
    pub got: RefCell<Vec<Got>>,
    pub notes: RefCell<Vec<Note>>,
    pings: Cell<u64>,
    /// Of the proxy, if there is one.
    behaviour: Option<Behaviour>,
}

impl<'n> Client<'n> {
    pub fn new(net: &'n Net, index: usize) -> Self {
        Self::with_proxy(net, index, None)
    }

    /// A client that reaches all relays through a proxy.
    pub fn with_proxy(net: &'n Net, index: usize, proxy: Option<(Proxy, Behaviour)>) -> Self {
        let (proxy, behaviour) = proxy.unzip();
        let sk = SecretKey([index as u8 + 1; 32]);
        let pk = public_key(&sk);
        Self {
            net,
            index,
            pk,
            machine: RefCell::new(Connections::new(pk, sk, proxy)),
            wires: RefCell::default(),
            got: RefCell::default(),
            notes: RefCell::default(),
            pings: Cell::default(),
            behaviour,
        }
    }

    pub fn round(&self) {
        round::round(self, self.net.clock());
        self.machine.borrow().audit().unwrap();
    }

    /// Whether a socket has something to say.
    pub fn is_ready(&self) -> bool {
        self.ready().is_some_and(|links| !links.is_empty())
    }

    pub fn add_relay(&self, relay: usize) -> bool {
        self.add_target(relay, self.net.address(relay).into())
    }

    pub fn add_target(&self, relay: usize, target: Target) -> bool {
        let now = self.net.clock().seconds;
        let added = self.machine.borrow_mut().add_relay(target, self.net.key(relay), now);
        added.is_ok_and(|opening| opening.is_none_or(|opening| round::open(self, opening, now)))
    }

    pub fn add_relay_for(&self, peer: PeerNumber, relay: usize) -> bool {
        self.add_target_for(peer, relay, self.net.address(relay).into())
    }

    pub fn add_target_for(&self, peer: PeerNumber, relay: usize, target: Target) -> bool {
        let now = self.net.clock().seconds;
        let pk = self.net.key(relay);
        let plan = self.machine.borrow_mut().add_relay_for(peer, target, pk, now);
        let added = match plan {
            Err(_) => false,
            Ok(Plan::Done) => true,
            Ok(Plan::Open(opening, peer)) => {
                let opened = round::open(self, opening, now);
                let tied = self.machine.borrow_mut().tie_new(opening.link, peer, now);
                opened && tied.is_ok()
            }
        };
        round::settle(self, now);
        added
    }

    pub fn settle(&self) {
        round::settle(self, self.net.clock().seconds);
    }

    pub fn send(&self, peer: PeerNumber, data: &[u8]) -> Result<(), SendError> {
        round::send_packet(self, peer, data)
    }

    pub fn online(&self, peer: PeerNumber) -> usize {
        self.machine.borrow().online_relays(peer)
    }

    pub fn take(&self) -> Vec<Got> {
        core::mem::take(&mut self.got.borrow_mut())
    }
}

impl Hub for Client<'_> {
    type Host<'a>
        = Socket<'a>
    where
        Self: 'a;

    fn with<R>(&self, call: impl FnOnce(&mut Connections) -> R) -> Option<R> {
        Some(call(&mut self.machine.borrow_mut()))
    }

    fn host(&self, link: Link, peer: Option<PeerRef>) -> Option<Socket<'_>> {
        let wire = *self.wires.borrow().get(&link)?;
        // Lifetimes of the network are longer than any socket's.
        Some(Socket { client: self, link, peer, wire })
    }

    fn open(&self, opening: Opening) -> bool {
        let mut relays = self.net.relays.borrow_mut();
        let statistics = self.machine.borrow().relay_statistics(opening.link.relay).unwrap();
        let target = statistics.target.unwrap();
        assert_eq!(opening.address, statistics.address);
        let relay = match self.behaviour {
            None => relays.iter().position(|relay| Some(relay.address) == opening.address),
            Some(_) => relays.iter().position(|relay| {
                relay.name.as_ref() == Some(&target) || Target::from(relay.address) == target
            }),
        };
        let mut wires = self.net.wires.borrow_mut();
        let mut ended = None;
        if let Some(relay) = relay {
            let now = self.net.now_ms.get();
            let before = relays[relay].calls.iter().rev().find(|(client, _)| *client == self.index);
            if let Some((_, at)) = before {
                assert!(now / 1000 - at / 1000 >= 10, "called {} ms after the last call", now - at);
            }
            relays[relay].calls.push((self.index, now));
            if relays[relay].fault == Fault::Refuse {
                ended = Some(true);
            }
        }
        wires.push(Wire {
            // An address without a relay behind it never answers.
            relay: relay.unwrap_or(usize::MAX),
            client: self.index,
            to_relay: VecDeque::new(),
            to_client: VecDeque::new(),
            session: self
                .behaviour
                .map_or(Session::Handshake, |asked| Session::Proxy(asked(&target))),
            unread: Vec::new(),
            ended: if relay.is_none() { Some(true) } else { ended },
            left: false,
        });
        self.wires.borrow_mut().insert(opening.link, wires.len() - 1);
        true
    }

    fn close(&self, link: Link) {
        // There is none if it could not be opened.
        if let Some(wire) = self.wires.borrow_mut().remove(&link) {
            self.net.wires.borrow_mut()[wire].left = true;
        }
    }

    fn ready(&self) -> Option<Vec<Link>> {
        let now = self.net.now_ms.get();
        let wires = self.net.wires.borrow();
        let mine = self.wires.borrow();
        let waits: BTreeMap<Link, bool> = self.machine.borrow().links().collect();
        let relays = self.net.relays.borrow();
        let ready = mine.iter().filter_map(|(link, index)| {
            let wire = &wires[*index];
            assert_eq!(wire.client, self.index);
            let relay = relays.get(wire.relay);
            let arrived = wire.to_client.front().is_some_and(|(at, _)| *at <= now);
            let readable = arrived && relay.is_some_and(|relay| relay.tokens > 0);
            let has_room = relay.is_some() && wire.to_relay.len() < SOCKET_ROOM;
            let writable = has_room && waits.get(link) == Some(&true);
            (readable || writable || wire.ended.is_some()).then_some(*link)
        });
        Some(ready.collect())
    }

    fn log(&self, note: Note) {
        self.notes.borrow_mut().push(note);
    }
}

/// One end of a connection.
pub struct Socket<'a> {
    client: &'a Client<'a>,
    link: Link,
    peer: Option<PeerRef>,
    wire: usize,
}

impl Transport for Socket<'_> {
    fn send(&self, bytes: &[u8]) -> Written {
        let net = self.client.net;
        let mut wires = net.wires.borrow_mut();
        let wire = &mut wires[self.wire];
        match (wire.ended, wire.relay) {
            (Some(true), _) => return Written::Failed(111),
            (_, usize::MAX) => return Written::Bytes(0),
            _ => {}
        }
        let at = net.now_ms.get() + net.relays.borrow()[wire.relay].delay_ms;
        let room = SOCKET_ROOM.saturating_sub(wire.to_relay.len()).min(bytes.len());
        wire.to_relay.extend(bytes[..room].iter().map(|byte| (at, *byte)));
        Written::Bytes(room)
    }

    fn receive(&self, room: &mut [u8]) -> Received {
        let net = self.client.net;
        let mut wires = net.wires.borrow_mut();
        let wire = &mut wires[self.wire];
        let now = net.now_ms.get();
        let mut relays = net.relays.borrow_mut();
        let mut count = 0;
        if let Some(relay) = relays.get_mut(wire.relay) {
            while count < room.len()
                && relay.tokens > 0
                && wire.to_client.front().is_some_and(|(at, _)| *at <= now)
            {
                room[count] = wire.to_client.pop_front().unwrap().1;
                count += 1;
                relay.tokens -= 1;
            }
        }
        match (count, wire.ended) {
            (0, None) => Received::Empty,
            (0, Some(false)) => Received::Closed,
            (0, Some(true)) => Received::Failed(104),
            _ => Received::Bytes(count),
        }
    }

    fn acknowledge(&self) {}
}

impl drive::Host for Socket<'_> {
    fn with<R>(&self, call: impl FnOnce(&mut RelayClient) -> R) -> Option<R> {
        let mut machine = self.client.machine.borrow_mut();
        if self.peer.is_some_and(|peer| !machine.is_current(peer)) {
            return None;
        }
        machine.client_mut(self.link).map(call)
    }

    fn handshake_random(&self) -> HandshakeRandom {
        let seed = self.wire as u8;
        HandshakeRandom {
            temporary_pk: public_key(&SecretKey([seed; 32])),
            temporary_sk: SecretKey([seed; 32]),
            base_nonce: Nonce([4; 24]),
            nonce: Nonce([5; 24]),
        }
    }

    fn ping_id(&self) -> PingId {
        self.client.pings.set(self.client.pings.get() + 1);
        self.client.pings.get().to_ne_bytes()
    }

    fn event(&self, event: Event<'_>) {
        let delivery = self.client.machine.borrow_mut().handle_event(self.link, event);
        self.client.settle();
        let Some(delivery) = delivery else { return };
        assert!(self.client.machine.try_borrow_mut().is_ok(), "a borrow is alive");
        self.client.got.borrow_mut().push(match delivery {
            Delivery::Data { id, data } => Got::Data(id, data.to_vec()),
            Delivery::Oob { sender, relay, data } => Got::Oob(sender, relay.0, data.to_vec()),
            Delivery::Onion(data) => Got::Onion(data.to_vec()),
            Delivery::Forwarding(data) => Got::Forwarding(data.to_vec()),
        });
    }

    fn log(&self, _: toxlink::proto::relay::note::Note) {}
}
