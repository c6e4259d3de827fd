// SPDX-License-Identifier: GPL-3.0-or-later
//! One call inside a [`Connections`] object: what the shell asks of its surroundings.

use std::net::SocketAddr;
use std::sync::Arc;

use super::event::{Event, PeerId};
use super::{Connections, Lookup, Socket, token};
use crate::net::proxy::Way;
use crate::net::socket::Stream;
use crate::net::{handshake_random, ping_id};
use crate::proto::connections::event::Delivery;
use crate::proto::connections::note::Note;
use crate::proto::connections::{self, Link, Opening, PeerRef};
use crate::proto::relay::event::Event as Packet;
use crate::proto::relay::note::Note as RelayNote;
use crate::proto::relay::{HandshakeRandom, RelayClient};
use crate::shell::drive;
use crate::shell::round::{self, Hub};
use crate::shell::transport::{Received, Transport, Written};
use crate::wire::relay_packet::PingId;

/// Bytes that may wait in the system for one relay: some tens of packets, so that a relay that reads
/// slowly counts as full while the next one can still carry.
const MAX_UNSENT: i32 = 64 * 1024;

pub(super) type Tell<'a> = &'a dyn Fn(Event<'_>);

/// One call.
pub(super) struct Visit<'a> {
    pub(super) object: &'a Connections,
    /// In a turn; nothing is told outside of one.
    pub(super) tell: Option<Tell<'a>>,
}

impl Visit<'_> {
    pub(super) fn tell(&self, event: Event<'_>) {
        if let Some(tell) = self.tell {
            tell(event);
        }
    }

    fn socket(&self, link: Link) -> Option<Socket> {
        let socket = self.object.with(|state| state.socket(link).cloned());
        socket.flatten()
    }

    fn deliver(&self, delivery: Delivery<'_>) {
        // What led to the packet comes before it.
        self.object.tell_changes(self);
        match delivery {
            Delivery::Data { id, data } => {
                self.tell(Event::Data { peer: PeerId::from_machine(id), data });
            }
            Delivery::Oob { sender, relay, data } => {
                let relay = self.with(|machine| machine.relay_key(relay)).flatten();
                if let Some(relay) = relay {
                    self.tell(Event::Oob { sender, relay, data });
                }
            }
            Delivery::Onion(data) => self.tell(Event::Onion(data)),
            Delivery::Forwarding(data) => self.tell(Event::Forwarding(data)),
        }
    }

    /// A socket that is being connected to this address. One that failed at once fails again when
    /// it is used, so that it is treated like one that fails later.
    pub(super) fn connect(&self, link: Link, mut address: SocketAddr) -> Socket {
        loop {
            let registry = self.object.reactor.registry();
            let error = match Stream::connect(address, registry, token(link)) {
                Ok(stream) => {
                    stream.limit_unsent(MAX_UNSENT);
                    return Socket::Open(Arc::new(stream), address);
                }
                Err(error) => error,
            };
            let next = self.object.with(|state| {
                let proxy = state.proxy.as_mut()?;
                let next = proxy.go_on(address);
                if next.is_none() {
                    proxy.handle_unreachable(address);
                }
                next
            });
            // Each one leads to a later one, so this ends.
            match next.flatten() {
                Some(next) => address = next,
                None => return Socket::Failed(error.raw_os_error().unwrap_or(libc::EIO)),
            }
        }
    }
}

impl Hub for Visit<'_> {
    type Host<'b>
        = LinkHost<'b>
    where
        Self: 'b;

    fn with<R>(&self, call: impl FnOnce(&mut connections::Connections) -> R) -> Option<R> {
        self.object.with(|state| call(&mut state.machine))
    }

    fn host(&self, link: Link, peer: Option<PeerRef>) -> Option<LinkHost<'_>> {
        Some(LinkHost { visit: self, link, peer, socket: self.socket(link)? })
    }

    fn open(&self, opening: Opening) -> bool {
        let now = self.object.reactor.clock().millis;
        let way = self.object.with(|state| match (&mut state.proxy, opening.address) {
            (Some(proxy), _) => proxy.way(now),
            (None, Some(address)) => Way::To(address),
            // Cannot be: without a proxy, the machine is given addresses only.
            (None, None) => Way::Nowhere,
        });
        let socket = match way {
            Some(Way::To(address)) => self.connect(opening.link, address),
            Some(Way::LookUp(host, port)) => {
                self.object.resolver.look_up(Lookup::Proxy, &host, port);
                Socket::Waiting
            }
            Some(Way::Wait) => Socket::Waiting,
            Some(Way::Nowhere) | None => Socket::Failed(libc::EHOSTUNREACH),
        };
        self.object.put(opening.link, socket)
    }

    fn close(&self, link: Link) {
        let closed = self.object.with(|state| state.take_socket(link));
        drop(closed);
    }

    fn ready(&self) -> Option<Vec<Link>> {
        // Told by the turn, before the round.
        Some(Vec::new())
    }

    fn log(&self, note: Note) {
        self.tell(Event::Log(note.level(), &note));
    }
}

