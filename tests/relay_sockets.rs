// SPDX-License-Identifier: GPL-3.0-or-later
//! Our relay on loopback, with clients on real sockets.

#![cfg(feature = "relay")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "waits are bounded by the clock")]

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use toxlink::crypto::rust::public_key;
use toxlink::crypto::{BoxKey, Nonce, PublicKey, SecretKey};
use toxlink::net::random_secret_key;
use toxlink::net::relay::{Config, Relay, Running};
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
const PATIENCE: Duration = Duration::from_secs(60);

struct Client {
    pk: PublicKey,
    machine: RefCell<RelayClient>,
    stream: TcpStream,
    online: Cell<bool>,
    /// Data that has come.
    data: RefCell<Vec<Vec<u8>>>,
}

impl Client {
    fn call(address: SocketAddr, relay_pk: &PublicKey) -> Self {
        let sk = random_secret_key().unwrap();
        let pk = public_key(&sk);
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nonblocking(true).unwrap();
        let config = relay::Config {
            self_pk: pk,
            long_term: BoxKey::precompute(relay_pk, &sk).unwrap(),
            target: address.into(),
            proxy: None,
            keeps_ledger: false,
        };
        let machine = RefCell::new(RelayClient::new(config, Timestamp(1_000_000)));
        Self { pk, machine, stream, online: Cell::new(false), data: RefCell::default() }
    }

    fn step(&self) {
        drive::step(self, Timestamp(1_000_000), drive::Limits::ALONE);
    }

    fn status(&self) -> Status {
        self.machine.borrow().status()
    }

    fn send(&self, data: &[u8]) -> bool {
        let connection_id = ConnectionId::from_index(0).unwrap();
        drive::send(self, &ToRelay::Data { connection_id, data }).is_ok()
    }
}

