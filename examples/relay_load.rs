// SPDX-License-Identifier: GPL-3.0-or-later
//! Load for a relay: many pairs of clients that answer each other.
//!
//! `relay_load ADDRESS PUBLIC-KEY [--pairs N] [--window N] [--bytes N] [--seconds N] [--pid N]`
//!
//! Each pair keeps a window of packets under way. With the process id of the relay it also tells what
//! the relay took for that, from Linux's /proc: CPU time for each packet and each new client, and resident
//! memory for each client, before the first packet and after the last. Loopback addresses only.
#![allow(clippy::disallowed_methods, reason = "measures with the clock")]

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use toxlink::crypto::rust::public_key;
use toxlink::crypto::{BoxKey, Nonce, PublicKey};
use toxlink::net::random_secret_key;
use toxlink::proto::relay::event::Event;
use toxlink::proto::relay::note::Note;
use toxlink::proto::relay::{Config, HandshakeRandom, RelayClient};
use toxlink::proto::time::Timestamp;
use toxlink::shell::drive::{self, Host};
use toxlink::shell::transport::{Received, Transport, Written};
use toxlink::wire::connection_id::ConnectionId;
use toxlink::wire::relay_packet::{PingId, ToRelay};

const PATIENCE: Duration = Duration::from_secs(60);
const CALLS_AT_ONCE: usize = 100;

struct Client {
    pk: PublicKey,
    machine: RefCell<RelayClient>,
    stream: TcpStream,
    online: Cell<bool>,
    received: Cell<u64>,
    /// Packets that it may send now.
    credit: Cell<u64>,
}

impl Client {
    fn call(address: SocketAddr, relay_pk: &PublicKey) -> io::Result<Self> {
        let sk = random_secret_key()?;
        let pk = public_key(&sk);
        let stream = TcpStream::connect(address)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let long_term = BoxKey::precompute(relay_pk, &sk)
            .map_err(|_| io::Error::new(ErrorKind::InvalidInput, "no key of a relay"))?;
        let config = Config {
            self_pk: pk,
            long_term,
            target: address.into(),
            proxy: None,
            keeps_ledger: false,
        };
        Ok(Self {
            pk,
            machine: RefCell::new(RelayClient::new(config, Timestamp(1_000_000))),
            stream,
            online: Cell::new(false),
            received: Cell::new(0),
            credit: Cell::new(0),
        })
    }

    /// Reads, and sends what it may.
    fn turn(&self, packet: &[u8]) {
        drive::step(self, Timestamp(1_000_000), drive::Limits::ALONE);
        let Some(connection_id) = ConnectionId::from_index(0) else { return };
        while self.credit.get() > 0
            && drive::send(self, &ToRelay::Data { connection_id, data: packet }).is_ok()
        {
            self.credit.set(self.credit.get() - 1);
        }
    }
}

fn errno(error: &io::Error) -> Option<i32> {
    let is_passing = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted);
    (!is_passing).then(|| error.raw_os_error().unwrap_or(5))
}

impl Transport for Client {
    fn send(&self, bytes: &[u8]) -> Written {
        match (&self.stream).write(bytes) {
            Ok(count) => Written::Bytes(count),
            Err(error) => errno(&error).map_or(Written::Bytes(0), Written::Failed),
        }
    }

    fn receive(&self, room: &mut [u8]) -> Received {
        match (&self.stream).read(room) {
            Ok(0) => Received::Closed,
            Ok(count) => Received::Bytes(count),
            Err(error) => errno(&error).map_or(Received::Empty, Received::Failed),
        }
    }

    fn acknowledge(&self) {}
}

impl Host for Client {
    fn with<R>(&self, call: impl FnOnce(&mut RelayClient) -> R) -> Option<R> {
        Some(call(&mut self.machine.borrow_mut()))
    }

    fn handshake_random(&self) -> HandshakeRandom {
        // Nothing secret is sent here, so the key may be the long-term one.
        let temporary_sk = toxlink::crypto::SecretKey(self.pk.0);
        HandshakeRandom {
            temporary_pk: public_key(&temporary_sk),
            temporary_sk,
            base_nonce: Nonce([3; 24]),
            nonce: Nonce([4; 24]),
        }
    }

    fn ping_id(&self) -> PingId {
        [1; 8]
    }

    fn event(&self, event: Event<'_>) {
        match event {
            Event::Status { online, .. } => self.online.set(online),
            Event::Data { .. } => {
                self.received.set(self.received.get() + 1);
                self.credit.set(self.credit.get() + 1);
            }
            Event::RoutingResponse { .. }
            | Event::RoutingRefused { .. }
            | Event::Oob { .. }
            | Event::Onion(_)
            | Event::Forwarding(_) => {}
        }
    }

