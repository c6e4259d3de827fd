// SPDX-License-Identifier: GPL-3.0-or-later
//! Our relay and our clients, both ends in one place. Virtual time, no sockets.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(dead_code, unreachable_pub, reason = "not every test needs all of it")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use toxlink::crypto::rust::public_key;
use toxlink::crypto::{BoxKey, Nonce, PublicKey, SecretKey};
use toxlink::proto::relay::event::Event;
use toxlink::proto::relay::note::Note;
use toxlink::proto::relay::secure_channel::SecureChannel;
use toxlink::proto::relay::state::{SendError, Status};
use toxlink::proto::relay::{self, Config, RelayClient};
use toxlink::proto::server::{ClientRef, HandshakeRandom, Input, Limits, Reason, RelayServer};
use toxlink::proto::time::{Millis, Timestamp};
use toxlink::shell::drive::{self, Host};
use toxlink::shell::transport::{Received, Transport, Written};
use toxlink::wire::connection_id::ConnectionId;
use toxlink::wire::frame::{Front, front};
use toxlink::wire::handshake;
use toxlink::wire::relay_packet::{PingId, ToRelay};

pub const RELAY: [u8; 32] = [200; 32];
pub const START_MS: u64 = 1_000_000_000;

/// What a client has seen of the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Route(u8, PublicKey),
    Refused(PublicKey),
    Online(u8),
    Offline(u8),
    Data(u8, Vec<u8>),
    Oob(PublicKey, Vec<u8>),
}

/// A client and its socket.
pub struct Client {
    pub pk: PublicKey,
    pub machine: RefCell<RelayClient>,
    pub incoming: RefCell<VecDeque<u8>>,
    pub outgoing: RefCell<Vec<u8>>,
    pub seen: RefCell<Vec<Seen>>,
    pub closed: Cell<bool>,
    pub pings: Cell<u8>,
}

impl Transport for Client {
    fn send(&self, bytes: &[u8]) -> Written {
        self.outgoing.borrow_mut().extend_from_slice(bytes);
        Written::Bytes(bytes.len())
    }

    fn receive(&self, room: &mut [u8]) -> Received {
        let mut incoming = self.incoming.borrow_mut();
        let count = room.len().min(incoming.len());
        for (slot, byte) in room.iter_mut().zip(incoming.drain(..count)) {
            *slot = byte;
        }
        match count {
            0 if self.closed.get() => Received::Closed,
            0 => Received::Empty,
            count => Received::Bytes(count),
        }
    }

    fn acknowledge(&self) {}
}

impl Host for Client {
    fn with<R>(&self, call: impl FnOnce(&mut RelayClient) -> R) -> Option<R> {
        Some(call(&mut self.machine.borrow_mut()))
    }

    fn handshake_random(&self) -> relay::HandshakeRandom {
        let temporary_sk = SecretKey([self.pk.0[0].wrapping_add(3); 32]);
        let temporary_pk = public_key(&temporary_sk);
        let (base_nonce, nonce) = (Nonce([4; 24]), Nonce([5; 24]));
        relay::HandshakeRandom { temporary_pk, temporary_sk, base_nonce, nonce }
    }

    fn ping_id(&self) -> PingId {
        self.pings.set(self.pings.get() + 1);
        [self.pings.get(); 8]
    }

    fn event(&self, event: Event<'_>) {
        self.seen.borrow_mut().push(match event {
            Event::RoutingResponse { connection_id, peer } => {
                Seen::Route(connection_id.index(), peer)
            }
            Event::RoutingRefused { peer } => Seen::Refused(peer),
            Event::Status { connection_id, online: true, .. } => {
                Seen::Online(connection_id.index())
            }
            Event::Status { connection_id, .. } => Seen::Offline(connection_id.index()),
            Event::Data { connection_id, data, .. } => {
                Seen::Data(connection_id.index(), data.to_vec())
            }
            Event::Oob { sender, data } => Seen::Oob(sender, data.to_vec()),
            Event::Onion(_) | Event::Forwarding(_) => panic!("our relay has neither"),
        });
    }

    fn log(&self, _: Note) {}
}

