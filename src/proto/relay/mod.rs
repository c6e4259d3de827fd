// SPDX-License-Identifier: GPL-3.0-or-later
//! [`RelayClient`]: one connection to one relay, directly or through a proxy.
//!
//! Behaviour: tcp_client.md. Where it knowingly differs from the C code: docs/differences.md.

use core::net::SocketAddr;

use crate::crypto::{BoxKey, Nonce, PublicKey, SecretKey};
use crate::wire::connection_id::ConnectionId;
use crate::wire::frame::{Front, front};
use crate::wire::handshake::{self, Hello};
use crate::wire::proxy::Reply;
use crate::wire::relay_packet::{FromRelay, PingId, ToRelay};
use crate::wire::{
    FRAME_PREFIX_SIZE, MAX_FORWARD_DATA_SIZE, MAX_FRAME_SIZE, MAX_PAYLOAD_SIZE,
    TCP_MAX_OOB_DATA_LENGTH, TCP_SERVER_HANDSHAKE_SIZE,
};

pub mod event;
pub mod inbox;
pub mod note;
pub mod ping;
pub mod proxy;
pub mod routes;
pub mod secure_channel;
pub mod send_queue;
pub mod state;

use self::event::Event;
use self::inbox::Inbox;
use self::note::{Note, Notes};
use self::ping::Pings;
use self::proxy::ProxyKind;
use self::routes::Routes;
use self::secure_channel::SecureChannel;
use self::send_queue::{Batch, Control, SendQueue};
use self::state::{Reason, SendError, Status};
use super::time::Timestamp;

/// Seconds from creation to [`Status::Confirmed`], proxy included.
pub const TCP_CONNECTION_TIMEOUT: u64 = 10;

/// What a client is made from.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our long-term public key (the DHT key), sent in clear in the handshake.
    pub self_pk: PublicKey,
    /// The key shared by our long-term key and the relay's.
    pub long_term: BoxKey,
    /// The relay's address, for the proxy.
    pub target: SocketAddr,
    /// The proxy that the socket leads to; `None` if it leads to the relay.
    pub proxy: Option<ProxyKind>,
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
    config: Config,
    session: Session,
    wrote_any: bool,
    out: SendQueue,
    inbox: Option<Inbox>,
    routes: Routes,
    pings: Pings,
    notes: Notes,
}

/// The keys, from one step of the handshake to the next.
#[derive(Debug)]
enum Session {
    /// Randomness is not needed yet: a proxy is asked first.
    Later,
    /// Randomness is needed now.
    NeedsRandom,
    /// Our half has been made.
    Half { temporary_sk: SecretKey, base_nonce: Nonce },
    /// Both halves are known.
    Full(Box<SecureChannel>),
    /// Wiped.
    Over,
}

