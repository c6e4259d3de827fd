// SPDX-License-Identifier: GPL-3.0-or-later
//! [`RelayClient`]: one connection to one relay, directly or through a proxy.
//!
//! Behaviour: tcp_client.md. Where it knowingly differs from the C code: docs/differences.md.

use crate::crypto::{BoxKey, Nonce, PublicKey, SecretKey};
use crate::wire::address::Target;
use crate::wire::connection_id::ConnectionId;
use crate::wire::handshake::{self, Hello};
use crate::wire::relay_packet::PingId;

pub mod event;
pub mod inbox;
mod input;
pub mod ledger;
pub mod note;
mod output;
pub mod ping;
pub mod proxy;
pub mod routes;
pub mod secure_channel;
pub mod send_queue;
pub mod state;

use self::event::Event;
use self::inbox::Inbox;
use self::ledger::{Ledger, Record};
use self::note::{Note, Notes};
use self::ping::{PingCounts, Pings};
use self::proxy::{Dialogue, Proxy};
use self::routes::Routes;
use self::secure_channel::SecureChannel;
use self::send_queue::{Control, Jam, SendQueue};
use self::state::{Reason, SendError, Status};
use super::time::{Deadline, Timestamp};

/// Seconds from creation to [`Status::Confirmed`], proxy included.
pub const TCP_CONNECTION_TIMEOUT: u64 = 10;

/// Seconds in which what was received before a write failed may still be delivered.
const DRAIN_TIMEOUT: u64 = 10;

/// What a client is made from.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our long-term public key (the DHT key), sent in clear in the handshake.
    pub self_pk: PublicKey,
    /// The key shared by our long-term key and the relay's.
    pub long_term: BoxKey,
    /// Where the relay is, for the proxy.
    pub target: Target,
    /// The proxy that the socket leads to; `None` if it leads to the relay.
    pub proxy: Option<Proxy>,
    /// Whether somebody will call [`RelayClient::take_records`].
    pub keeps_ledger: bool,
}

/// The random bytes of one handshake, in toxcore's order of drawing.
#[derive(Clone, Debug)]
pub struct HandshakeRandom {
    /// Temporary key pair, public half.
    pub temporary_pk: PublicKey,
    /// Temporary key pair, secret half.
    pub temporary_sk: SecretKey,
    /// Nonce of our first frame.
    pub base_nonce: Nonce,
    /// Nonce of the handshake message.
    pub nonce: Nonce,
}

/// What the machine wants before it can go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// A call of [`RelayClient::handle_handshake_random`].
    pub handshake_random: bool,
    /// A call of [`RelayClient::handle_ping_id`].
    pub ping_id: bool,
    /// Bytes to be written, from [`RelayClient::begin_flush`].
    pub flush: bool,
}

/// What a write to the socket came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// That many bytes were taken; 0 if the socket is full.
    Bytes(usize),
    /// The socket has failed; carries `errno`.
    Failed(i32),
}

/// What the bytes in the inbox came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// More bytes are needed.
    Starved,
    /// No bytes are wanted: something has to be written first, or the connection is over.
    Blocked,
    /// Something was taken in that nobody above needs to know; [`RelayClient::needs`] may have
    /// changed.
    Quiet,
    /// A packet for the layer above; needs have not changed.
    Event(Event<'a>),
}

/// One connection to one relay.
///
/// Order of calls, once per iteration of the program (`shell::drive` does all this):
/// 1. [`needs`](Self::needs), and what they ask for, until there are none;
/// 2. [`take_inbox`](Self::take_inbox); read the socket into it; [`handle_input`](Self::handle_input)
///    until it is starved, acting on each event and on new needs before the next call;
///    [`handle_closed`](Self::handle_closed) at the end of the stream;
///    [`return_inbox`](Self::return_inbox);
/// 3. [`handle_timeout`](Self::handle_timeout);
/// 4. [`take_notes`](Self::take_notes).
#[derive(Debug)]
pub struct RelayClient {
    status: Status,
    failure: Option<Reason>,
    deadline: Timestamp,
    drain_until: Option<Timestamp>,
    self_pk: PublicKey,
    /// Until the proxy has agreed.
    proxy: Option<Dialogue>,
    session: Session,
    wrote_any: bool,
    out: SendQueue,
    inbox: Option<Inbox>,
    routes: Routes,
    pings: Pings,
    notes: Notes,
    traffic: Traffic,
    ledger: Ledger,
    pings_received: u64,
}

