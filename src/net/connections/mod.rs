// SPDX-License-Identifier: GPL-3.0-or-later
//! [`Connections`]: peers, each reached over several relays at once.
//!
//! Two peers that have a relay in common:
//!
#![cfg_attr(feature = "relay", doc = "```")]
#![cfg_attr(not(feature = "relay"), doc = "```ignore")]
//! use toxlink::net::connections::{Config, Connections, Event};
//! use toxlink::net::random_secret_key;
//! use toxlink::net::relay::{self, Relay};
//!
//! // Any relay does; this one is our own.
//! let relay = Relay::bind(&relay::Config::new(["127.0.0.1:0".parse()?], random_secret_key()?))?;
//! relay.start(|_| ())?;
//! let address = relay.addresses()[0];
//!
//! let alice = Connections::new(Config::new()?)?;
//! let bob = Connections::new(Config::new()?)?;
//! let to_bob = alice.add_peer(bob.public_key())?;
//! let to_alice = bob.add_peer(alice.public_key())?;
//! alice.add_relay_for(to_bob, address.into(), relay.public_key())?;
//! bob.add_relay_for(to_alice, address.into(), relay.public_key())?;
//!
//! let mut heard = Vec::new();
//! while heard.is_empty() {
//!     alice.turn(Some(std::time::Duration::from_millis(20)), &mut |event| {
//!         if let Event::PeerStatus { peer, online_relays: 1 } = event {
//!             alice.send(peer, b"hello").expect("the socket is empty");
//!         }
//!     })?;
//!     bob.turn(Some(std::time::Duration::from_millis(20)), &mut |event| {
//!         if let Event::Data { data, .. } = event {
//!             heard.extend_from_slice(data);
//!         }
//!     })?;
//! }
//! assert_eq!(heard, b"hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::TurnError;
pub use super::client::{Config, Failure, SendError};
use super::proxy::{ProxyAddress, ProxyConfig};
use super::reactor::Reactor;
use super::resolver::Resolver;
use super::socket::Stream;
use crate::crypto::{PublicKey, rust::public_key};
use crate::proto::connections::{self as machine, Link, PeerNumber};
use crate::proto::time::{Clock, Millis};
use crate::shell::guard::Guarded;
use crate::shell::round;

mod book;
mod commands;
mod event;
mod starved;
mod turn;
mod visit;

use self::book::Book;
pub use self::event::{Event, Handler, PeerError, PeerId, RelayError};
use self::starved::Starving;
use self::visit::Visit;
pub use crate::proto::connections::relay_slot::Phase;
pub use crate::proto::connections::statistics::{PeerStatistics, RelayStatistics};

/// Peers over relays.
#[derive(Debug)]
pub struct Connections {
    reactor: Reactor,
    guarded: Guarded<State>,
    resolver: Resolver<Lookup>,
    self_pk: PublicKey,
    /// Since when the program has been waiting for something to happen.
    waiting_since: Mutex<Option<Millis>>,
}

#[derive(Debug)]
struct State {
    machine: machine::Connections,
    /// By relay number, with the serial of the connection.
    sockets: Vec<Option<(u32, Socket)>>,
    proxy: Option<ProxyAddress>,
    book: Book,
    /// What the machine had forgotten at the last look.
    forgotten: u64,
    peers: BTreeMap<PeerId, PeerNumber>,
    next_peer: u32,
    /// Who waits until a relay has room.
    starved: Starving,
}

/// What a relay's connection goes through.
#[derive(Clone, Debug)]
enum Socket {
    /// The name of the proxy is being looked up.
    Waiting,
    /// It could not even be begun; carries `errno`.
    Failed(i32),
    /// Connected, or being connected, to this address.
    Open(Arc<Stream>, SocketAddr),
}

/// What a host name is looked up for.
#[derive(Clone, Copy, Debug)]
enum Lookup {
    Proxy,
    Relay(PublicKey),
}

/// Relay numbers are below 2 to the power of this.
const RELAY_BITS: u32 = 9;
const _: () = assert!(machine::MAX_RELAYS <= 1 << RELAY_BITS);

/// What the socket of a connection is registered under. The system may have something to say about a
/// socket when its relay's number has another one already.
fn token(link: Link) -> usize {
    let token = ((link.serial as usize) << RELAY_BITS) | link.relay.0 as usize;
    // The highest ones are not for sockets.
    token & (usize::MAX >> 1)
}

