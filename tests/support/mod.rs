// SPDX-License-Identifier: GPL-3.0-or-later
//! A relay client and a relay in one place: virtual time, no sockets, any split of the bytes.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "a test support fails by panicking")]

pub mod neighbours;
pub mod relays;
pub mod waiting;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;

use toxlink::crypto::rust::public_key;
use toxlink::crypto::{BoxKey, Nonce, PublicKey, SecretKey};
use toxlink::proto::relay::event::Event;
use toxlink::proto::relay::ledger::Record;
use toxlink::proto::relay::note::Note;
use toxlink::proto::relay::proxy::{Proxy, ProxyKind};
use toxlink::proto::relay::secure_channel::SecureChannel;
use toxlink::proto::relay::state::{SendError, Status};
use toxlink::proto::relay::{Config, HandshakeRandom, RelayClient};
use toxlink::proto::time::Timestamp;
use toxlink::shell::drive::{self, Host};
use toxlink::shell::transport::{Received, Transport, Written};
use toxlink::wire::address::Target;
use toxlink::wire::frame::{Front, front};
use toxlink::wire::handshake::{self, Hello};
use toxlink::wire::relay_packet::{PingId, ToRelay};

/// The second at which every test begins.
pub const START: u64 = 1_000_000;
/// The client's long-term secret key.
pub const CLIENT: [u8; 32] = [1; 32];
/// The relay's long-term secret key.
pub const RELAY: [u8; 32] = [2; 32];

/// An event that owns its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Response(u8, PublicKey),
    Refused(PublicKey),
    Status(u32, u8, bool),
    Data(u32, u8, Vec<u8>),
    Oob(PublicKey, Vec<u8>),
    Onion(Vec<u8>),
    Forwarding(Vec<u8>),
}

/// How the other end of the socket behaves next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Open,
    Closed,
    Failed(i32),
}

/// The client with all that surrounds it.
pub struct World {
    pub now: Cell<u64>,
    pub machine: RefCell<RelayClient>,
    /// Bytes on their way to the client.
    pub incoming: RefCell<VecDeque<u8>>,
    /// Bytes that the client has written.
    pub outgoing: RefCell<Vec<u8>>,
    /// What the socket still takes.
    pub room: Cell<usize>,
    /// Most bytes of one read.
    pub chunk: Cell<usize>,
    /// What a read finds behind the incoming bytes.
    pub read_line: Cell<Line>,
    /// What a write meets.
    pub write_line: Cell<Line>,
    pub events: RefCell<Vec<Seen>>,
    pub notes: RefCell<Vec<Note>>,
    /// The records of the ledger.
    pub records: RefCell<Vec<Record>>,
    pub sends: Cell<usize>,
    pub reads: Cell<usize>,
    pub pings_drawn: Cell<u8>,
    /// Runs once inside the next write, as code of the surrounding program may.
    pub during_send: Cell<Option<fn(&Self)>>,
}

impl World {
    pub fn new(proxy: Option<ProxyKind>) -> Self {
        let target: SocketAddr = "192.0.2.7:33445".parse().unwrap();
        Self::with_proxy(proxy.map(Proxy::from), target.into())
    }

    pub fn with_proxy(proxy: Option<Proxy>, target: Target) -> Self {
        let long_term =
            BoxKey::precompute(&public_key(&SecretKey(RELAY)), &SecretKey(CLIENT)).unwrap();
        let config = Config {
            self_pk: public_key(&SecretKey(CLIENT)),
            long_term,
            target,
            proxy,
            keeps_ledger: true,
        };
        Self {
            now: Cell::new(START),
            machine: RefCell::new(RelayClient::new(config, Timestamp(START))),
            incoming: RefCell::default(),
            outgoing: RefCell::default(),
            room: Cell::new(usize::MAX),
            chunk: Cell::new(usize::MAX),
            read_line: Cell::new(Line::Open),
            write_line: Cell::new(Line::Open),
            events: RefCell::default(),
            notes: RefCell::default(),
            records: RefCell::default(),
            sends: Cell::default(),
            reads: Cell::default(),
            pings_drawn: Cell::default(),
            during_send: Cell::default(),
        }
    }