fn outcome(result: std::io::Result<usize>) -> Result<usize, Option<i32>> {
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
fn until(clients: &[&Client], what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        for client in clients {
            client.step();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn relay() -> (Running, SocketAddr, PublicKey) {
    let local = ["127.0.0.1:0".parse().unwrap()];
    let relay = Relay::bind(&Config::new(local, random_secret_key().unwrap())).unwrap();
    let (address, pk) = (relay.addresses()[0], relay.public_key());
    (relay.spawn().unwrap(), address, pk)
}

/// Two clients that see each other.
fn pair(address: SocketAddr, pk: &PublicKey) -> (Client, Client) {
    let (a, b) = (Client::call(address, pk), Client::call(address, pk));
    until(&[&a, &b], "both are confirmed", || {
        a.status() == Status::Confirmed && b.status() == Status::Confirmed
    });
    a.machine.borrow_mut().request_route(b.pk).unwrap();
    b.machine.borrow_mut().request_route(a.pk).unwrap();
    until(&[&a, &b], "they see each other", || a.online.get() && b.online.get());
    (a, b)
}

#[test]
fn a_megabyte_each_way_arrives_whole_and_in_order() {
    const PACKETS: u32 = 1000;
    let (running, address, pk) = relay();
    let (a, b) = pair(address, &pk);
    let (mut from_a, mut from_b) = (0u32, 0u32);
    until(&[&a, &b], "all packets are there", || {
        for (client, sent) in [(&a, &mut from_a), (&b, &mut from_b)] {
            let packet = |number: u32| [&number.to_be_bytes()[..], &[7; 1000]].concat();
            // What waits for a slow reader is bounded, so keep to a window.
            let seen = |client: &Client| client.data.borrow().len() as u32;
            let other = if core::ptr::eq(client, &a) { &b } else { &a };
            while *sent < PACKETS && *sent < seen(other) + 100 && client.send(&packet(*sent)) {
                *sent += 1;
            }
        }
        a.data.borrow().len() == PACKETS as usize && b.data.borrow().len() == PACKETS as usize
    });
    for client in [&a, &b] {
        for (number, data) in client.data.borrow().iter().enumerate() {
            assert_eq!(data[..4], (number as u32).to_be_bytes());
            assert_eq!(data.len(), 1004);
        }
    }
    let relay = running.stop().unwrap();
    assert_eq!(relay.figures().forwarded, 2 * u64::from(PACKETS));
    assert_eq!(relay.figures().dropped, 0);
}

#[test]
fn who_hangs_up_is_gone_and_who_stays_is_told() {
    let (running, address, pk) = relay();
    let (a, b) = pair(address, &pk);
    drop(a);
    until(&[&b], "the other one is offline", || !b.online.get());
    drop(b);
    let mut relay = running.stop().unwrap();
    let end = Instant::now() + PATIENCE;
    while relay.clients() > 0 {
        assert!(Instant::now() < end);
        relay.turn(Some(Duration::from_millis(10))).unwrap();
    }
    let departures = relay.take_departures();
    assert_eq!(departures.len(), 2, "{departures:?}");
    assert!(relay.take_departures().is_empty());
}

#[test]
fn an_idle_relay_sleeps_until_a_client_is_due() {
    let local = ["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()];
    let mut relay = Relay::bind(&Config::new(local, SecretKey([1; 32]))).unwrap();
    assert_eq!(relay.addresses().len(), 2);
    assert_eq!(relay.wait(), None, "nobody is there");
    let _caller = TcpStream::connect(relay.addresses()[1]).unwrap();
    relay.turn(Some(PATIENCE)).unwrap();
    let wait = relay.wait().unwrap();
    assert!(wait > Duration::from_secs(5) && wait <= Duration::from_secs(10), "{wait:?}");
    assert!(relay.descriptor() >= 0);
}

#[test]
fn too_many_clients_are_refused_and_a_config_without_address_is_an_error() {
    assert!(Relay::bind(&Config::new([], SecretKey([1; 32]))).is_err());
    let mut config = Config::new(["127.0.0.1:0".parse().unwrap()], SecretKey([1; 32]));
    config.limits.clients = 1;
    let mut relay = Relay::bind(&config).unwrap();
    let address = relay.addresses()[0];
    let mut callers: Vec<TcpStream> =
        (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
    let end = Instant::now() + PATIENCE;
    while relay.figures().refused == 0 {
        assert!(Instant::now() < end);
        relay.turn(Some(Duration::from_millis(10))).unwrap();
    }
    // One of the two is hung up on.
    let ended = callers.iter_mut().filter_map(|caller| {
        caller.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        caller.read(&mut [0; 1]).ok()
    });
    assert_eq!(ended.collect::<Vec<_>>(), [0]);
}

/// The program, killed when the test ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_program_keeps_its_key_and_serves() {
    let directory = std::env::temp_dir().join(format!("toxlink-relay-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let file = directory.join("key");
    let start = || {
        let mut child = Command::new(env!("CARGO_BIN_EXE_toxlink-relay"))
            .args(["--listen", "127.0.0.1:0", "--key-file"])
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        while out.lines().count() < 2 || !out.ends_with('\n') {
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "it ended: {out}");
            out.push(char::from(byte[0]));
        }
        let value = |name: &str| {
            let line = out.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().to_owned()
        };
        let pk = PublicKey::from_hex(&value("public-key")).unwrap();
        (Program(child), value("listening").parse::<SocketAddr>().unwrap(), pk)
    };
    let (first, _, pk) = start();
    drop(first);
    let (second, address, same) = start();
    assert_eq!(pk, same);
    let (a, b) = pair(address, &pk);
    assert!(a.send(b"hello"));
    until(&[&a, &b], "it arrives", || *b.data.borrow() == [b"hello"]);
    drop(second);
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn the_program_says_what_is_wrong() {
    for (arguments, complaint) in [
        (&["--listen"][..], "--listen needs a value"),
        (&["--listen", "nowhere"], "nowhere is no address with a port"),
        (&["--max-clients", "-1"], "-1 is no number of clients"),
        (&["--quiet"], "unknown argument --quiet"),
    ] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_toxlink-relay")).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(complaint), "{said}");
    }
}
