// SPDX-License-Identifier: GPL-3.0-or-later
//! Our relay and our clients, both ends in one place. Virtual time, no sockets.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use proptest::prelude::*;
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

const RELAY: [u8; 32] = [200; 32];
const START_MS: u64 = 1_000_000_000;

/// What a client has seen of the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Route(u8, PublicKey),
    Refused(PublicKey),
    Online(u8),
    Offline(u8),
    Data(u8, Vec<u8>),
    Oob(PublicKey, Vec<u8>),
}

/// A client and its socket.
struct Client {
    pk: PublicKey,
    machine: RefCell<RelayClient>,
    incoming: RefCell<VecDeque<u8>>,
    outgoing: RefCell<Vec<u8>>,
    seen: RefCell<Vec<Seen>>,
    closed: Cell<bool>,
    pings: Cell<u8>,
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
struct Net {
    now_ms: Cell<u64>,
    server: RefCell<RelayServer>,
    clients: RefCell<BTreeMap<u8, (ClientRef, Client)>>,
    reasons: RefCell<Vec<Reason>>,
    /// Bytes that the relay can write to each client before the next round.
    room: Cell<usize>,
}

impl Net {
    fn new(limits: Limits) -> Self {
        Self {
            now_ms: Cell::new(START_MS),
            server: RefCell::new(RelayServer::new(SecretKey(RELAY), limits)),
            clients: RefCell::default(),
            reasons: RefCell::default(),
            room: Cell::new(usize::MAX),
        }
    }

    fn now(&self) -> Millis {
        Millis(self.now_ms.get())
    }