    pub fn step(&self) {
        drive::step(self, Timestamp(self.now.get()), drive::Limits::ALONE);
    }

    /// A step `seconds` after the start.
    pub fn step_at(&self, seconds: u64) {
        self.now.set(START + seconds);
        self.step();
    }

    pub fn status(&self) -> Status {
        self.machine.borrow().status()
    }

    pub fn send(&self, packet: &ToRelay<'_>) -> Result<(), SendError> {
        drive::send(self, packet)
    }

    pub fn deliver(&self, bytes: &[u8]) {
        self.incoming.borrow_mut().extend(bytes);
    }

    pub fn written(&self) -> Vec<u8> {
        core::mem::take(&mut self.outgoing.borrow_mut())
    }

    pub fn seen(&self) -> Vec<Seen> {
        core::mem::take(&mut self.events.borrow_mut())
    }
}

impl Transport for World {
    fn send(&self, bytes: &[u8]) -> Written {
        assert!(!bytes.is_empty(), "an empty write");
        self.sends.set(self.sends.get() + 1);
        if let Some(run) = self.during_send.take() {
            run(self);
        }
        if let Line::Failed(errno) = self.write_line.get() {
            return Written::Failed(errno);
        }
        let count = bytes.len().min(self.room.get());
        self.room.set(self.room.get() - count);
        self.outgoing.borrow_mut().extend_from_slice(&bytes[..count]);
        Written::Bytes(count)
    }

    fn receive(&self, room: &mut [u8]) -> Received {
        assert!(!room.is_empty(), "a read without room would look like the end of the stream");
        self.reads.set(self.reads.get() + 1);
        let mut incoming = self.incoming.borrow_mut();
        let count = room.len().min(self.chunk.get()).min(incoming.len());
        for (slot, byte) in room.iter_mut().zip(incoming.drain(..count)) {
            *slot = byte;
        }
        match (count, self.read_line.get()) {
            (0, Line::Open) => Received::Empty,
            (0, Line::Closed) => Received::Closed,
            (0, Line::Failed(errno)) => Received::Failed(errno),
            _ => Received::Bytes(count),
        }
    }

    fn acknowledge(&self) {}
}

impl Host for World {
    fn with<R>(&self, call: impl FnOnce(&mut RelayClient) -> R) -> Option<R> {
        Some(call(&mut self.machine.borrow_mut()))
    }

    fn handshake_random(&self) -> HandshakeRandom {
        HandshakeRandom {
            temporary_pk: public_key(&SecretKey([3; 32])),
            temporary_sk: SecretKey([3; 32]),
            base_nonce: Nonce([4; 24]),
            nonce: Nonce([5; 24]),
        }
    }

    fn ping_id(&self) -> PingId {
        self.pings_drawn.set(self.pings_drawn.get().wrapping_add(1));
        [self.pings_drawn.get(); 8]
    }

    fn event(&self, event: Event<'_>) {
        assert!(
            self.machine.try_borrow_mut().is_ok(),
            "a borrow is alive while events are handled"
        );
        self.events.borrow_mut().push(match event {
            Event::RoutingResponse { connection_id, peer } => {
                Seen::Response(connection_id.index(), peer)
            }
            Event::RoutingRefused { peer } => Seen::Refused(peer),
            Event::Status { number, connection_id, online } => {
                Seen::Status(number, connection_id.index(), online)
            }
            Event::Data { number, connection_id, data } => {
                Seen::Data(number, connection_id.index(), data.to_vec())
            }
            Event::Oob { sender, data } => Seen::Oob(sender, data.to_vec()),
            Event::Onion(data) => Seen::Onion(data.to_vec()),
            Event::Forwarding(data) => Seen::Forwarding(data.to_vec()),
        });
    }