/// One relay and its clients, by the first byte of their secret keys.
pub struct Net {
    pub now_ms: Cell<u64>,
    pub server: RefCell<RelayServer>,
    pub clients: RefCell<BTreeMap<u8, (ClientRef, Client)>>,
    pub reasons: RefCell<Vec<Reason>>,
    /// Bytes that the relay can write to each client before the next round.
    pub room: Cell<usize>,
    /// Clients for whom more waits than there was room for.
    pub cut_short: RefCell<BTreeSet<ClientRef>>,
}

impl Net {
    pub fn new(limits: Limits) -> Self {
        Self {
            now_ms: Cell::new(START_MS),
            server: RefCell::new(RelayServer::new(SecretKey(RELAY), limits)),
            clients: RefCell::default(),
            reasons: RefCell::default(),
            room: Cell::new(usize::MAX),
            cut_short: RefCell::default(),
        }
    }

    pub fn now(&self) -> Millis {
        Millis(self.now_ms.get())
    }

    /// Calls the relay under a name; whether it has room for one more.
    pub fn call(&self, name: u8) -> bool {
        let sk = SecretKey([name; 32]);
        let pk = public_key(&sk);
        let config = Config {
            self_pk: pk,
            long_term: BoxKey::precompute(&public_key(&SecretKey(RELAY)), &sk).unwrap(),
            target: "192.0.2.7:33445".parse::<std::net::SocketAddr>().unwrap().into(),
            proxy: None,
            keeps_ledger: false,
        };
        let Some(reference) = self.server.borrow_mut().accept(self.now()) else { return false };
        let client = Client {
            pk,
            machine: RefCell::new(RelayClient::new(config, self.seconds())),
            incoming: RefCell::default(),
            outgoing: RefCell::default(),
            seen: RefCell::default(),
            closed: Cell::default(),
            pings: Cell::default(),
        };
        self.clients.borrow_mut().insert(name, (reference, client));
        true
    }

    pub fn seconds(&self) -> Timestamp {
        Timestamp(self.now_ms.get() / 1000)
    }

    /// Both ends, once.
    pub fn round(&self) {
        let mut server = self.server.borrow_mut();
        for (reference, client) in self.clients.borrow().values() {
            drive::step(client, self.seconds(), drive::Limits::ALONE);
            let bytes = client.outgoing.take();
            feed(&mut server, *reference, &bytes, self.now());
        }
        let mut draws = 50;
        server.handle_timeout(self.now(), || {
            draws += 1;
            [draws; 8]
        });
        let clients = self.clients.borrow();
        let mut writable: BTreeSet<ClientRef> = self.cut_short.take();
        writable.extend(core::iter::from_fn(|| server.take_dirty()));
        for (reference, client) in clients.values() {
            if writable.contains(reference) {
                let output = server.output(*reference);
                let count = output.len().min(self.room.get());
                if count < output.len() {
                    self.cut_short.borrow_mut().insert(*reference);
                }
                client.incoming.borrow_mut().extend(&output[..count]);
                server.handle_written(*reference, count);
            }
        }
        while let Some((gone, reason)) = server.take_closed() {
            self.reasons.borrow_mut().push(reason);
            for (known, client) in clients.values() {
                if *known == gone {
                    client.closed.set(true);
                }
            }
        }
    }

    pub fn rounds(&self, count: u32) {
        for _ in 0..count {
            self.round();
        }
    }

    pub fn pass(&self, ms: u64) {
        self.now_ms.set(self.now_ms.get() + ms);
    }

    pub fn with<R>(&self, name: u8, use_it: impl FnOnce(&Client) -> R) -> R {
        use_it(&self.clients.borrow()[&name].1)
    }

    pub fn seen(&self, name: u8) -> Vec<Seen> {
        self.with(name, |client| client.seen.take())
    }

    pub fn status(&self, name: u8) -> Status {
        self.with(name, |client| client.machine.borrow().status())
    }

    pub fn ask(&self, name: u8, peer: u8) {
        let peer = key(peer);
        self.with(name, |client| client.machine.borrow_mut().request_route(peer)).unwrap();
        self.rounds(2);
    }

    pub fn send(&self, name: u8, packet: &ToRelay<'_>) -> Result<(), SendError> {
        self.with(name, |client| drive::send(client, packet))
    }

    pub fn data(&self, name: u8, index: u8, data: &[u8]) {
        self.send(name, &ToRelay::Data { connection_id: id(index), data }).unwrap();
    }