/// The number of the relay in a token.
fn relay_in(token: usize) -> usize {
    token & ((1 << RELAY_BITS) - 1)
}

impl Connections {
    /// No peers and no relays.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub fn new(config: Config) -> io::Result<Self> {
        let Config { secret_key, proxy, resolver } = config;
        let reactor = Reactor::new()?;
        let resolver = Resolver::new(resolver, reactor.waker());
        let self_pk = public_key(&secret_key);
        let protocol = proxy.as_ref().map(ProxyConfig::protocol);
        let mut machine = machine::Connections::new(self_pk, secret_key, protocol);
        machine.report_changes();
        let state = State {
            machine,
            sockets: Vec::new(),
            proxy: proxy.map(|proxy| ProxyAddress::new(proxy.address)),
            book: Book::default(),
            forgotten: 0,
            peers: BTreeMap::new(),
            next_peer: 0,
            starved: Starving::default(),
        };
        let waiting_since = Mutex::new(None);
        Ok(Self { reactor, guarded: Guarded::new(state), resolver, self_pk, waiting_since })
    }

    // ------------------------------------------------------------------------------- getters

    /// Our public key (the DHT key).
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.self_pk
    }

    /// The peer with this key.
    #[must_use]
    pub fn peer_by_key(&self, pk: &PublicKey) -> Option<PeerId> {
        self.with(|state| state.machine.peer_id(pk)).flatten().map(PeerId::from_machine)
    }

    /// The key of a peer.
    #[must_use]
    pub fn peer_key(&self, peer: PeerId) -> Option<PublicKey> {
        self.peer_statistics(peer).map(|peer| peer.pk)
    }

    /// Whether there is such a peer.
    #[must_use]
    pub fn peer_exists(&self, peer: PeerId) -> bool {
        self.with(|state| state.peers.contains_key(&peer)) == Some(true)
    }

    /// Relays on which the peer is online; 0 if it cannot be reached now, or is no peer.
    #[must_use]
    pub fn online_relays(&self, peer: PeerId) -> usize {
        let count =
            |state: &mut State| state.machine.online_relays(*state.peers.get(&peer)?).into();
        self.with(count).flatten().unwrap_or(0)
    }

    /// The keys of all relays, also of those that are not connected now.
    #[must_use]
    pub fn relays(&self) -> Vec<PublicKey> {
        let relays = self.with(|state| {
            let mut relays: Vec<_> = state.machine.relay_keys().collect();
            relays.extend(state.book.relays().filter(|pk| !state.machine.knows_relay(pk)));
            relays
        });
        relays.unwrap_or_default()
    }

    /// How a relay fares; `None` also if it is known, but not in use now.
    #[must_use]
    pub fn relay_statistics(&self, relay: &PublicKey) -> Option<RelayStatistics> {
        self.with(|state| {
            let number = state.machine.relay_number(relay)?;
            state.machine.relay_statistics(number)
        })?
    }

    /// Whether the host name of a relay is being looked up.
    #[must_use]
    pub fn is_looking_up(&self, relay: &PublicKey) -> bool {
        self.with(|state| state.book.is_looking(relay)) == Some(true)
    }

    /// Where a relay is, as the program has said when it added the relay for everybody, or by name.
    #[must_use]
    pub fn relay_target(&self, relay: &PublicKey) -> Option<super::address::Target> {
        self.with(|state| state.book.target(relay).cloned())?
    }

    /// Why the host name of a relay was not found; `None` if it was, or nobody has looked yet.
    #[must_use]
    pub fn lookup_failure(&self, relay: &PublicKey) -> Option<String> {
        self.with(|state| state.book.failure(relay).map(str::to_owned))?
    }

    /// How a peer fares.
    #[must_use]
    pub fn peer_statistics(&self, peer: PeerId) -> Option<PeerStatistics> {
        self.with(|state| state.machine.peer_statistics(*state.peers.get(&peer)?))?
    }

    /// The key of a relay by its number in [`PeerStatistics::carrier`].
    #[must_use]
    pub fn relay_key(&self, number: machine::RelayNumber) -> Option<PublicKey> {
        self.with(|state| state.machine.relay_key(number))?
    }

    // ---------------------------------------------------------------------------- event loop

    /// A descriptor that can be read when [`Self::iterate`] has something to do. It belongs to the
    /// object.
    #[must_use]
    pub fn descriptor(&self) -> RawFd {
        self.reactor.descriptor()
    }

    /// How long there is nothing to do if the descriptor stays quiet; `None` for as long as that.
    /// Who calls this is taken to be waiting from now on until the next turn.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let mut since = self.waiting_since.lock();
        since.get_or_insert_with(|| self.clock().millis);
        drop(since);
        self.reactor.promise(|| self.deadline())
    }

    /// Ends a turn of another thread that waits, or the next one, without anything having happened.
    pub fn wake(&self) {
        self.reactor.wake();
    }

    /// Does what there is to do now.
    ///
    /// # Errors
    /// [`TurnError`]
    pub fn iterate(&self, handler: &mut Handler<'_>) -> Result<(), TurnError> {
        self.turn(Some(Duration::ZERO), handler)
    }

    /// Waits until there is something to do, for `limit` at most (`None`: as long as it takes), and
    /// does it.
    ///
    /// # Errors
    /// [`TurnError`]
    pub fn turn(
        &self,
        limit: Option<Duration>,
        handler: &mut Handler<'_>,
    ) -> Result<(), TurnError> {
        let (turn, ready) = self.reactor.begin_turn(limit, || self.wait())?;
        let since = self.waiting_since.lock().take();
        // Nobody else calls it meanwhile: there is one turn at a time.
        let handler = RefCell::new(handler);
        self.work(&ready, since, &|event: Event<'_>| (handler.borrow_mut())(event));
        drop(turn);
        // For another thread that waits with what was true before.
        self.reactor.nudge(|| self.deadline());
        Ok(())
    }

    // ---------------------------------------------------------------------------- the details

    fn with<R>(&self, call: impl FnOnce(&mut State) -> R) -> Option<R> {
        self.guarded.with(call)
    }

    fn clock(&self) -> Clock {
        self.reactor.clock()
    }

    fn deadline(&self) -> Option<Millis> {
        let now = self.clock();
        self.with(|state| {
            let lacking = state.lacks_relays();
            let machine = state.machine.deadline().millis(now);
            let at_once = state.machine.forgotten() != state.forgotten || state.starved.is_due();
            let at_once = at_once.then_some(Millis(0));
            [machine, state.book.deadline(lacking), at_once].into_iter().flatten().min()
        })?
    }

    /// What the program asks for outside of a turn.
    fn command<R>(&self, call: impl FnOnce(&Visit<'_>, Clock) -> R) -> R {
        let visit = Visit { object: self, tell: None };
        let now = self.clock();
        self.with(|state| state.machine.tell_time(now));
        let result = call(&visit, now);
        round::settle_if_any(&visit, || now.seconds);
        self.with(|state| state.starved.handle_written());
        self.reactor.nudge(|| self.deadline());
        result
    }

    /// Stores the socket of a connection; false if the connection is gone meanwhile.
    fn put(&self, link: Link, socket: Socket) -> bool {
        let index = link.relay.0 as usize;
        let old = self.with(|state| {
            if state.machine.client_mut(link).is_none() {
                return Err(socket);
            }
            if state.sockets.len() <= index {
                state.sockets.resize_with(index + 1, || None);
            }
            match state.sockets.get_mut(index) {
                Some(entry) => Ok(entry.replace((link.serial, socket))),
                None => Err(socket),
            }
        });
        matches!(old, Some(Ok(_)))
    }
}

impl State {
    fn socket(&self, link: Link) -> Option<&Socket> {
        let (serial, socket) = self.sockets.get(link.relay.0 as usize)?.as_ref()?;
        (*serial == link.serial).then_some(socket)
    }

    fn take_socket(&mut self, link: Link) -> Option<Socket> {
        self.socket(link)?;
        let (_, socket) = self.sockets.get_mut(link.relay.0 as usize)?.take()?;
        if let (Some(proxy), Socket::Open(stream, address)) = (&mut self.proxy, &socket) {
            // Not one that waited for the proxy to reach a relay: that says nothing of the proxy.
            if stream.is_unused() {
                proxy.handle_unreachable(*address);
            }
        }
        while let Some(None) = self.sockets.last() {
            self.sockets.pop();
        }
        Some(socket)
    }

    fn lacks_relays(&self) -> bool {
        let wanted = machine::peer_slot::RECOMMENDED_FRIEND_TCP_CONNECTIONS;
        (self.machine.connected_relays() as usize) < wanted
    }
}
