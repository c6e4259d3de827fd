// SPDX-License-Identifier: GPL-3.0-or-later
//! Our relay on loopback, with clients on real sockets.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "waits are bounded by the clock")]
#![allow(dead_code, unreachable_pub, reason = "not every test needs all of it")]

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use toxlink::crypto::rust::public_key;
use toxlink::crypto::{BoxKey, Nonce, PublicKey, SecretKey};
use toxlink::net::random_secret_key;
use toxlink::net::relay::{Config, Relay};
use toxlink::proto::relay::event::Event;
use toxlink::proto::relay::note::Note;
use toxlink::proto::relay::state::Status;
use toxlink::proto::relay::{self, HandshakeRandom, RelayClient};
use toxlink::proto::time::Timestamp;
use toxlink::shell::drive::{self, Host};
use toxlink::shell::transport::{Received, Transport, Written};
use toxlink::wire::connection_id::ConnectionId;
use toxlink::wire::relay_packet::{PingId, ToRelay};

/// As long as anything here may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Client {
    pub pk: PublicKey,
    pub machine: RefCell<RelayClient>,
    pub stream: TcpStream,
    pub online: Cell<bool>,
    /// Data that has come.
    pub data: RefCell<Vec<Vec<u8>>>,
}

impl Client {
    pub fn call(address: SocketAddr, relay_pk: &PublicKey) -> Self {
        Self::call_as(&random_secret_key().unwrap(), address, relay_pk)
    }

    pub fn call_as(sk: &SecretKey, address: SocketAddr, relay_pk: &PublicKey) -> Self {
        let pk = public_key(sk);
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nonblocking(true).unwrap();
        let config = relay::Config {
            self_pk: pk,
            long_term: BoxKey::precompute(relay_pk, sk).unwrap(),
            target: address.into(),
            proxy: None,
            keeps_ledger: false,
        };
        let machine = RefCell::new(RelayClient::new(config, Timestamp(1_000_000)));
        Self { pk, machine, stream, online: Cell::new(false), data: RefCell::default() }
    }

    pub fn step(&self) {
        drive::step(self, Timestamp(1_000_000), drive::Limits::ALONE);
    }

    pub fn status(&self) -> Status {
        self.machine.borrow().status()
    }

    pub fn send(&self, data: &[u8]) -> bool {
        let connection_id = ConnectionId::from_index(0).unwrap();
        drive::send(self, &ToRelay::Data { connection_id, data }).is_ok()
    }
}

pub fn outcome(result: std::io::Result<usize>) -> Result<usize, Option<i32>> {
    result.map_err(|error| {
        let is_passing = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted);
        (!is_passing).then(|| error.raw_os_error().unwrap_or(5))
    })
}

impl Transport for Client {
    fn send(&self, bytes: &[u8]) -> Written {
        match outcome((&self.stream).write(bytes)) {
            Ok(count) => Written::Bytes(count),
            Err(None) => Written::Bytes(0),
            Err(Some(errno)) => Written::Failed(errno),
        }
    }

    fn receive(&self, room: &mut [u8]) -> Received {
        match outcome((&self.stream).read(room)) {
            Ok(0) => Received::Closed,
            Ok(count) => Received::Bytes(count),
            Err(None) => Received::Empty,
            Err(Some(errno)) => Received::Failed(errno),
        }
    }

    fn acknowledge(&self) {}
}

impl Host for Client {
    fn with<R>(&self, call: impl FnOnce(&mut RelayClient) -> R) -> Option<R> {
        Some(call(&mut self.machine.borrow_mut()))
    }

    fn handshake_random(&self) -> HandshakeRandom {
        let temporary_sk = random_secret_key().unwrap();
        HandshakeRandom {
            temporary_pk: public_key(&temporary_sk),
            temporary_sk,
            base_nonce: Nonce(self.pk.0[..24].try_into().unwrap()),
            nonce: Nonce([5; 24]),
        }
    }

    fn ping_id(&self) -> PingId {
        [1; 8]
    }

    fn event(&self, event: Event<'_>) {
        match event {
            Event::Status { online, .. } => self.online.set(online),
            Event::Data { data, .. } => self.data.borrow_mut().push(data.to_vec()),
            Event::RoutingResponse { .. }
            | Event::RoutingRefused { .. }
            | Event::Oob { .. }
            | Event::Onion(_)
            | Event::Forwarding(_) => {}
        }
    }

    fn log(&self, _: Note) {}
}

/// Steps the clients until it is so.
pub fn until(clients: &[&Client], what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        for client in clients {
            client.step();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub fn relay() -> (Relay, SocketAddr, PublicKey) {
    let local = ["127.0.0.1:0".parse().unwrap()];
    let relay = Relay::bind(&Config::new(local, random_secret_key().unwrap())).unwrap();
    let (address, pk) = (relay.addresses()[0], relay.public_key());
    relay.start(|_| {}).unwrap();
    (relay, address, pk)
}

/// Two clients that see each other.
pub fn pair(address: SocketAddr, pk: &PublicKey) -> (Client, Client) {
    let (a, b) = (Client::call(address, pk), Client::call(address, pk));
    until(&[&a, &b], "both are confirmed", || {
        a.status() == Status::Confirmed && b.status() == Status::Confirmed
    });
    a.machine.borrow_mut().request_route(b.pk).unwrap();
    b.machine.borrow_mut().request_route(a.pk).unwrap();
    until(&[&a, &b], "they see each other", || a.online.get() && b.online.get());
    (a, b)
}
