// SPDX-License-Identifier: GPL-3.0-or-later
//! [`Relay`]: a relay with sockets, many clients on one thread.
//!
//! ```
//! use toxlink::crypto::SecretKey;
//! use toxlink::net::relay::{Config, Relay};
//!
//! let relay = Relay::bind(&Config::new(["127.0.0.1:0".parse().unwrap()], SecretKey([1; 32])))?;
//! println!("{} on {:?}", relay.public_key().to_hex(), relay.addresses());
//! let running = relay.spawn()?;
//! // Clients may call now.
//! let relay = running.stop().expect("it ran");
//! assert_eq!(relay.figures().accepted, 0);
//! # Ok::<(), std::io::Error>(())
//! ```

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};

use super::Stopwatch;
use crate::crypto::{Nonce, PublicKey, SecretKey};
use crate::proto::server::{
    ClientRef, Figures, HandshakeRandom, Input, Limits, Reason, RelayServer,
};
use crate::proto::time::Millis;

/// Packets of one client that are handled before the others have their turn.
const PACKETS_PER_TURN: usize = 256;
/// Events taken from the system at once.
const EVENTS: usize = 1024;
/// Milliseconds in which no client is accepted when the system has no room for more sockets.
const ACCEPT_PAUSE_MS: u64 = 200;
/// Tokens from here on are listeners.
const FIRST_LISTENER: usize = usize::MAX / 2;
/// The token of the waker.
const WAKER: Token = Token(usize::MAX);

/// What a relay is made from.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 for any that is free.
    pub addresses: Vec<SocketAddr>,
    /// The long-term key.
    pub secret_key: SecretKey,
    /// What it allows.
    pub limits: Limits,
}

impl Config {
    /// With the usual limits.
    pub fn new(addresses: impl IntoIterator<Item = SocketAddr>, secret_key: SecretKey) -> Self {
        let addresses = addresses.into_iter().collect();
        Self { addresses, secret_key, limits: Limits::default() }
    }
}

/// A relay. It does something only in [`Relay::turn`], or on its own thread ([`Relay::spawn`]).
#[derive(Debug)]
pub struct Relay {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    listeners: Vec<TcpListener>,
    server: RelayServer,
    /// By client number.
    sockets: Vec<Option<Socket>>,
    /// Clients that have sent more than one turn may handle.
    backlog: VecDeque<ClientRef>,
    /// When sockets are accepted again.
    accept_again: Option<Millis>,
    clock: Stopwatch,
    departures: VecDeque<Departure>,
}

/// A client that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Where it called from.
    pub address: SocketAddr,
    /// Why it is gone.
    pub reason: Reason,
}

#[derive(Debug)]
struct Socket {
    client: ClientRef,
    stream: TcpStream,
    address: SocketAddr,
    /// It took all that was written last.
    is_writable: bool,
    /// There may be something to read.
    is_readable: bool,
    /// Its stream ends, or has failed, behind what there is to read.
    is_ending: bool,
    in_backlog: bool,
}