    /// Two clients that are online for each other, with id 0 each.
    pub fn pair(&self, a: u8, b: u8) {
        assert!(self.call(a) && self.call(b));
        self.rounds(3);
        self.ask(a, b);
        self.ask(b, a);
        assert_eq!(self.seen(a), [Seen::Route(0, key(b)), Seen::Online(0)]);
        assert_eq!(self.seen(b), [Seen::Route(0, key(a)), Seen::Online(0)]);
    }
}

pub fn feed(server: &mut RelayServer, client: ClientRef, mut bytes: &[u8], now: Millis) {
    loop {
        match server.handle_input(client, now) {
            Input::Packet => {}
            Input::Over => return,
            Input::NeedsRandom => server.handle_handshake(
                client,
                &HandshakeRandom {
                    temporary_sk: SecretKey([90; 32]),
                    base_nonce: Nonce([7; 24]),
                    nonce: Nonce([8; 24]),
                },
            ),
            Input::Starved if bytes.is_empty() => return,
            Input::Starved => {
                let Some(room) = server.room(client) else { return };
                let count = room.len().min(bytes.len());
                room[..count].copy_from_slice(&bytes[..count]);
                server.received(client, count);
                bytes = &bytes[count..];
            }
        }
    }
}

pub fn key(name: u8) -> PublicKey {
    public_key(&SecretKey([name; 32]))
}

pub fn id(index: u8) -> ConnectionId {
    ConnectionId::from_index(index).unwrap()
}

/// A client whose packets are made by hand.
pub struct Raw<'a> {
    pub net: &'a Net,
    pub reference: ClientRef,
    pub channel: SecureChannel,
}

impl<'a> Raw<'a> {
    /// Calls and is confirmed.
    pub fn call(net: &'a Net, name: u8) -> Self {
        Self::call_as(net, &SecretKey([name; 32]))
    }

    /// The same with any key.
    pub fn call_as(net: &'a Net, sk: &SecretKey) -> Self {
        let long_term = BoxKey::precompute(&public_key(&SecretKey(RELAY)), sk).unwrap();
        let temporary = SecretKey([77; 32]);
        let hello =
            handshake::Hello { temporary_key: public_key(&temporary), base_nonce: Nonce([1; 24]) };
        let message = handshake::seal_client(&public_key(sk), &long_term, &Nonce([2; 24]), &hello);
        let mut server = net.server.borrow_mut();
        let reference = server.accept(net.now()).unwrap();
        feed(&mut server, reference, &message, net.now());
        let answer = server.output(reference).to_vec();
        let theirs = handshake::open_server(&long_term, answer[..].try_into().unwrap()).unwrap();
        server.handle_written(reference, answer.len());
        let session = BoxKey::precompute(&theirs.temporary_key, &temporary).unwrap();
        let channel = SecureChannel::new(&session, Nonce([1; 24]), theirs.base_nonce);
        drop(server);
        let mut raw = Self { net, reference, channel };
        raw.write(&[4, 1, 2, 3, 4, 5, 6, 7, 8]);
        raw
    }

    /// The packets that wait for it.
    pub fn read(&mut self) -> Vec<Vec<u8>> {
        let mut server = self.net.server.borrow_mut();
        let mut bytes = server.output(self.reference).to_vec();
        server.handle_written(self.reference, bytes.len());
        let mut packets = Vec::new();
        let mut rest = &mut bytes[..];
        while let Ok(Front::Whole(length)) = front(rest) {
            let (frame, behind) = rest.split_at_mut(length);
            packets.push(self.channel.open(frame).unwrap().to_vec());
            rest = behind;
        }
        packets
    }

    /// Sends a packet.
    pub fn write(&mut self, packet: &[u8]) {
        let frame = self.seal(packet);
        feed(&mut self.net.server.borrow_mut(), self.reference, &frame, self.net.now());
    }

    /// The next frame.
    pub fn seal(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut frame = [0; 2050];
        let emit = |room: &mut [u8]| {
            room[..packet.len()].copy_from_slice(packet);
            Ok(packet.len())
        };
        let length = self.channel.seal(&mut frame, emit).unwrap();
        self.channel.commit();
        frame[..length].to_vec()
    }
}

impl Net {
    pub fn data_oob(&self, from: u8, to: u8) {
        self.send(from, &ToRelay::OobSend { destination: &key(to), data: b"still here" }).unwrap();
    }
}