/// What one connection has moved, in bytes on the wire and in sealed frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes written, proxy messages and handshake included.
    pub bytes_sent: u64,
    /// Bytes read.
    pub bytes_received: u64,
    /// Frames written, or waiting to be.
    pub packets_sent: u64,
    /// Frames opened.
    pub packets_received: u64,
}

impl Traffic {
    /// Adds what another connection has moved.
    pub fn add(&mut self, other: &Self) {
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.packets_sent += other.packets_sent;
        self.packets_received += other.packets_received;
    }
}

/// The keys, from one step of the handshake to the next; each is wiped when it has done its work.
#[derive(Debug)]
enum Session {
    /// Randomness is not needed yet: a proxy is asked first.
    Later { long_term: BoxKey },
    /// Randomness is needed now.
    NeedsRandom { long_term: BoxKey },
    /// Our half has been made.
    Half { long_term: BoxKey, temporary_sk: SecretKey, base_nonce: Nonce },
    /// Both halves are known.
    Full(Box<SecureChannel>),
    /// Wiped.
    Over,
}

impl RelayClient {
    /// A client for a socket that is being connected at `now`.
    #[must_use]
    pub fn new(config: Config, now: Timestamp) -> Self {
        let Config { self_pk, long_term, target, proxy, keeps_ledger } = config;
        let mut out = SendQueue::new(keeps_ledger);
        let (proxy, status, session) = match proxy {
            None => (None, Status::Connecting, Session::NeedsRandom { long_term }),
            Some(proxy) => {
                let (dialogue, status, message) = Dialogue::open(proxy, target);
                out.push_raw(message);
                (Some(dialogue), status, Session::Later { long_term })
            }
        };
        Self {
            status,
            failure: None,
            deadline: now.plus(TCP_CONNECTION_TIMEOUT),
            drain_until: None,
            self_pk,
            proxy,
            session,
            wrote_any: false,
            out,
            inbox: Some(Inbox::default()),
            routes: Routes::default(),
            pings: Pings::default(),
            notes: Notes::default(),
            traffic: Traffic::default(),
            ledger: Ledger::new(keeps_ledger),
            pings_received: 0,
        }
    }

    // ------------------------------------------------------------------------------- getters

    /// The state; as in the C code, a connect that failed shows as `Connecting` until its time is
    /// up ([`Self::failure`] tells at once).
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Why the connection is over, or cannot come about.
    #[must_use]
    pub fn failure(&self) -> Option<Reason> {
        self.failure
    }

    /// What has to be done before more input is handled.
    #[must_use]
    pub fn needs(&self, now: Timestamp) -> Needs {
        if self.is_hopeless() {
            return Needs::default();
        }
        Needs {
            handshake_random: matches!(self.session, Session::NeedsRandom { .. }),
            ping_id: self.status == Status::Confirmed && self.pings.is_due(now),
            flush: self.needs_flush(),
        }
    }