impl Relay {
    /// A relay that listens, and serves as soon as it is turned.
    ///
    /// # Errors
    /// What the system says about an address, or that it has no descriptors left;
    /// `InvalidInput` without any address.
    pub fn bind(config: &Config) -> io::Result<Self> {
        if config.addresses.is_empty() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "no address to listen on"));
        }
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let mut listeners = Vec::new();
        for (index, address) in config.addresses.iter().enumerate() {
            let mut listener = TcpListener::bind(*address)?;
            let token = Token(FIRST_LISTENER + index);
            poll.registry().register(&mut listener, token, Interest::READABLE)?;
            listeners.push(listener);
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS),
            waker,
            listeners,
            server: RelayServer::new(config.secret_key.clone(), config.limits),
            sockets: Vec::new(),
            backlog: VecDeque::new(),
            accept_again: None,
            clock: Stopwatch::start(),
            departures: VecDeque::new(),
        })
    }

    /// The key by which clients know this relay.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.server.public_key()
    }

    /// Where it listens, with the ports that the system chose.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Clients that are confirmed.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.server.confirmed()
    }

    /// What was done so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.server.figures()
    }

    /// The newest departures since the last call, [`DEPARTURES`] at most, oldest first.
    pub fn take_departures(&mut self) -> Vec<Departure> {
        core::mem::take(&mut self.departures).into()
    }

    /// A descriptor that can be read when [`Self::turn`] has something to do, for the event loop of
    /// the surrounding program. Besides that, turn it when [`Self::wait`] is over.
    #[must_use]
    pub fn descriptor(&self) -> RawFd {
        self.poll.as_raw_fd()
    }

    /// How long there is nothing to do if no socket stirs; `None` for as long as you like.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        if !self.backlog.is_empty() {
            return Some(Duration::ZERO);
        }
        let now = self.now();
        let due = [self.server.deadline(), self.accept_again].into_iter().flatten().min();
        due.map(|due| Duration::from_millis(due.since(now)))
    }

    /// Waits until something can be done, for `limit` at most (`None`: as long as it takes), and
    /// does it.
    ///
    /// # Errors
    /// What the system says about waiting. A client's troubles are not errors of the relay.
    pub fn turn(&mut self, limit: Option<Duration>) -> io::Result<()> {
        let timeout = [self.wait(), limit].into_iter().flatten().min();
        let mut events = core::mem::replace(&mut self.events, Events::with_capacity(0));
        let polled = self.poll.poll(&mut events, timeout);
        if polled.is_ok() {
            self.handle_events(&events);
        }
        self.events = events;
        match polled {
            Err(error) if error.kind() != ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    /// Runs on a thread of its own until it is stopped.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn spawn(mut self) -> io::Result<Running> {
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, waker) = (Arc::clone(&stop), Arc::clone(&self.waker));
        let body = move || {
            while !seen.load(Ordering::Relaxed) && self.turn(None).is_ok() {}
            self
        };
        let thread = thread::Builder::new().name("toxlink-relay".to_owned()).spawn(body)?;
        Ok(Running { stop, waker, thread: Some(thread) })
    }

    // --------------------------------------------------------------------------- the details

    fn handle_events(&mut self, events: &Events) {
        for client in core::mem::take(&mut self.backlog) {
            if let Some(socket) = self.socket(client) {
                socket.in_backlog = false;
                self.read(client);
            }
        }
        for event in events {
            let Token(token) = event.token();
            if token >= FIRST_LISTENER {
                // The waker has nothing else to say than that there is a turn.
                self.accept(token - FIRST_LISTENER);
                continue;
            }
            let Some(Some(socket)) = self.sockets.get_mut(token) else { continue };
            let client = socket.client;
            if event.is_writable() && !socket.is_writable {
                socket.is_writable = true;
                self.write(client);
            }
            let is_ending = event.is_read_closed() || event.is_error();
            if event.is_readable() || is_ending {
                if let Some(socket) = self.socket(client) {
                    socket.is_readable = true;
                    socket.is_ending |= is_ending;
                }
                self.read(client);
            }
        }
        if self.accept_again.is_some_and(|at| at <= self.now()) {
            self.accept_again = None;
            for index in 0..self.listeners.len() {
                self.accept(index);
            }
        }
        let now = self.now();
        // Without random bytes a ping still has an id that is answered.
        self.server.handle_timeout(now, || random().unwrap_or([1; 8]));
        while let Some(client) = self.server.take_dirty() {
            self.write(client);
        }
        while let Some((client, reason)) = self.server.take_closed() {
            self.forget(client, reason);
        }
    }

    fn accept(&mut self, index: usize) {
        loop {
            let Some(listener) = self.listeners.get(index) else { return };
            match listener.accept() {
                Ok((stream, address)) => self.welcome(stream, address),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The caller was gone before we came.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    // No descriptors left, as a rule. Nobody would tell us when there are some.
                    self.accept_again = Some(Millis(self.now().0 + ACCEPT_PAUSE_MS));
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, mut stream: TcpStream, address: SocketAddr) {
        // Without it small packets wait for the acknowledgement of those before them.
        let _ = stream.set_nodelay(true);
        let Some(client) = self.server.accept(self.now()) else { return };
        let index = client.number as usize;
        let interest = Interest::READABLE | Interest::WRITABLE;
        if self.poll.registry().register(&mut stream, Token(index), interest).is_err() {
            self.server.handle_closed(client);
            return;
        }
        if self.sockets.len() <= index {
            self.sockets.resize_with(index + 1, || None);
        }
        if let Some(slot) = self.sockets.get_mut(index) {
            *slot = Some(Socket {
                client,
                stream,
                address,
                is_writable: true,
                is_readable: false,
                is_ending: false,
                in_backlog: false,
            });
        }
    }

    /// Reads and handles what is there, for one turn.
    fn read(&mut self, client: ClientRef) {
        let now = self.now();
        for _ in 0..PACKETS_PER_TURN {
            match self.server.handle_input(client, now) {
                Input::Packet => {}
                Input::Over => return,
                Input::NeedsRandom => match handshake_random() {
                    Some(random) => self.server.handle_handshake(client, &random),
                    // No secret without them.
                    None => self.server.handle_closed(client),
                },
                Input::Starved => match self.fill(client) {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(_) => {
                        self.server.handle_closed(client);
                        return;
                    }
                },
            }
        }
        if let Some(socket) = self.socket(client).filter(|socket| !socket.in_backlog) {
            socket.in_backlog = true;
            self.backlog.push_back(client);
        }
    }

    /// Reads once if there may be something to read; whether something came.
    fn fill(&mut self, client: ClientRef) -> io::Result<bool> {
        let socket = find(&mut self.sockets, client).ok_or(ErrorKind::NotConnected)?;
        let room = self.server.room(client).ok_or(ErrorKind::NotConnected)?;
        while socket.is_readable {
            match socket.stream.read(room) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    // What comes after a read that did not fill the room is a new event.
                    socket.is_readable = count == room.len() || socket.is_ending;
                    self.server.received(client, count);
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => socket.is_readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    fn write(&mut self, client: ClientRef) {
        let Some(socket) = find(&mut self.sockets, client) else { return };
        while socket.is_writable {
            let output = self.server.output(client);
            if output.is_empty() {
                return;
            }
            match socket.stream.write(output) {
                Ok(0) => socket.is_writable = false,
                Ok(count) => {
                    // Room after a write that was cut short is a new event.
                    socket.is_writable = count == output.len();
                    self.server.handle_written(client, count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => socket.is_writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.server.handle_closed(client);
                    return;
                }
            }
        }
    }

    fn forget(&mut self, client: ClientRef, reason: Reason) {
        let slot = self.sockets.get_mut(client.number as usize);
        let ours = |socket: &mut Socket| socket.client == client;
        let Some(mut socket) = slot.and_then(|slot| slot.take_if(ours)) else { return };
        let _ = self.poll.registry().deregister(&mut socket.stream);
        if self.departures.len() == DEPARTURES {
            self.departures.pop_front();
        }
        self.departures.push_back(Departure { address: socket.address, reason });
    }

    fn socket(&mut self, client: ClientRef) -> Option<&mut Socket> {
        find(&mut self.sockets, client)
    }

    fn now(&self) -> Millis {
        self.clock.now()
    }
}

/// Departures that are remembered.
pub const DEPARTURES: usize = 64;

fn find(sockets: &mut [Option<Socket>], client: ClientRef) -> Option<&mut Socket> {
    sockets.get_mut(client.number as usize)?.as_mut().filter(|socket| socket.client == client)
}

/// A relay on a thread of its own. Stops when dropped.
#[derive(Debug)]
pub struct Running {
    stop: Arc<AtomicBool>,
    waker: Arc<Waker>,
    thread: Option<JoinHandle<Relay>>,
}

impl Running {
    /// Stops the thread and gives the relay back; `None` if the thread has panicked.
    #[must_use]
    pub fn stop(mut self) -> Option<Relay> {
        self.end()
    }

    fn end(&mut self) -> Option<Relay> {
        self.stop.store(true, Ordering::Relaxed);
        // If this fails, the thread sees the word at its next event.
        let _ = self.waker.wake();
        self.thread.take()?.join().ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// Random bytes of the operating system.
fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}

fn handshake_random() -> Option<HandshakeRandom> {
    Some(HandshakeRandom {
        temporary_sk: SecretKey(random()?),
        base_nonce: Nonce(random()?),
        nonce: Nonce(random()?),
    })
}
