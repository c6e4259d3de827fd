// SPDX-License-Identifier: GPL-3.0-or-later
//! [`Client`]: one connection to one relay, directly or through a proxy.
//!
//! Relays tell clients apart by key, so a program has one client for each relay. Most programs want
//! [`Connections`](super::connections::Connections) instead, which keeps peers reachable over several.
//!
#![cfg_attr(feature = "relay", doc = "```")]
#![cfg_attr(not(feature = "relay"), doc = "```ignore")]
//! use toxlink::net::client::{Client, Config, Event, Status};
//! # use toxlink::net::random_secret_key;
//! # use toxlink::net::relay::{self, Relay};
//! # let relay = Relay::bind(&relay::Config::new(["127.0.0.1:0".parse()?], random_secret_key()?))?;
//! # relay.start(|_| ())?;
//! # let (address, relay_key) = (relay.addresses()[0], relay.public_key());
//!
//! let client = Client::new(Config::new()?, address.into(), relay_key)?;
//! while client.status() < Status::Connected {
//!     client.turn(None, &mut |event| {
//!         if let Event::Status(status) = event {
//!             println!("{status:?}");
//!         }
//!     })?;
//! }
//! assert_eq!(client.failure(), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use super::address::Target;
use super::proxy::ProxyConfig;
use super::reactor::{Reactor, Ready};
use super::resolver::{Resolve, Resolver, SystemResolver};
use super::socket::Stream;
use super::{TurnError, random_secret_key};
use crate::crypto::{BoxKey, PublicKey, SecretKey, rust::public_key};
pub use crate::proto::relay::state::{Reason, SendError};
use crate::proto::relay::{self, RelayClient, Traffic};
use crate::proto::time::{Millis, Timestamp};
use crate::shell::drive::{self, Limits};
use crate::shell::guard::Guarded;
pub use crate::wire::address::NodeAddress;
pub use crate::wire::connection_id::ConnectionId;
use crate::wire::forward_chain::forward_chain;
use crate::wire::relay_packet::ToRelay;

mod event;
mod state;
mod visit;

pub use self::event::{Event, Failure, Handler, NewError, Status};
use self::state::{Live, Stage, State};
use self::visit::Visit;

/// What a client is made from.
#[derive(Debug)]
pub struct Config {
    /// Our long-term key (the DHT key).
    pub secret_key: SecretKey,
    /// The only way out, if there is one.
    pub proxy: Option<ProxyConfig>,
    /// How host names are looked up, unless a proxy does it.
    pub resolver: Arc<dyn Resolve>,
}

impl Config {
    /// With a new key, no proxy and the system's resolver.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn new() -> io::Result<Self> {
        let resolver = Arc::new(SystemResolver);
        Ok(Self { secret_key: random_secret_key()?, proxy: None, resolver })
    }
}