    /// Whether a step has something to do although nothing has arrived and the socket has no room:
    /// random bytes are needed, a time is up, or the connection is over and nobody was told yet.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let needs = self.needs(now);
        let is_late = match self.status {
            Status::Disconnected => true,
            Status::Confirmed => self.pings.has_failed(now, self.inbox.is_none()),
            Status::ProxyHttpConnecting
            | Status::ProxySocks5Connecting
            | Status::ProxySocks5Unconfirmed
            | Status::Connecting
            | Status::Unconfirmed => self.deadline <= now,
        };
        needs.handshake_random || needs.ping_id || is_late || self.failure.is_some()
    }

    /// From when on [`Self::is_due`] holds, if nothing arrives and nothing is asked for until then.
    /// What waits for room in the socket ([`Self::needs_flush`]) does not count: the socket tells.
    ///
    /// A machine that is over or has failed is due until its owner lets go of it: steps have nothing
    /// left to do there, except to deliver what was received before.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        if self.is_hopeless() || matches!(self.session, Session::NeedsRandom { .. }) {
            return Deadline::NOW;
        }
        match self.status {
            Status::Confirmed => {
                let failure = self.pings.fails_at(self.inbox.is_none());
                Deadline::at(self.pings.due_at()).min(Deadline::at_second(failure))
            }
            Status::ProxyHttpConnecting
            | Status::ProxySocks5Connecting
            | Status::ProxySocks5Unconfirmed
            | Status::Connecting
            | Status::Unconfirmed
            | Status::Disconnected => Deadline::at(self.deadline),
        }
    }

    /// What keeps a packet from being sent now, apart from the socket.
    #[must_use]
    pub fn jam(&self) -> Jam {
        self.out.jam()
    }

    /// Whether [`Self::begin_flush`] has something to hand out.
    #[must_use]
    pub fn needs_flush(&self) -> bool {
        !self.is_hopeless() && self.out.can_flush()
    }

    /// The number attached to a connection id whose peer is online.
    #[must_use]
    pub fn online_number(&self, connection_id: ConnectionId) -> Option<u32> {
        self.routes.online_number(connection_id)
    }

    /// The number attached to a connection id in use.
    #[must_use]
    pub fn number(&self, connection_id: ConnectionId) -> Option<u32> {
        self.routes.number(connection_id)
    }

    /// Pings sent and answered.
    #[must_use]
    pub fn ping_counts(&self) -> PingCounts {
        self.pings.counts()
    }

    /// Pings that the relay has sent.
    #[must_use]
    pub fn pings_received(&self) -> u64 {
        self.pings_received
    }

    /// What has been moved so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let packets_sent = self.traffic.packets_sent + self.out.sealed();
        Traffic { packets_sent, ..self.traffic }
    }

    /// Bytes that wait here for the socket.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.out.queued_bytes()
    }

    // -------------------------------------------------------------------------------- inputs

    /// The random bytes for our handshake; ignored unless [`Needs::handshake_random`].
    pub fn handle_handshake_random(&mut self, random: HandshakeRandom) {
        let Session::NeedsRandom { long_term } = &self.session else { return };
        let HandshakeRandom { temporary_pk, temporary_sk, base_nonce, nonce } = random;
        let hello = Hello { temporary_key: temporary_pk, base_nonce };
        let message = handshake::seal_client(&self.self_pk, long_term, &nonce, &hello);
        self.out.push_raw(message.to_vec());
        let long_term = long_term.clone();
        self.session = Session::Half { long_term, temporary_sk, base_nonce };
    }

    /// The id of the ping that is due; the id 0 is replaced by 1, as in the C code.
    pub fn handle_ping_id(&mut self, id: PingId, now: Timestamp) {
        if self.status != Status::Confirmed || !self.pings.is_due(now) {
            return;
        }
        let id = if id == PingId::default() { [1, 0, 0, 0, 0, 0, 0, 0] } else { id };
        // Pings have no limit to run into: there is one every 30 seconds, and a relay that has
        // not answered one by then is given up.
        let _ = self.out.push(Control::Ping(id));
        self.pings.sent(id, now);
    }

    /// The stream has ended (`errno` `None`) or reading has failed.
    pub fn handle_closed(&mut self, errno: Option<i32>) {
        self.disconnect(errno.map_or(Reason::Closed, Reason::Io));
    }

    /// All that could be read has been handled, or as much of it as one call may handle
    /// (`backlog`); looks at the clock.
    pub fn handle_timeout(&mut self, now: Timestamp, backlog: bool) {
        // While somebody else holds the inbox, the pong may be in it.
        let backlog = backlog || self.inbox.is_none();
        match self.status {
            Status::Disconnected => {}
            Status::Confirmed | Status::Unconfirmed if self.failure.is_some() => {
                // What was received before a write failed is still delivered, but not for ever.
                let limit = *self.drain_until.get_or_insert_with(|| now.plus(DRAIN_TIMEOUT));
                if !backlog || limit <= now {
                    self.disconnect(Reason::Closed);
                }
            }
            Status::Confirmed => {
                if self.pings.has_failed(now, backlog) {
                    self.disconnect(Reason::PingTimeout);
                }
            }
            Status::ProxyHttpConnecting
            | Status::ProxySocks5Connecting
            | Status::ProxySocks5Unconfirmed
            | Status::Connecting
            | Status::Unconfirmed => {
                if self.deadline <= now {
                    self.disconnect(Reason::ConnectTimeout);
                }
            }
        }
    }

    /// A defect was met in this library; the connection is not used any more.
    pub fn handle_defect(&mut self) {
        self.disconnect(Reason::Internal);
    }

    // ------------------------------------------------------------------------------- commands

    /// Asks the relay for a connection id for `peer`.
    ///
    /// # Errors
    /// `NotConfirmed`, `Broken`; `Busy` if too many requests wait or are pending.
    pub fn request_route(&mut self, peer: PublicKey) -> Result<(), SendError> {
        self.check_confirmed()?;
        if !self.routes.can_request() {
            return Err(SendError::Busy);
        }
        self.out.push(Control::RoutingRequest(peer))?;
        self.routes.request(peer);
        Ok(())
    }

    /// Gives a connection id back. For an id that is not in use there is nothing to tell the
    /// relay, which would close the connection over it (D-14).
    ///
    /// # Errors
    /// `NotConfirmed`, `Broken`; the id is given back all the same.
    pub fn release_route(&mut self, connection_id: ConnectionId) -> Result<(), SendError> {
        let released = self.routes.release(connection_id);
        self.check_confirmed()?;
        match released {
            Some(()) => self.out.push(Control::DisconnectNotification(connection_id)),
            None => Ok(()),
        }
    }

    /// Attaches a number to a connection id; `None` if the id is not in use.
    pub fn set_number(&mut self, connection_id: ConnectionId, number: u32) -> Option<()> {
        self.routes.set_number(connection_id, number)
    }

    /// Sends a ping out of turn, with the next step; if one is outstanding, that one serves.
    pub fn probe(&mut self) {
        self.pings.probe();
    }

    // -------------------------------------------------------------------------------- outputs

    /// The receive buffer, for one round of reading; `None` if nothing may be read now: because
    /// somebody has it already, or something has to be written first.
    pub fn take_inbox(&mut self, now: Timestamp) -> Option<Inbox> {
        let readable = match self.status {
            Status::ProxyHttpConnecting
            | Status::ProxySocks5Connecting
            | Status::ProxySocks5Unconfirmed => self.failure.is_none() && self.out.is_empty(),
            Status::Unconfirmed | Status::Confirmed => true,
            Status::Connecting | Status::Disconnected => false,
        };
        if !readable {
            return None;
        }
        let mut inbox = self.inbox.take()?;
        inbox.adapt(now);
        Some(inbox)
    }

    /// Gives the receive buffer back.
    pub fn return_inbox(&mut self, inbox: Inbox) {
        self.traffic.bytes_received = inbox.total();
        if self.status != Status::Disconnected {
            self.inbox = Some(inbox);
        }
    }

    /// What there is to log.
    pub fn take_notes(&mut self) -> Vec<Note> {
        self.notes.take()
    }

    /// What there is to enter into the accounts, if [`Config::keeps_ledger`]. They only count, so the
    /// order does not matter: what was received comes first.
    pub fn take_records(&mut self) -> Vec<Record> {
        self.ledger.take_from(self.out.ledger_mut());
        self.ledger.take()
    }

    // ---------------------------------------------------------------------------- the details

    fn check_confirmed(&self) -> Result<(), SendError> {
        match (self.status, self.failure) {
            (Status::Confirmed, None) => Ok(()),
            (Status::Confirmed, Some(_)) => Err(SendError::Broken),
            _ => Err(SendError::NotConfirmed),
        }
    }

    /// Nothing can come of this connection any more, though its time may not be up.
    fn is_hopeless(&self) -> bool {
        self.status == Status::Disconnected || self.failure.is_some()
    }

    fn disconnect(&mut self, reason: Reason) {
        if self.status == Status::Disconnected {
            return;
        }
        // The first failure is the cause, what follows are its effects.
        let reason = *self.failure.get_or_insert(reason);
        self.status = Status::Disconnected;
        self.session = Session::Over;
        self.proxy = None;
        self.traffic = self.traffic();
        self.ledger.take_from(self.out.ledger_mut());
        self.out = SendQueue::default();
        self.inbox = None;
        self.notes.push(Note::Disconnected(reason));
    }
}