impl RelayClient {
    /// A client for a socket that is being connected at `now`.
    #[must_use]
    pub fn new(config: Config, now: Timestamp) -> Self {
        let mut out = SendQueue::default();
        let (status, session) = match config.proxy {
            None => (Status::Connecting, Session::NeedsRandom),
            Some(proxy) => {
                let (status, message) = proxy.open(config.target);
                out.push_raw(message);
                (status, Session::Later)
            }
        };
        Self {
            status,
            failure: None,
            deadline: now.plus(TCP_CONNECTION_TIMEOUT),
            config,
            session,
            wrote_any: false,
            out,
            inbox: Some(Inbox::default()),
            routes: Routes::default(),
            pings: Pings::default(),
            notes: Notes::default(),
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
            handshake_random: matches!(self.session, Session::NeedsRandom),
            ping_id: self.status == Status::Confirmed && self.pings.is_due(now),
            flush: self.needs_flush(),
        }
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

    // -------------------------------------------------------------------------------- inputs

    /// The random bytes for our handshake; ignored unless [`Needs::handshake_random`].
    pub fn handle_handshake_random(&mut self, random: HandshakeRandom) {
        if !matches!(self.session, Session::NeedsRandom) {
            return;
        }
        let HandshakeRandom { temporary_pk, temporary_sk, base_nonce, nonce } = random;
        let hello = Hello { temporary_key: temporary_pk, base_nonce };
        let Config { self_pk, long_term, .. } = &self.config;
        self.out.push_raw(handshake::seal_client(self_pk, long_term, &nonce, &hello).to_vec());
        self.session = Session::Half { temporary_sk, base_nonce };
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

    /// Looks at the front of what was received, and takes in one packet at most.
    pub fn handle_input<'a>(&mut self, inbox: &'a mut Inbox) -> Input<'a> {
        match self.status {
            Status::ProxyHttpConnecting
            | Status::ProxySocks5Connecting
            | Status::ProxySocks5Unconfirmed => self.handle_proxy_reply(inbox),
            Status::Unconfirmed => self.handle_handshake(inbox),
            Status::Confirmed => self.handle_frame(inbox),
            Status::Connecting | Status::Disconnected => Input::Blocked,
        }
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
                self.disconnect(Reason::Closed);
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
    /// `NotConfirmed`; `Busy` if too many requests wait or are pending.
    pub fn request_route(&mut self, peer: PublicKey) -> Result<(), SendError> {
        self.check_confirmed()?;
        if !self.routes.can_request(&peer) {
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
    /// `NotConfirmed`; the id is given back all the same.
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

    // -------------------------------------------------------------------------------- outputs

    /// Whether data could be sent to the peer behind a connection id.
    ///
    /// # Errors
    /// `NotOnline`, `NotConfirmed`
    pub fn check_data_route(&self, connection_id: ConnectionId) -> Result<(), SendError> {
        self.check_confirmed()?;
        self.routes.online_number(connection_id).map(|_| ()).ok_or(SendError::NotOnline)
    }

    /// Whether a forward request with this payload could be sent.
    ///
    /// # Errors
    /// `Length`, `NotConfirmed`
    pub fn check_forward(&self, data: &[u8]) -> Result<(), SendError> {
        self.check_confirmed()?;
        self.check_payload(&ToRelay::ForwardRequest { destination: &[], data })
    }

    /// Bytes that wait to be written; to be followed by [`Self::end_flush`].
    pub fn begin_flush(&mut self) -> Option<Batch> {
        if self.is_hopeless() {
            return None;
        }
        let channel = match &mut self.session {
            Session::Full(channel) => Some(&mut **channel),
            Session::Later | Session::NeedsRandom | Session::Half { .. } | Session::Over => None,
        };
        self.out.begin_flush(channel)
    }

    /// What became of them. Whether another [`Self::begin_flush`] is worth it.
    pub fn end_flush(&mut self, batch: Batch, written: Written) -> bool {
        let whole = written == Written::Bytes(batch.bytes().len());
        let taken = self.note_written(written);
        if self.status == Status::Disconnected {
            return false;
        }
        self.out.end_flush(batch, taken);
        if whole
            && self.status == Status::Connecting
            && matches!(self.session, Session::Half { .. })
            && self.out.is_empty()
        {
            self.status = Status::Unconfirmed;
        }
        whole
    }

    /// Seals a packet that is sent now or not at all; gives the length of its frame. To be
    /// followed by [`Self::end_send`].
    ///
    /// # Errors
    /// `NotConfirmed`, `NotOnline`, `Length`; `Busy` if something waits to be written first.
    pub fn begin_send(
        &mut self,
        packet: &ToRelay<'_>,
        frame: &mut [u8; MAX_FRAME_SIZE],
    ) -> Result<usize, SendError> {
        self.check_confirmed()?;
        self.check_payload(packet)?;
        match &self.session {
            Session::Full(channel) => self.out.begin_frame(channel, packet, frame),
            Session::Later | Session::NeedsRandom | Session::Half { .. } | Session::Over => {
                Err(SendError::NotConfirmed)
            }
        }
    }

    /// What became of the frame.
    ///
    /// # Errors
    /// `Busy` if the socket took nothing: the packet is forgotten. `NotConfirmed` if the socket
    /// has failed.
    pub fn end_send(&mut self, frame: &[u8], written: Written) -> Result<(), SendError> {
        let taken = self.note_written(written);
        let Session::Full(channel) = &mut self.session else {
            return Err(SendError::NotConfirmed);
        };
        let result = self.out.end_frame(channel, frame, taken);
        if self.failure.is_some() { Err(SendError::NotConfirmed) } else { result }
    }

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
        if self.status != Status::Disconnected {
            self.inbox = Some(inbox);
        }
    }

    /// What there is to log.
    pub fn take_notes(&mut self) -> Vec<Note> {
        self.notes.take()
    }

    // ---------------------------------------------------------------------------- the details

    fn handle_proxy_reply<'a>(&mut self, inbox: &mut Inbox) -> Input<'a> {
        if !self.out.is_empty() {
            return Input::Blocked;
        }
        match proxy::judge(self.status, inbox.unread()) {
            None | Some(Reply::Partial) => Input::Starved,
            Some(Reply::Refused(refusal)) => {
                self.disconnect(Reason::Proxy(refusal));
                Input::Quiet
            }
            Some(Reply::Granted(length)) => {
                inbox.take(length);
                if self.status == Status::ProxySocks5Connecting {
                    self.status = Status::ProxySocks5Unconfirmed;
                    self.out.push_raw(crate::wire::proxy::socks5_connect(self.config.target));
                } else {
                    self.status = Status::Connecting;
                    self.session = Session::NeedsRandom;
                }
                Input::Quiet
            }
        }
    }

    fn handle_handshake<'a>(&mut self, inbox: &mut Inbox) -> Input<'a> {
        let Some(message) = inbox.unread().first_chunk::<TCP_SERVER_HANDSHAKE_SIZE>() else {
            return Input::Starved;
        };
        match self.open_handshake(message) {
            Err(reason) => self.disconnect(reason),
            Ok(channel) => {
                inbox.take(TCP_SERVER_HANDSHAKE_SIZE);
                self.session = Session::Full(Box::new(channel));
                self.status = Status::Confirmed;
                self.notes.push(Note::Confirmed);
            }
        }
        Input::Quiet
    }

    fn open_handshake(
        &self,
        message: &[u8; TCP_SERVER_HANDSHAKE_SIZE],
    ) -> Result<SecureChannel, Reason> {
        let Session::Half { temporary_sk, base_nonce } = &self.session else {
            return Err(Reason::Internal);
        };
        let theirs = handshake::open_server(&self.config.long_term, message)
            .map_err(|_| Reason::HandshakeForged)?;
        let key = BoxKey::precompute(&theirs.temporary_key, temporary_sk)
            .map_err(|_| Reason::LowOrderKey)?;
        Ok(SecureChannel::new(&key, *base_nonce, theirs.base_nonce))
    }

    fn handle_frame<'a>(&mut self, inbox: &'a mut Inbox) -> Input<'a> {
        let length = match front(inbox.unread()) {
            Ok(Front::Partial) => return Input::Starved,
            Ok(Front::Empty) => {
                inbox.take(FRAME_PREFIX_SIZE);
                return Input::Quiet;
            }
            Ok(Front::Whole(length)) => length,
            Err(error) => {
                self.disconnect(Reason::Packet(error));
                return Input::Quiet;
            }
        };
        match self.open_frame(inbox.take(length)) {
            Ok(Some(event)) => Input::Event(event),
            Ok(None) => Input::Quiet,
            Err(reason) => {
                self.disconnect(reason);
                Input::Quiet
            }
        }
    }