    fn log(&self, note: Note) {
        self.notes.borrow_mut().push(note);
    }

    fn keeps_ledger(&self) -> bool {
        true
    }

    fn record(&self, record: Record) {
        self.records.borrow_mut().push(record);
    }
}

/// The other end: answers the handshake, seals and opens frames.
pub struct Relay {
    channel: SecureChannel,
    unread: Vec<u8>,
}

impl Relay {
    /// Reads the client's handshake off the wire; gives the relay and its answer.
    pub fn accept(message: &[u8]) -> (Self, Vec<u8>) {
        Self::accept_with(message, SecretKey([6; 32]))
    }

    /// The same with a temporary key of the caller's choice.
    pub fn accept_with(message: &[u8], temporary: SecretKey) -> (Self, Vec<u8>) {
        let message = message.try_into().expect("128 bytes");
        let key_for = |pk: &PublicKey| BoxKey::precompute(pk, &SecretKey(RELAY)).ok();
        let (client, theirs) = handshake::open_client(message, key_for).unwrap();
        assert_eq!(client, public_key(&SecretKey(CLIENT)));
        let session = BoxKey::precompute(&theirs.temporary_key, &temporary).unwrap();
        let base_nonce = Nonce([7; 24]);
        let hello = Hello { temporary_key: public_key(&temporary), base_nonce };
        let long_term = key_for(&client).unwrap();
        let answer = handshake::seal_server(&long_term, &Nonce([8; 24]), &hello);
        let channel = SecureChannel::new(&session, base_nonce, theirs.base_nonce);
        (Self { channel, unread: Vec::new() }, answer.to_vec())
    }

    /// The frame of a packet.
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

    /// The packets in what the client wrote; an incomplete rest is kept.
    pub fn open(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.unread.extend_from_slice(bytes);
        let mut packets = Vec::new();
        while let Ok(Front::Whole(length)) = front(&self.unread) {
            let mut frame: Vec<u8> = self.unread.drain(..length).collect();
            packets.push(self.channel.open(&mut frame).expect("frames in order").to_vec());
        }
        packets
    }
}

/// A confirmed connection whose first ping has been answered.
pub fn confirmed() -> (World, Relay) {
    let (world, mut relay) = unanswered();
    let pong = relay.seal(&[5, 1, 1, 1, 1, 1, 1, 1, 1]);
    world.deliver(&pong);
    world.step();
    (world, relay)
}

/// A confirmed connection whose first ping has been sent.
pub fn unanswered() -> (World, Relay) {
    let world = World::new(None);
    world.step();
    let (mut relay, answer) = Relay::accept(&world.written());
    world.deliver(&answer);
    world.step();
    assert_eq!(world.status(), Status::Confirmed);
    assert_eq!(relay.open(&world.written()), [[4, 1, 1, 1, 1, 1, 1, 1, 1]]);
    (world, relay)
}

/// A packet of the relay that gives `index` to `peer`.
pub fn response(index: u8, peer: PublicKey) -> Vec<u8> {
    [&[1, index + 16][..], &peer.0].concat()
}

/// A peer that is online under `index`, with `number` attached.
pub fn online(world: &World, relay: &mut Relay, index: u8, number: u32) -> PublicKey {
    let peer = PublicKey([index.wrapping_add(100); 32]);
    world.machine.borrow_mut().request_route(peer).unwrap();
    drive::flush(world);
    world.deliver(&relay.seal(&response(index, peer)));
    world.deliver(&relay.seal(&[2, index + 16]));
    world.step();
    let id = toxlink::wire::connection_id::ConnectionId::from_index(index).unwrap();
    world.machine.borrow_mut().set_number(id, number).unwrap();
    relay.open(&world.written());
    world.seen();
    peer
}