/// One relay connection, for the time of one call.
pub(super) struct LinkHost<'a> {
    visit: &'a Visit<'a>,
    link: Link,
    /// The peer that a packet is for.
    peer: Option<PeerRef>,
    /// Kept open as long as it is used, whatever happens to the connection meanwhile.
    socket: Socket,
}

impl LinkHost<'_> {
    /// Puts another socket in the place of one that could not be connected, if the name of the proxy has
    /// another address. Otherwise each relay would wait for its next attempt, and as a rule the first
    /// address of a local proxy is that of IPv6, at which it may not listen.
    fn goes_on(&self, stream: &Arc<Stream>, address: SocketAddr) -> bool {
        let object = self.visit.object;
        if !stream.is_unused() {
            return false;
        }
        let next = object.with(|state| match state.socket(self.link)? {
            Socket::Open(current, _) if Arc::ptr_eq(current, stream) => {
                state.proxy.as_mut()?.go_on(address).map(Some)
            }
            // It was replaced a moment ago.
            Socket::Open(..) => Some(None),
            Socket::Waiting | Socket::Failed(_) => None,
        });
        match next.flatten() {
            Some(Some(next)) => object.put(self.link, self.visit.connect(self.link, next)),
            Some(None) => true,
            None => false,
        }
    }
}

impl Transport for LinkHost<'_> {
    fn send(&self, bytes: &[u8]) -> Written {
        match &self.socket {
            Socket::Waiting => Written::Bytes(0),
            Socket::Failed(errno) => Written::Failed(*errno),
            Socket::Open(stream, address) => match stream.send(bytes) {
                Written::Failed(_) if self.goes_on(stream, *address) => Written::Bytes(0),
                written @ (Written::Bytes(_) | Written::Failed(_)) => written,
            },
        }
    }

    fn receive(&self, room: &mut [u8]) -> Received {
        match &self.socket {
            Socket::Waiting => Received::Empty,
            Socket::Failed(errno) => Received::Failed(*errno),
            Socket::Open(stream, address) => match stream.receive(room) {
                Received::Failed(_) if self.goes_on(stream, *address) => Received::Empty,
                received @ (Received::Bytes(_)
                | Received::Empty
                | Received::Closed
                | Received::Failed(_)) => received,
            },
        }
    }

    fn acknowledge(&self) {
        if let Socket::Open(stream, _) = &self.socket {
            stream.acknowledge();
        }
    }
}

impl drive::Host for LinkHost<'_> {
    fn with<R>(&self, call: impl FnOnce(&mut RelayClient) -> R) -> Option<R> {
        let result = self.visit.with(|machine| {
            if self.peer.is_some_and(|peer| !machine.is_current(peer)) {
                return None;
            }
            machine.client_mut(self.link).map(call)
        });
        result.flatten()
    }

    fn handshake_random(&self) -> HandshakeRandom {
        handshake_random(self)
    }

    fn ping_id(&self) -> PingId {
        ping_id()
    }

    fn event(&self, event: Packet<'_>) {
        match self.visit.with(|machine| machine.handle_event(self.link, event)).flatten() {
            Some(delivery) => self.visit.deliver(delivery),
            // An id may have to be given back.
            None => round::settle(self.visit, self.visit.object.reactor.clock().seconds),
        }
    }

    fn log(&self, note: RelayNote) {
        self.visit.tell(Event::Log(note.level(), &note));
    }
}