    fn log(&self, note: Note) {
        if !matches!(note, Note::Confirmed) {
            eprintln!("{note}");
        }
    }
}

struct Options {
    address: SocketAddr,
    relay: PublicKey,
    pairs: usize,
    window: u64,
    bytes: usize,
    seconds: f64,
    pid: Option<u32>,
}

fn parse() -> Option<Options> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (positions, named) = arguments.split_at_checked(2)?;
    let mut options = Options {
        address: positions.first()?.parse().ok()?,
        relay: PublicKey::from_hex(positions.get(1)?)?,
        pairs: 500,
        window: 4,
        bytes: 1000,
        seconds: 5.0,
        pid: None,
    };
    for pair in named.chunks(2) {
        let value = pair.get(1)?;
        match pair.first()?.as_str() {
            "--pairs" => options.pairs = value.parse().ok()?,
            "--window" => options.window = value.parse().ok()?,
            "--bytes" => options.bytes = value.parse().ok().filter(|n| (1..=2031).contains(n))?,
            "--seconds" => {
                options.seconds = value.parse().ok().filter(|s| (0.0..1e6).contains(s))?
            }
            "--pid" => options.pid = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    options.address.ip().is_loopback().then_some(options)
}

fn main() -> ExitCode {
    let Some(options) = parse() else {
        eprintln!(
            "usage: relay_load ADDRESS PUBLIC-KEY [--pairs N] [--window N] [--bytes 1..2031] [--seconds N] [--pid N]"
        );
        return ExitCode::from(2);
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("relay_load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let is_confirmed = |client: &Client| {
        client.machine.borrow().status() == toxlink::proto::relay::state::Status::Confirmed
    };
    let before = Usage::of(options.pid);
    let mut clients = Vec::new();
    while clients.len() < 2 * options.pairs {
        // toxcore's server has room for 256 callers that are not confirmed.
        for _ in 0..CALLS_AT_ONCE.min(2 * options.pairs - clients.len()) {
            clients.push(Client::call(options.address, &options.relay)?);
        }
        until(&clients, "all are confirmed", is_confirmed)?;
    }
    let called = Usage::of(options.pid);
    for pair in clients.chunks_exact(2) {
        if let [a, b] = pair {
            let _ = a.machine.borrow_mut().request_route(b.pk);
            let _ = b.machine.borrow_mut().request_route(a.pk);
        }
    }
    until(&clients, "all see their other half", |client| client.online.get())?;
    for pair in clients.chunks_exact(2) {
        pair[0].credit.set(options.window);
    }
    let packet = vec![7; options.bytes];
    let quiet = Usage::of(options.pid);
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs_f64(options.seconds) {
        for client in &clients {
            client.turn(&packet);
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let packets: u64 = clients.iter().map(|client| client.received.get()).sum();
    println!("clients {}", clients.len());
    println!("packets_per_second {:.0}", packets as f64 / seconds);
    if let (Some(before), Some(called), Some(quiet), Some(after)) =
        (before, called, quiet, Usage::of(options.pid))
    {
        let many = clients.len() as f64;
        let used = after.cpu_seconds - quiet.cpu_seconds;
        println!(
            "connections_per_cpu_second {:.0}",
            many / (called.cpu_seconds - before.cpu_seconds)
        );
        println!("cpu_share {:.3}", used / seconds);
        println!("cpu_us_per_packet {:.3}", used * 1e6 / packets as f64);
        println!("packets_per_cpu_second {:.0}", packets as f64 / used);
        println!("rss_per_client {:.0}", (called.memory - before.memory).max(0.0) / many);
        println!("rss_per_client_after {:.0}", (after.memory - before.memory).max(0.0) / many);
    }
    Ok(())
}

fn until(clients: &[Client], what: &str, is_so: impl Fn(&Client) -> bool) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    while !clients.iter().all(&is_so) {
        if Instant::now() > end {
            let many = clients.iter().filter(|client| is_so(client)).count();
            return Err(io::Error::other(format!("not so in time: {what}, but only {many}")));
        }
        for client in clients {
            client.turn(&[]);
        }
    }
    Ok(())
}

/// What a process has taken so far.
struct Usage {
    cpu_seconds: f64,
    /// Resident bytes.
    memory: f64,
}

impl Usage {
    fn of(pid: Option<u32>) -> Option<Self> {
        let root = format!("/proc/{}", pid?);
        let mut nanos = 0.0;
        for task in std::fs::read_dir(format!("{root}/task")).ok()?.flatten() {
            let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            nanos += text.split_whitespace().next()?.parse::<f64>().ok()?;
        }
        let status = std::fs::read_to_string(format!("{root}/status")).ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: f64 = resident.trim().trim_end_matches(" kB").parse().ok()?;
        Some(Self { cpu_seconds: nanos / 1e9, memory: kilobytes * 1024.0 })
    }
}