    /// Calls the relay under a name; whether it has room for one more.
    fn call(&self, name: u8) -> bool {
        let sk = SecretKey([name; 32]);
        let pk = public_key(&sk);
        let config = Config {
            self_pk: pk,
            long_term: BoxKey::precompute(&public_key(&SecretKey(RELAY)), &sk).unwrap(),
            target: SocketAddr::from(([192, 0, 2, 7], 33445)).into(),
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

    fn seconds(&self) -> Timestamp {
        Timestamp(self.now_ms.get() / 1000)
    }

    /// Both ends, once.
    fn round(&self) {
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
        let mut left: BTreeMap<ClientRef, usize> = BTreeMap::new();
        let clients = self.clients.borrow();
        while let Some(dirty) = server.take_dirty() {
            if let Some((_, client)) = clients.values().find(|(known, _)| *known == dirty) {
                let room = left.entry(dirty).or_insert_with(|| self.room.get());
                let count = server.output(dirty).len().min(*room);
                client.incoming.borrow_mut().extend(&server.output(dirty)[..count]);
                *room -= count;
                server.handle_written(dirty, count);
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

    fn rounds(&self, count: u32) {
        for _ in 0..count {
            self.round();
        }
    }

    fn pass(&self, ms: u64) {
        self.now_ms.set(self.now_ms.get() + ms);
    }

    fn with<R>(&self, name: u8, use_it: impl FnOnce(&Client) -> R) -> R {
        use_it(&self.clients.borrow()[&name].1)
    }

    fn seen(&self, name: u8) -> Vec<Seen> {
        self.with(name, |client| client.seen.take())
    }

    fn status(&self, name: u8) -> Status {
        self.with(name, |client| client.machine.borrow().status())
    }

    fn ask(&self, name: u8, peer: u8) {
        let peer = key(peer);
        self.with(name, |client| client.machine.borrow_mut().request_route(peer)).unwrap();
        self.rounds(2);
    }

    fn send(&self, name: u8, packet: &ToRelay<'_>) -> Result<(), SendError> {
        self.with(name, |client| drive::send(client, packet))
    }

    fn data(&self, name: u8, index: u8, data: &[u8]) {
        self.send(name, &ToRelay::Data { connection_id: id(index), data }).unwrap();
    }

    /// Two clients that are online for each other, with id 0 each.
    fn pair(&self, a: u8, b: u8) {
        assert!(self.call(a) && self.call(b));
        self.rounds(3);
        self.ask(a, b);
        self.ask(b, a);
        assert_eq!(self.seen(a), [Seen::Route(0, key(b)), Seen::Online(0)]);
        assert_eq!(self.seen(b), [Seen::Route(0, key(a)), Seen::Online(0)]);
    }
}

fn feed(server: &mut RelayServer, client: ClientRef, mut bytes: &[u8], now: Millis) {
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

fn key(name: u8) -> PublicKey {
    public_key(&SecretKey([name; 32]))
}

fn id(index: u8) -> ConnectionId {
    ConnectionId::from_index(index).unwrap()
}

#[test]
fn a_client_is_confirmed_and_its_pings_are_answered() {
    let net = Net::new(Limits::default());
    assert!(net.call(1));
    net.rounds(3);
    assert_eq!(net.status(1), Status::Confirmed);
    assert_eq!(net.server.borrow().confirmed(), 1);
    for _ in 0..20 {
        net.pass(10_000);
        net.rounds(2);
    }
    assert_eq!(net.status(1), Status::Confirmed, "pings of both sides for 200 seconds");
    net.with(1, |client| {
        let counts = client.machine.borrow().ping_counts();
        assert!(counts.sent > 4 && counts.answered == counts.sent, "{counts:?}");
        assert!(client.machine.borrow().pings_received() > 4);
    });
}

#[test]
fn peers_that_ask_for_each_other_talk_in_both_directions() {
    let net = Net::new(Limits::default());
    net.pair(1, 2);
    net.data(1, 0, b"to two");
    net.data(2, 0, &[9; 2031]);
    net.rounds(2);
    assert_eq!(net.seen(2), [Seen::Data(0, b"to two".to_vec())]);
    assert_eq!(net.seen(1), [Seen::Data(0, vec![9; 2031])]);
    assert_eq!(net.server.borrow().figures().forwarded, 2);
    assert_eq!(net.server.borrow().figures().forwarded_bytes, 2031 + 6);
}

#[test]
fn the_one_who_asks_first_waits() {
    let net = Net::new(Limits::default());
    assert!(net.call(1));
    net.rounds(3);
    net.ask(1, 2);
    assert_eq!(net.seen(1), [Seen::Route(0, key(2))]);
    assert!(net.call(2));
    net.rounds(3);
    assert_eq!(net.seen(1), [], "two is there, but has not asked for one");
    net.ask(2, 1);
    assert_eq!(net.seen(1), [Seen::Online(0)]);
}

#[test]
fn a_repeated_request_gives_the_same_id_and_no_second_notification() {
    let net = Net::new(Limits::default());
    let mut raw = Raw::call(&net, 1);
    assert!(net.call(2));
    net.rounds(3);
    net.ask(2, 1);
    raw.read();
    let request = [&[0][..], &key(2).0].concat();
    let response = [&[1, 16][..], &key(2).0].concat();
    raw.write(&request);
    assert_eq!(raw.read(), [response.clone(), vec![2, 16]]);
    raw.write(&request);
    assert_eq!(raw.read(), [response]);
}

#[test]
fn own_key_is_refused_and_so_is_the_241st_peer() {
    let net = Net::new(Limits::default());
    assert!(net.call(1));
    net.rounds(3);
    net.ask(1, 1);
    assert_eq!(net.seen(1), [Seen::Refused(key(1))]);
    for number in 0..241 {
        let peer = PublicKey([number; 32]);
        net.with(1, |client| client.machine.borrow_mut().request_route(peer)).unwrap();
        net.rounds(2);
        let expected = match number {
            240 => Seen::Refused(peer),
            index => Seen::Route(index, peer),
        };
        assert_eq!(net.seen(1), [expected]);
    }
}

#[test]
fn leaving_releasing_and_coming_back_are_told() {
    let net = Net::new(Limits::default());
    net.pair(1, 2);
    net.with(1, |client| client.machine.borrow_mut().release_route(id(0))).unwrap();
    net.rounds(2);
    assert_eq!(net.seen(2), [Seen::Offline(0)]);
    net.ask(1, 2);
    assert_eq!(net.seen(1), [Seen::Route(0, key(2)), Seen::Online(0)]);
    assert_eq!(net.seen(2), [Seen::Online(0)]);
    let (gone, _) = net.clients.borrow_mut().remove(&1).unwrap();
    net.server.borrow_mut().handle_closed(gone);
    net.rounds(2);
    assert_eq!(net.seen(2), [Seen::Offline(0)]);
    assert!(net.call(1));
    net.rounds(3);
    assert_eq!(net.seen(2), [], "back, but has not asked yet");
    net.ask(1, 2);
    assert_eq!(net.seen(2), [Seen::Online(0)]);
}

#[test]
fn a_second_call_with_the_same_key_replaces_the_first() {
    let net = Net::new(Limits::default());
    net.pair(1, 2);
    let (_, first) = net.clients.borrow_mut().remove(&1).unwrap();
    assert!(net.call(1));
    net.rounds(3);
    assert_eq!(net.status(1), Status::Confirmed);
    assert_eq!(*net.reasons.borrow(), [Reason::Replaced]);
    assert_eq!(net.seen(2), [Seen::Offline(0)]);
    assert_eq!(net.server.borrow().len(), 2);
    drop(first);
}

#[test]
fn out_of_band_packets_reach_whoever_is_here() {
    let net = Net::new(Limits::default());
    assert!(net.call(1) && net.call(2));
    net.rounds(3);
    let send = |to: u8, data: &[u8]| {
        net.send(1, &ToRelay::OobSend { destination: &key(to), data }).unwrap();
        net.rounds(2);
    };
    send(2, &[5; 1024]);
    assert_eq!(net.seen(2), [Seen::Oob(key(1), vec![5; 1024])]);
    send(3, b"nobody");
    send(1, b"myself");
    assert_eq!(net.seen(1), [Seen::Oob(key(1), b"myself".to_vec())]);
    assert_eq!(net.status(1), Status::Confirmed);
}

#[test]
fn onion_and_forward_requests_are_passed_over() {
    let net = Net::new(Limits::default());
    assert!(net.call(1));
    net.rounds(3);
    net.send(1, &ToRelay::OnionRequest(&[1; 200])).unwrap();
    net.send(1, &ToRelay::ForwardRequest { destination: &[2; 7], data: b"x" }).unwrap();
    net.rounds(3);
    assert_eq!(net.status(1), Status::Confirmed);
    assert_eq!(net.seen(1), []);
}

#[test]
fn empty_data_packets_and_unknown_ids() {
    let net = Net::new(Limits::default());
    net.pair(1, 2);
    // Our own client does not send such packets, so they are sealed by hand.
    let mut other = Raw::call(&net, 3);
    other.write(&[0].iter().chain(&key(1).0).copied().collect::<Vec<_>>());
    net.ask(1, 3);
    assert_eq!(net.seen(1), [Seen::Route(1, key(3)), Seen::Online(1)]);
    other.write(&[16]);
    net.rounds(2);
    assert_eq!(net.seen(1), [], "nothing that would end the connection of an original client");
    other.write(&[17, 1]);
    assert_eq!(net.reasons.borrow().as_slice(), []);
    net.rounds(2);
    assert_eq!(net.reasons.borrow().as_slice(), [Reason::UnknownConnection]);
    assert_eq!(net.seen(1), [Seen::Offline(1)]);
}

/// A client whose packets are made by hand.
struct Raw<'a> {
    net: &'a Net,
    reference: ClientRef,
    channel: SecureChannel,
}

impl<'a> Raw<'a> {
    /// Calls and is confirmed.
    fn call(net: &'a Net, name: u8) -> Self {
        let sk = SecretKey([name; 32]);
        let long_term = BoxKey::precompute(&public_key(&SecretKey(RELAY)), &sk).unwrap();
        let temporary = SecretKey([77; 32]);
        let hello =
            handshake::Hello { temporary_key: public_key(&temporary), base_nonce: Nonce([1; 24]) };
        let message = handshake::seal_client(&key(name), &long_term, &Nonce([2; 24]), &hello);
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
    fn read(&mut self) -> Vec<Vec<u8>> {
        let mut server = self.net.server.borrow_mut();
        let mut bytes = server.output(self.reference).to_vec();
        server.handle_written(self.reference, bytes.len());
        let mut packets = Vec::new();
        while let Ok(Front::Whole(length)) = front(&bytes) {
            let mut frame: Vec<u8> = bytes.drain(..length).collect();
            packets.push(self.channel.open(&mut frame).unwrap().to_vec());
        }
        packets
    }

    fn write(&mut self, packet: &[u8]) {
        let mut frame = [0; 2050];
        let emit = |room: &mut [u8]| {
            room[..packet.len()].copy_from_slice(packet);
            Ok(packet.len())
        };
        let length = self.channel.seal(&mut frame, emit).unwrap();
        self.channel.commit();
        feed(&mut self.net.server.borrow_mut(), self.reference, &frame[..length], self.net.now());
    }
}

#[test]
fn strangers_and_the_silent_are_sent_away() {
    let net = Net::new(Limits { clients: 3, ..Limits::default() });
    let stranger = net.server.borrow_mut().accept(net.now()).unwrap();
    let silent = net.server.borrow_mut().accept(net.now()).unwrap();
    feed(&mut net.server.borrow_mut(), stranger, &[1; 128], net.now());
    feed(&mut net.server.borrow_mut(), silent, &[1; 127], net.now());
    assert_eq!(net.server.borrow_mut().take_closed(), Some((stranger, Reason::Handshake)));
    net.pass(9_999);
    net.round();
    assert_eq!(*net.reasons.borrow(), []);
    net.pass(1);
    net.round();
    assert_eq!(*net.reasons.borrow(), [Reason::NotConfirmed]);
    assert!(net.server.borrow().is_empty());
    assert!(net.call(1) && net.call(2) && net.call(3) && !net.call(4));
    assert_eq!(net.server.borrow().figures().refused, 1);
}

#[test]
fn a_client_that_does_not_answer_pings_is_given_up() {
    let net = Net::new(Limits::default());
    let raw = Raw::call(&net, 1);
    net.pass(30_000);
    net.round();
    assert!(!net.server.borrow().output(raw.reference).is_empty(), "a ping waits");
    net.pass(9_999);
    net.round();
    assert_eq!(*net.reasons.borrow(), []);
    net.pass(1);
    net.round();
    assert_eq!(*net.reasons.borrow(), [Reason::PingTimeout]);
}

#[test]
fn what_waits_for_a_slow_reader_is_bounded_and_control_packets_still_pass() {
    let limits = Limits { queue: 20_000, ..Limits::default() };
    let net = Net::new(limits);
    net.pair(1, 2);
    net.room.set(0);
    for _ in 0..100 {
        net.data(1, 0, &[1; 1000]);
        net.round();
    }
    let figures = net.server.borrow().figures();
    assert_eq!((figures.forwarded, figures.dropped), (19, 81));
    // The peer leaves: that must not be lost, whatever waits.
    net.with(1, |client| client.machine.borrow_mut().release_route(id(0))).unwrap();
    net.rounds(2);
    net.room.set(usize::MAX);
    net.server.borrow_mut().handle_timeout(net.now(), || [1; 8]);
    net.with(1, drive::flush);
    net.data_oob(1, 2);
    net.rounds(3);
    let seen = net.seen(2);
    assert_eq!(seen.len(), 19 + 2, "{seen:?}");
    assert_eq!(seen[19], Seen::Offline(0));
}

impl Net {
    fn data_oob(&self, from: u8, to: u8) {
        self.send(from, &ToRelay::OobSend { destination: &key(to), data: b"still here" }).unwrap();
    }
}

#[test]
fn a_flood_of_pings_without_reading_ends_the_connection_and_no_other() {
    let net = Net::new(Limits { queue: 1000, ..Limits::default() });
    assert!(net.call(1));
    net.rounds(3);
    let mut raw = Raw::call(&net, 2);
    for _ in 0..2000 {
        raw.write(&[4, 9, 9, 9, 9, 9, 9, 9, 9]);
    }
    net.rounds(2);
    assert_eq!(*net.reasons.borrow(), [Reason::Flood]);
    assert_eq!(net.status(1), Status::Confirmed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever bytes come, and in whatever pieces, the relay goes on serving the others.
    #[test]
    fn no_bytes_harm_the_others(
        noise in proptest::collection::vec(any::<u8>(), 0..3000),
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..80), 0..30),
    ) {
        let net = Net::new(Limits::default());
        net.pair(1, 2);
        let stranger = net.server.borrow_mut().accept(net.now()).unwrap();
        feed(&mut net.server.borrow_mut(), stranger, &noise, net.now());
        let mut raw = Raw::call(&net, 3);
        for packet in &packets {
            raw.write(packet);
            net.round();
        }
        net.seen(1);
        net.seen(2);
        net.data(1, 0, b"still");
        net.rounds(2);
        prop_assert!(net.seen(2).contains(&Seen::Data(0, b"still".to_vec())));
    }
}