type Tell<'a> = &'a dyn Fn(Event<'_>);

/// One connection to one relay.
#[derive(Debug)]
pub struct Client {
    reactor: Reactor,
    guarded: Guarded<State>,
    resolver: Resolver<()>,
    self_pk: PublicKey,
    relay_pk: PublicKey,
    long_term: BoxKey,
    target: Target,
    /// Where sockets lead: to the relay, or to the proxy.
    dial: Target,
    proxy: Option<relay::proxy::Proxy>,
}

impl Client {
    /// Begins to connect to the relay at `target` with this key. What comes of it is told by events.
    ///
    /// # Errors
    /// [`NewError`]; an address that cannot be reached is not among them.
    pub fn new(config: Config, target: Target, relay_pk: PublicKey) -> Result<Self, NewError> {
        let Config { secret_key, proxy, resolver } = config;
        let long_term =
            BoxKey::precompute(&relay_pk, &secret_key).map_err(|_| NewError::LowOrderKey)?;
        let reactor = Reactor::new().map_err(NewError::System)?;
        let resolver = Resolver::new(resolver, reactor.waker());
        let protocol = proxy.as_ref().map(ProxyConfig::protocol);
        let dial = proxy.map_or_else(|| target.clone(), |proxy| proxy.address);
        let state = State {
            stage: Stage::LookingUp,
            candidates: VecDeque::new(),
            told: Status::LookingUp,
            starved: false,
            serial: 0,
        };
        let self_pk = public_key(&secret_key);
        let guarded = Guarded::new(state);
        let client = Self {
            reactor,
            guarded,
            resolver,
            self_pk,
            relay_pk,
            long_term,
            target,
            dial,
            proxy: protocol,
        };
        client.begin();
        // That it is over already is told by the first turn: the handler does not know it yet.
        client.with(|state| state.told = state.status().min(Status::Connecting));
        Ok(client)
    }

    // ------------------------------------------------------------------------------- getters

    /// Our public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.self_pk
    }

    /// The relay's key.
    #[must_use]
    pub fn relay_key(&self) -> PublicKey {
        self.relay_pk
    }

    /// How far it has come.
    #[must_use]
    pub fn status(&self) -> Status {
        self.with(|state| state.status()).unwrap_or(Status::Disconnected)
    }

    /// Why it is disconnected; `None` if it is not.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.with(|state| match &state.stage {
            Stage::Over(failure, _) => Some(failure.clone()),
            Stage::LookingUp | Stage::Live(_) => None,
        })?
    }

    /// What was moved so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let traffic = self.with(|state| match &state.stage {
            Stage::LookingUp => Traffic::default(),
            Stage::Live(live) => live.machine.traffic(),
            Stage::Over(_, traffic) => *traffic,
        });
        traffic.unwrap_or_default()
    }

    /// Bytes that wait here for the socket.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.with(|state| state.live().map_or(0, |live| live.machine.queued_bytes())).unwrap_or(0)
    }

    // ---------------------------------------------------------------------------- event loop

    /// A descriptor that can be read when [`Self::iterate`] has something to do. It belongs to the
    /// client.
    #[must_use]
    pub fn descriptor(&self) -> RawFd {
        self.reactor.descriptor()
    }

    /// How long there is nothing to do if the descriptor stays quiet; `None` for as long as that.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
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
        // Nobody else calls it meanwhile: there is one turn at a time.
        let handler = RefCell::new(handler);
        self.work(&ready, &|event: Event<'_>| (handler.borrow_mut())(event));
        drop(turn);
        // For another thread that waits with what was true before.
        self.reactor.nudge(|| self.deadline());
        Ok(())
    }

    // ------------------------------------------------------------------------------- commands

    /// Asks the relay for a connection id for a peer; the answer is [`Event::Route`].
    ///
    /// # Errors
    /// `NotConfirmed`, `Broken`; `Busy` if too many requests wait.
    pub fn request_route(&self, peer: PublicKey) -> Result<(), SendError> {
        self.control(|machine| machine.request_route(peer))
    }

    /// Gives a connection id back.
    ///
    /// # Errors
    /// `NotOnline` for an id that was not given; `NotConfirmed`, `Broken`.
    pub fn release_route(&self, id: ConnectionId) -> Result<(), SendError> {
        self.control(|machine| {
            machine.number(id).ok_or(SendError::NotOnline)?;
            machine.release_route(id)
        })
    }

    /// Sends a packet of 1 to 2031 bytes to the peer behind a connection id, now or not at all.
    ///
    /// # Errors
    /// [`SendError`]; after `Busy`, [`Event::Writable`] follows.
    pub fn send(&self, connection_id: ConnectionId, data: &[u8]) -> Result<(), SendError> {
        if data.is_empty() {
            return Err(SendError::Length(0));
        }
        self.send_packet(&ToRelay::Data { connection_id, data })
    }

    /// Sends a packet of 1 to 1024 bytes to a peer that the relay need not know yet.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn send_oob(&self, destination: PublicKey, data: &[u8]) -> Result<(), SendError> {
        self.send_packet(&ToRelay::OobSend { destination: &destination, data })
    }

    /// Sends a packet into the onion.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn send_onion(&self, data: &[u8]) -> Result<(), SendError> {
        self.send_packet(&ToRelay::OnionRequest(data))
    }

    /// Has the relay forward a packet to a DHT node, or to another relay, and from there along a
    /// chain of at most four keys.
    ///
    /// # Errors
    /// As [`Self::send`]; `Length` also for a chain that is too long.
    pub fn send_forward(
        &self,
        destination: &NodeAddress,
        chain: &[[u8; 32]],
        data: &[u8],
    ) -> Result<(), SendError> {
        let length = SendError::Length(data.len());
        let data = forward_chain(chain, data).ok_or(length)?;
        let destination = destination.pack();
        self.send_packet(&ToRelay::ForwardRequest {
            destination: destination.as_bytes(),
            data: &data,
        })
    }

    // ---------------------------------------------------------------------------- the details

    fn with<R>(&self, call: impl FnOnce(&mut State) -> R) -> Option<R> {
        self.guarded.with(call)
    }

    fn now(&self) -> Timestamp {
        self.reactor.clock().seconds
    }

    fn deadline(&self) -> Option<Millis> {
        let now = self.reactor.clock();
        self.with(|state| state.deadline().millis(now))?
    }

    fn send_packet(&self, packet: &ToRelay<'_>) -> Result<(), SendError> {
        let Some(visit) = self.visit(None) else { return Err(SendError::NotConfirmed) };
        let sent = drive::send(&visit, packet);
        if sent == Err(SendError::Busy) {
            self.with(|state| state.starved = true);
        }
        self.nudge();
        sent
    }

    fn control(
        &self,
        call: impl FnOnce(&mut RelayClient) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        let Some(visit) = self.visit(None) else { return Err(SendError::NotConfirmed) };
        let result = drive::Host::with(&visit, call).unwrap_or(Err(SendError::NotConfirmed));
        drive::flush(&visit);
        self.nudge();
        result
    }

    /// A write may have failed, which the next turn has to act upon.
    fn nudge(&self) {
        self.reactor.nudge(|| self.deadline());
    }

    fn visit<'a>(&'a self, tell: Option<Tell<'a>>) -> Option<Visit<'a>> {
        let stream = self.with(|state| state.live().map(|live| Arc::clone(&live.stream)))??;
        Some(Visit { client: self, stream, tell })
    }

    /// Looks up or connects what leads to the relay.
    fn begin(&self) {
        match &self.dial {
            Target::Address(address) => {
                self.with(|state| state.candidates = VecDeque::from([*address]));
                self.connect_next();
            }
            Target::Name(host, port) => self.resolver.look_up((), host.as_str(), *port),
        }
    }

    /// Connects to the next candidate; if there is none, what failed last stays.
    fn connect_next(&self) {
        while let Some(Some(address)) = self.with(|state| state.candidates.pop_front()) {
            let serial = self.with(|state| {
                state.serial += 1;
                state.serial
            });
            let serial = serial.unwrap_or_default();
            match Stream::connect(address, self.reactor.registry(), serial) {
                Ok(stream) => {
                    let config = relay::Config {
                        self_pk: self.self_pk,
                        long_term: self.long_term.clone(),
                        target: self.target.clone(),
                        proxy: self.proxy.clone(),
                        keeps_ledger: false,
                    };
                    let machine = RelayClient::new(config, self.now());
                    let stream = Arc::new(stream);
                    let live = Live { machine, stream, serial, ready: true, backlog: false };
                    self.with(|state| state.stage = Stage::Live(Box::new(live)));
                    return;
                }
                Err(error) => {
                    let errno = error.raw_os_error().unwrap_or_default();
                    let failure = Failure::Connection(Reason::ConnectFailed(errno));
                    // While there are others it is connecting still: the status never goes back.
                    self.with(|state| {
                        if state.candidates.is_empty() {
                            state.stage = Stage::Over(failure, Traffic::default());
                        }
                    });
                }
            }
        }
    }

    fn work(&self, ready: &[Ready], tell: Tell<'_>) {
        for answer in self.resolver.take_answers() {
            match answer.result {
                Ok(addresses) => {
                    self.with(|state| state.candidates = addresses.into());
                    self.connect_next();
                }
                Err(text) => {
                    let failure = Failure::Lookup(text);
                    self.with(|state| state.stage = Stage::Over(failure, Traffic::default()));
                }
            }
        }
        self.with(|state| state.mark(ready));
        self.step(tell);
        self.tell_status(tell);
        let fed = self.with(|state| state.is_fed() && core::mem::take(&mut state.starved));
        if fed == Some(true) {
            tell(Event::Writable);
        }
    }

    fn step(&self, tell: Tell<'_>) {
        let Some(visit) = self.visit(Some(tell)) else { return };
        let reads = self.with(|state| state.live_mut().is_some_and(Live::take_ready));
        let now = self.now();
        if reads == Some(true) {
            let backlog = drive::step(&visit, now, Limits::ALONE);
            self.with(|state| {
                let live = state.live_mut()?;
                live.backlog = backlog;
                live.ready |= live.stream.has_end_to_read();
                Some(())
            });
        } else {
            drive::tick(&visit, now);
        }
        let over = self.with(|state| {
            let failure = state.live()?.end()?;
            // Nothing was heard at this address, so another may lead there.
            let may_go_on = state.told < Status::Connected && !state.candidates.is_empty();
            if !may_go_on {
                let traffic = state.live()?.machine.traffic();
                state.stage = Stage::Over(Failure::Connection(failure), traffic);
            }
            Some(may_go_on)
        });
        if over.flatten() == Some(true) {
            self.connect_next();
        }
    }

    fn tell_status(&self, tell: Tell<'_>) {
        loop {
            let news = self.with(|state| {
                let status = state.status();
                (status > state.told).then(|| {
                    state.told = status;
                    status
                })
            });
            let Some(Some(status)) = news else { return };
            tell(Event::Status(status));
        }
    }
}
