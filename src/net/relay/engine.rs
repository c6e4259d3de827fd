// SPDX-License-Identifier: GPL-3.0-or-later
//! What turns inside a relay: sockets, events and the machine.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};

use super::{Config, Departure, Note, Shown};
use crate::crypto::{Nonce, PublicKey};
use crate::net::{Stopwatch, ping_id, random, random_secret_key};
use crate::proto::server::{ClientRef, HandshakeRandom, Input, Reason, RelayServer};
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

/// The part of a relay that one thread at a time turns.
#[derive(Debug)]
pub(super) struct Engine {
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
    told_of_scarcity: Option<Millis>,
    clock: Stopwatch,
    notes: VecDeque<Note>,
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

impl Engine {
    /// Listens, and serves as soon as it is turned.
    ///
    /// # Errors
    /// What the system says about an address, or that it has no descriptors left;
    /// `InvalidInput` without any address.
    pub(super) fn bind(config: &Config) -> io::Result<Self> {
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
            told_of_scarcity: None,
            clock: Stopwatch::start(),
            notes: VecDeque::new(),
        })
    }

    pub(super) fn public_key(&self) -> PublicKey {
        self.server.public_key()
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    pub(super) fn descriptor(&self) -> RawFd {
        self.poll.as_raw_fd()
    }

    pub(super) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    pub(super) fn clock(&self) -> Stopwatch {
        self.clock
    }

    /// What others may know of it.
    pub(super) fn shown(&self) -> Shown {
        let due = [self.server.deadline(), self.accept_again].into_iter().flatten().min();
        Shown {
            figures: self.server.figures(),
            clients: self.server.confirmed(),
            due: if self.backlog.is_empty() { due } else { Some(Millis(0)) },
        }
    }

    /// What is to be told, oldest first.
    pub(super) fn take_notes(&mut self) -> VecDeque<Note> {
        core::mem::take(&mut self.notes)
    }

    /// Waits until something can be done, for `limit` at most (`None`: as long as it takes), and
    /// does it.
    ///
    /// # Errors
    /// What the system says about waiting. A client's troubles are not errors of the relay.
    pub(super) fn turn(&mut self, limit: Option<Duration>) -> io::Result<()> {
        let wait = self.shown().wait(self.now());
        let timeout = [wait, limit].into_iter().flatten().min();
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
        self.server.handle_timeout(now, ping_id);
        while let Some(client) = self.server.take_dirty() {
            self.write(client);
        }
        self.forget_closed();
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
                Err(error) => {
                    // No descriptors left, as a rule. Nobody would tell us when there are some.
                    self.tell_of_scarcity(error.kind());
                    if !self.server.make_room() {
                        self.accept_again = Some(Millis(self.now().0 + ACCEPT_PAUSE_MS));
                        return;
                    }
                    self.forget_closed();
                }
            }
        }
    }

    fn welcome(&mut self, mut stream: TcpStream, address: SocketAddr) {
        // Without it small packets wait for the acknowledgement of those before them.
        let _ = stream.set_nodelay(true);
        let Some(client) = self.server.accept(self.now()) else { return };
        // Its number may have been that of one whose socket is open still.
        self.forget_closed();
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
                    Ok(random) => self.server.handle_handshake(client, &random),
                    // No secret without them.
                    Err(_) => self.server.handle_closed(client),
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
        self.tell(Note::Left(Departure { address: socket.address, reason }));
    }

    fn forget_closed(&mut self) {
        while let Some((client, reason)) = self.server.take_closed() {
            self.forget(client, reason);
        }
    }

    /// Notes are told after the turn; of many, the newest are.
    fn tell(&mut self, note: Note) {
        if self.notes.len() == NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back(note);
    }

    fn tell_of_scarcity(&mut self, kind: ErrorKind) {
        let now = self.now();
        if self.told_of_scarcity.is_none_or(|at| now.0 >= at.0 + SCARCITY_PAUSE_MS) {
            self.told_of_scarcity = Some(now);
            self.tell(Note::NoSocket(kind));
        }
    }

    fn socket(&mut self, client: ClientRef) -> Option<&mut Socket> {
        find(&mut self.sockets, client)
    }

    fn now(&self) -> Millis {
        self.clock.now()
    }
}

/// Notes of one turn that are told.
const NOTES: usize = 1024;
/// Milliseconds in which the lack of sockets is told once.
const SCARCITY_PAUSE_MS: u64 = 1000;

fn find(sockets: &mut [Option<Socket>], client: ClientRef) -> Option<&mut Socket> {
    sockets.get_mut(client.number as usize)?.as_mut().filter(|socket| socket.client == client)
}

fn handshake_random() -> io::Result<HandshakeRandom> {
    Ok(HandshakeRandom {
        temporary_sk: random_secret_key()?,
        base_nonce: Nonce(random()?),
        nonce: Nonce(random()?),
    })
}