    fn open_frame<'a>(&mut self, frame: &'a mut [u8]) -> Result<Option<Event<'a>>, Reason> {
        let Session::Full(channel) = &mut self.session else {
            return Err(Reason::Internal);
        };
        let packet = channel.open(frame).map_err(|_| Reason::FrameForged)?;
        self.handle_packet(FromRelay::parse(packet).map_err(Reason::Packet)?)
    }

    fn handle_packet<'a>(&mut self, packet: FromRelay<'a>) -> Result<Option<Event<'a>>, Reason> {
        Ok(match packet {
            FromRelay::RoutingResponse { connection_id, peer } => {
                let event = self.routes.handle_response(connection_id, peer);
                if let Some(Event::RoutingRefused { .. }) = event {
                    self.notes.push(Note::RoutingRefused);
                }
                event
            }
            FromRelay::ConnectionNotification(id) => self.routes.handle_status(id, true),
            FromRelay::DisconnectNotification(id) => self.routes.handle_status(id, false),
            FromRelay::Ping(id) => {
                if id != PingId::default() {
                    self.out.push(Control::Pong(id)).map_err(|_| Reason::PongFlood)?;
                }
                None
            }
            FromRelay::Pong(id) => {
                self.pings.handle_pong(id);
                None
            }
            FromRelay::OobRecv { sender, data } => Some(Event::Oob { sender, data }),
            FromRelay::OnionResponse(data) => Some(Event::Onion(data)),
            FromRelay::Forwarding(data) => Some(Event::Forwarding(data)),
            FromRelay::Data { data: [], .. } => None,
            FromRelay::Data { connection_id, data } => self
                .routes
                .online_number(connection_id)
                .map(|number| Event::Data { number, connection_id, data }),
        })
    }

    fn check_payload(&self, packet: &ToRelay<'_>) -> Result<(), SendError> {
        let (data, allowed) = match packet {
            ToRelay::Data { connection_id, data } => {
                self.routes.online_number(*connection_id).ok_or(SendError::NotOnline)?;
                (data, 1..=MAX_PAYLOAD_SIZE)
            }
            ToRelay::OobSend { data, .. } => (data, 1..=TCP_MAX_OOB_DATA_LENGTH),
            ToRelay::ForwardRequest { data, .. } => (data, 0..=MAX_FORWARD_DATA_SIZE),
            ToRelay::OnionRequest(data) => (data, 0..=MAX_PAYLOAD_SIZE),
            ToRelay::RoutingRequest(_)
            | ToRelay::DisconnectNotification(_)
            | ToRelay::Ping(_)
            | ToRelay::Pong(_) => return Ok(()),
        };
        if allowed.contains(&data.len()) { Ok(()) } else { Err(SendError::Length(data.len())) }
    }

    fn check_confirmed(&self) -> Result<(), SendError> {
        match (self.status, self.failure) {
            (Status::Confirmed, None) => Ok(()),
            _ => Err(SendError::NotConfirmed),
        }
    }

    /// Nothing can come of this connection any more, though its time may not be up.
    fn is_hopeless(&self) -> bool {
        self.status == Status::Disconnected || self.failure.is_some()
    }

    /// Bytes that were taken. A failed socket is remembered: what it delivered before may still
    /// wait to be read, so the connection ends after that, in `handle_timeout`.
    fn note_written(&mut self, written: Written) -> usize {
        match written {
            Written::Bytes(count) => {
                self.wrote_any |= count > 0;
                count
            }
            Written::Failed(errno) => {
                if self.failure.is_none() {
                    self.note_failed_write(errno);
                }
                0
            }
        }
    }

    fn note_failed_write(&mut self, errno: i32) {
        if self.wrote_any && self.status != Status::Confirmed && self.status != Status::Unconfirmed
        {
            // A proxy that has heard us and is gone: as good as a refusal.
            self.disconnect(Reason::Io(errno));
        } else if self.wrote_any {
            self.failure = Some(Reason::Io(errno));
        } else {
            self.failure = Some(Reason::ConnectFailed(errno));
            self.notes.push(Note::ConnectFailed(Reason::ConnectFailed(errno)));
        }
    }

    fn disconnect(&mut self, reason: Reason) {
        if self.status == Status::Disconnected {
            return;
        }
        // The first failure is the cause, what follows are its effects.
        let reason = *self.failure.get_or_insert(reason);
        self.status = Status::Disconnected;
        self.session = Session::Over;
        self.out = SendQueue::default();
        self.inbox = None;
        self.notes.push(Note::Disconnected(reason));
    }
}
