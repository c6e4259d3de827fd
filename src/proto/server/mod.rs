// SPDX-License-Identifier: GPL-3.0-or-later
//! [`RelayServer`]: the other side of a relay connection, for tests, examples and small networks.
//!
//! It accepts clients, tells those that have asked for each other that both are here, and passes
//! data and out-of-band packets between them. It knows neither onion nor DHT: onion and forward
//! requests are passed over.
//!
//! Behaviour: tcp_client.md sections 4 to 6. Where it knowingly differs from toxcore's server:
//! docs/differences.md.
//!
//! Order of calls: [`RelayServer::accept`] for each new socket; when bytes can be read, read them
//! into [`RelayServer::inbox`] and call [`RelayServer::handle_input`] until it is
//! [`Input::Starved`]; after each of these, write what [`RelayServer::take_dirty`] names and close
//! what [`RelayServer::take_closed`] names; [`RelayServer::handle_timeout`] when
//! [`RelayServer::deadline`] has come.

use std::collections::{BTreeSet, HashMap, VecDeque};

use self::client::{Client, Stage};
use self::routes::{Partner, Route};
use crate::crypto::{BoxKey, Nonce, PublicKey, SecretKey, rust::public_key};
use crate::proto::relay::inbox::Inbox;
use crate::proto::relay::secure_channel::SecureChannel;
use crate::proto::slots::Slots;
use crate::proto::time::Millis;
use crate::wire::client_packet::{FromClient, ToClient};
use crate::wire::connection_id::ConnectionId;
use crate::wire::frame::{Front, front};
use crate::wire::handshake::{self, Hello};
use crate::wire::relay_packet::PingId;
use crate::wire::{FRAME_PREFIX_SIZE, TCP_CLIENT_HANDSHAKE_SIZE, WireError};

mod client;
pub mod routes;

/// Milliseconds from the call to the first frame.
pub const CONFIRM_TIMEOUT_MS: u64 = 10_000;
/// Milliseconds between two pings (`TCP_PING_FREQUENCY`).
pub const PING_FREQUENCY_MS: u64 = 30_000;
/// Milliseconds in which a ping has to be answered (`TCP_PING_TIMEOUT`).
pub const PING_TIMEOUT_MS: u64 = 10_000;
/// Bytes that may wait for a client beyond [`Limits::queue`], in packets that must not be lost: as
/// many as one notification for each of its connection ids takes, and some pongs.
const CONTROL_ROOM: usize = 16 * 1024;

/// What a relay allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Clients at the same time, those that are not confirmed included.
    pub clients: u32,
    /// Bytes that may wait for one client; data and out-of-band packets beyond are dropped.
    pub queue: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { clients: 4096, queue: 256 * 1024 }
    }
}

/// A client, for whoever holds its socket. The number is used again, the serial never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientRef {
    /// Index into a table.
    pub number: u32,
    /// Tells it from those that had the number before.
    pub serial: u32,
}

/// The random bytes of one handshake.
#[derive(Clone, Debug)]
pub struct HandshakeRandom {
    /// Temporary secret key.
    pub temporary_sk: SecretKey,
    /// Nonce of our first frame.
    pub base_nonce: Nonce,
    /// Nonce of the handshake message.
    pub nonce: Nonce,
}

/// Why a client is no longer served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its side of the stream has ended or failed.
    Closed,
    /// The handshake is not for this relay, or forged.
    Handshake,
    /// No frame came in time.
    NotConfirmed,
    /// A frame that is not the next one.
    FrameForged,
    /// A packet that no client may send.
    Packet(WireError),
    /// A connection id that it does not have.
    UnknownConnection,
    /// It has called again.
    Replaced,
    /// A ping was not answered.
    PingTimeout,
    /// It asks and does not read.
    Flood,
    /// A defect of ours.
    Internal,
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Closed => f.write_str("it has hung up"),
            Self::Handshake => f.write_str("its handshake is not for this relay"),
            Self::NotConfirmed => f.write_str("it sent nothing in time"),
            Self::FrameForged => f.write_str("a frame cannot be opened"),
            Self::Packet(error) => write!(f, "it broke the protocol: {error}"),
            Self::UnknownConnection => f.write_str("it named a connection id that it has not"),
            Self::Replaced => f.write_str("it has called again"),
            Self::PingTimeout => f.write_str("it did not answer a ping"),
            Self::Flood => f.write_str("it asks for more than it reads"),
            Self::Internal => f.write_str("internal error"),
        }
    }
}

/// What the bytes in an inbox came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// More bytes are needed.
    Starved,
    /// [`RelayServer::handle_handshake`] is to be called.
    NeedsRandom,
    /// A packet was taken in; there may be more.
    Packet,
    /// The client is gone.
    Over,
}

/// What a relay has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Clients accepted.
    pub accepted: u64,
    /// Clients refused because of [`Limits::clients`].
    pub refused: u64,
    /// Data and out-of-band packets passed on.
    pub forwarded: u64,
    /// Their bytes, without ids and keys.
    pub forwarded_bytes: u64,
    /// Packets dropped because too much waited for their receiver.
    pub dropped: u64,
}

/// A relay. See the module's description.
#[derive(Debug)]
pub struct RelayServer {
    sk: SecretKey,
    pk: PublicKey,
    limits: Limits,
    clients: Slots<Client>,
    /// Confirmed clients.
    by_key: HashMap<PublicKey, u32>,
    /// When each client is due, with its number.
    timetable: BTreeSet<(Millis, u32)>,
    dirty: VecDeque<ClientRef>,
    closed: VecDeque<(ClientRef, Reason)>,
    serial: u32,
    figures: Figures,
}

impl RelayServer {
    /// A relay without clients.
    #[must_use]
    pub fn new(sk: SecretKey, limits: Limits) -> Self {
        Self {
            pk: public_key(&sk),
            sk,
            limits,
            clients: Slots::default(),
            by_key: HashMap::new(),
            timetable: BTreeSet::new(),
            dirty: VecDeque::new(),
            closed: VecDeque::new(),
            serial: 0,
            figures: Figures::default(),
        }
    }

    // ------------------------------------------------------------------------------- getters

    /// The relay's key, by which clients know it.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.pk
    }

    /// Clients that are confirmed.
    #[must_use]
    pub fn confirmed(&self) -> usize {
        self.by_key.len()
    }

    /// Clients, those that are not confirmed included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clients.used()
    }

    /// Whether nobody is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was done so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.figures
    }

    /// When [`Self::handle_timeout`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        self.timetable.first().map(|(due, _)| *due)
    }

    // -------------------------------------------------------------------------------- inputs

    /// A new socket; `None` if there are too many clients already.
    pub fn accept(&mut self, now: Millis) -> Option<ClientRef> {
        if self.len() >= self.limits.clients as usize {
            self.figures.refused += 1;
            return None;
        }
        self.figures.accepted += 1;
        self.serial = self.serial.wrapping_add(1);
        let due = Millis(now.0 + CONFIRM_TIMEOUT_MS);
        let number = self.clients.insert(Client::new(self.serial, due));
        self.timetable.insert((due, number));
        Some(ClientRef { number, serial: self.serial })
    }

    /// The buffer to read the client's socket into; `None` if the client is gone.
    pub fn inbox(&mut self, client: ClientRef) -> Option<&mut Inbox> {
        Some(&mut self.current(client)?.inbox)
    }

    /// Takes in one packet at most from what was read.
    pub fn handle_input(&mut self, client: ClientRef, now: Millis) -> Input {
        let Some(entry) = self.current(client) else { return Input::Over };
        let mut inbox = core::mem::take(&mut entry.inbox);
        let outcome = match entry.stage {
            Stage::Handshake if inbox.unread().len() < TCP_CLIENT_HANDSHAKE_SIZE => {
                Ok(Input::Starved)
            }
            Stage::Handshake => Ok(Input::NeedsRandom),
            Stage::Unconfirmed | Stage::Confirmed => self.handle_frame(client, &mut inbox, now),
        };
        if let Some(entry) = self.current(client) {
            entry.inbox = inbox;
        }
        outcome.unwrap_or_else(|reason| {
            self.close(client.number, reason);
            Input::Over
        })
    }

    /// The random bytes that [`Input::NeedsRandom`] asks for.
    pub fn handle_handshake(&mut self, client: ClientRef, random: HandshakeRandom) {
        let sk = self.sk.clone();
        let Some(entry) = self.current(client) else { return };
        let Stage::Handshake = entry.stage else { return };
        match answer(&sk, entry, random) {
            Ok((pk, channel)) => {
                entry.pk = pk;
                entry.channel = Some(Box::new(channel));
                entry.stage = Stage::Unconfirmed;
                self.note_dirty(client.number);
            }
            Err(reason) => self.close(client.number, reason),
        }
    }

    /// The client's stream has ended or failed.
    pub fn handle_closed(&mut self, client: ClientRef) {
        if self.current(client).is_some() {
            self.close(client.number, Reason::Closed);
        }
    }

    /// Looks at the clients that are due; `ping_id` draws the ids of pings.
    pub fn handle_timeout(&mut self, now: Millis, mut ping_id: impl FnMut() -> PingId) {
        while let Some(&(due, number)) = self.timetable.first().filter(|(due, _)| *due <= now) {
            let Some(client) = self.clients.get_mut(number) else {
                self.timetable.remove(&(due, number));
                continue;
            };
            let reason = match client.stage {
                Stage::Handshake | Stage::Unconfirmed => Reason::NotConfirmed,
                Stage::Confirmed if client.ping.is_some() => Reason::PingTimeout,
                Stage::Confirmed => {
                    // An id of zeros would not be answered.
                    let id = Some(ping_id()).filter(|id| *id != [0; 8]).unwrap_or([1; 8]);
                    client.ping = Some(id);
                    self.set_due(number, Millis(now.0 + PING_TIMEOUT_MS));
                    self.send_control(number, &ToClient::Ping(id));
                    continue;
                }
            };
            self.close(number, reason);
        }
    }

    // ------------------------------------------------------------------------------- outputs

    /// A client for which something waits to be written. It is named again when more has come.
    pub fn take_dirty(&mut self) -> Option<ClientRef> {
        while let Some(client) = self.dirty.pop_front() {
            if let Some(entry) = self.current(client) {
                entry.is_dirty = false;
                return Some(client);
            }
        }
        None
    }

    /// What waits to be written to a client; empty if nothing does, or the client is gone.
    #[must_use]
    pub fn output(&self, client: ClientRef) -> &[u8] {
        let entry = self.clients.get(client.number).filter(|entry| entry.serial == client.serial);
        entry.map_or(&[], Client::output)
    }

    /// So many bytes of [`Self::output`] were written.
    pub fn handle_written(&mut self, client: ClientRef, count: usize) {
        if let Some(entry) = self.current(client) {
            entry.advance(count);
        }
    }

    /// A client that is gone, and why: its socket is to be closed.
    pub fn take_closed(&mut self) -> Option<(ClientRef, Reason)> {
        self.closed.pop_front()
    }

    // --------------------------------------------------------------------------- the details

    fn current(&mut self, client: ClientRef) -> Option<&mut Client> {
        self.clients.get_mut(client.number).filter(|entry| entry.serial == client.serial)
    }

    fn note_dirty(&mut self, number: u32) {
        if let Some(entry) = self.clients.get_mut(number).filter(|entry| !entry.is_dirty) {
            entry.is_dirty = true;
            self.dirty.push_back(ClientRef { number, serial: entry.serial });
        }
    }

    fn set_due(&mut self, number: u32, due: Millis) {
        if let Some(entry) = self.clients.get_mut(number) {
            self.timetable.remove(&(entry.due, number));
            entry.due = due;
            self.timetable.insert((due, number));
        }
    }

    fn handle_frame(
        &mut self,
        client: ClientRef,
        inbox: &mut Inbox,
        now: Millis,
    ) -> Result<Input, Reason> {
        let length = match front(inbox.unread()).map_err(Reason::Packet)? {
            Front::Partial => return Ok(Input::Starved),
            Front::Empty => {
                inbox.take(FRAME_PREFIX_SIZE);
                return Ok(Input::Packet);
            }
            Front::Whole(length) => length,
        };
        let entry = self.current(client).ok_or(Reason::Internal)?;
        let channel = entry.channel.as_mut().ok_or(Reason::Internal)?;
        let packet = channel.open(inbox.take(length)).map_err(|_| Reason::FrameForged)?;
        if let Stage::Unconfirmed = entry.stage {
            self.confirm(client.number, now);
        }
        self.handle_packet(client.number, packet, now)?;
        Ok(Input::Packet)
    }

    /// The client has shown that it has its key; one that was here under that key is replaced.
    fn confirm(&mut self, number: u32, now: Millis) {
        let Some(entry) = self.clients.get_mut(number) else { return };
        entry.stage = Stage::Confirmed;
        let pk = entry.pk;
        if let Some(&older) = self.by_key.get(&pk) {
            self.close(older, Reason::Replaced);
        }
        self.by_key.insert(pk, number);
        self.set_due(number, Millis(now.0 + PING_FREQUENCY_MS));
    }

    fn handle_packet(&mut self, number: u32, packet: &[u8], now: Millis) -> Result<(), Reason> {
        match FromClient::parse(packet).map_err(Reason::Packet)? {
            FromClient::RoutingRequest(peer) => self.route(number, peer),
            FromClient::DisconnectNotification(id) => self.release(number, id),
            FromClient::Ping(id) => {
                if id != PingId::default() {
                    self.send_control(number, &ToClient::Pong(id));
                }
                Ok(())
            }
            FromClient::Pong(id) => {
                let entry = self.clients.get_mut(number).ok_or(Reason::Internal)?;
                if entry.ping == Some(id) {
                    entry.ping = None;
                    self.set_due(number, Millis(now.0 + PING_FREQUENCY_MS));
                }
                Ok(())
            }
            FromClient::OobSend { destination, data } => {
                let sender = self.clients.get(number).ok_or(Reason::Internal)?.pk;
                if let Some(&receiver) = self.by_key.get(&destination) {
                    self.forward(receiver, &ToClient::OobRecv { sender, data }, data.len());
                }
                Ok(())
            }
            FromClient::Data { connection_id, data } => self.pass_on(number, connection_id, data),
            FromClient::ConnectionNotification
            | FromClient::OnionRequest(_)
            | FromClient::ForwardRequest(_) => Ok(()),
        }
    }

    /// Gives `number` a connection id for `peer`, and ties it to the peer's, if that has one for us.
    fn route(&mut self, number: u32, peer: PublicKey) -> Result<(), Reason> {
        let entry = self.clients.get_mut(number).ok_or(Reason::Internal)?;
        let pk = entry.pk;
        let known = entry.routes.find(&peer);
        let id = match known {
            Some(id) => Some(id),
            None if peer == pk => None,
            None => entry.routes.add(peer),
        };
        self.send_control(number, &ToClient::RoutingResponse { connection_id: id, peer });
        let (Some(id), None) = (id, known) else { return Ok(()) };
        let Some(&other) = self.by_key.get(&peer) else { return Ok(()) };
        let back = self.clients.get(other).and_then(|entry| entry.routes.find(&pk));
        if let Some(back) = back {
            self.tie(number, id, Some(Partner { client: other, connection_id: back }));
            self.tie(other, back, Some(Partner { client: number, connection_id: id }));
        }
        Ok(())
    }

    /// Sets the other end of a route and tells its client that it has come or gone.
    fn tie(&mut self, number: u32, id: ConnectionId, partner: Option<Partner>) {
        if let Some(entry) = self.clients.get_mut(number) {
            entry.routes.set_partner(id, partner);
        }
        let packet = match partner {
            Some(_) => ToClient::ConnectionNotification(id),
            None => ToClient::DisconnectNotification(id),
        };
        self.send_control(number, &packet);
    }

    fn release(&mut self, number: u32, id: ConnectionId) -> Result<(), Reason> {
        let entry = self.clients.get_mut(number).ok_or(Reason::Internal)?;
        let route = entry.routes.remove(id).ok_or(Reason::UnknownConnection)?;
        if let Some(partner) = route.partner {
            self.tie(partner.client, partner.connection_id, None);
        }
        Ok(())
    }

    fn pass_on(&mut self, number: u32, id: ConnectionId, data: &[u8]) -> Result<(), Reason> {
        let entry = self.clients.get(number).ok_or(Reason::Internal)?;
        let Route { partner, .. } = entry.routes.get(id).ok_or(Reason::UnknownConnection)?;
        let Some(Partner { client, connection_id }) = partner else { return Ok(()) };
        // A client of toxcore's takes an empty one for the end of the connection (D-02).
        if !data.is_empty() {
            self.forward(client, &ToClient::Data { connection_id, data }, data.len());
        }
        Ok(())
    }

    /// Sends a packet that may be lost.
    fn forward(&mut self, number: u32, packet: &ToClient<'_>, bytes: usize) {
        let limit = self.limits.queue;
        let Some(entry) = self.clients.get_mut(number) else { return };
        match entry.push(packet, limit) {
            Ok(true) => {
                self.figures.forwarded += 1;
                self.figures.forwarded_bytes += bytes as u64;
                self.note_dirty(number);
            }
            Ok(false) => self.figures.dropped += 1,
            Err(reason) => self.close(number, reason),
        }
    }

    /// Sends a packet that must not be lost; a client that does not read is given up.
    fn send_control(&mut self, number: u32, packet: &ToClient<'_>) {
        let limit = self.limits.queue + CONTROL_ROOM;
        let Some(entry) = self.clients.get_mut(number) else { return };
        match entry.push(packet, limit) {
            Ok(true) => self.note_dirty(number),
            Ok(false) => self.close(number, Reason::Flood),
            Err(reason) => self.close(number, reason),
        }
    }

    /// Ends a connection; those who were tied to it are told.
    fn close(&mut self, number: u32, reason: Reason) {
        let Some(entry) = self.clients.remove(number) else { return };
        self.timetable.remove(&(entry.due, number));
        if let Stage::Confirmed = entry.stage {
            if self.by_key.get(&entry.pk) == Some(&number) {
                self.by_key.remove(&entry.pk);
            }
        }
        self.closed.push_back((ClientRef { number, serial: entry.serial }, reason));
        for partner in entry.routes.partners() {
            self.tie(partner.client, partner.connection_id, None);
        }
    }
}

/// Opens the handshake at the front of the client's inbox and puts the answer into its queue.
fn answer(
    sk: &SecretKey,
    client: &mut Client,
    random: HandshakeRandom,
) -> Result<(PublicKey, SecureChannel), Reason> {
    let HandshakeRandom { temporary_sk, base_nonce, nonce } = random;
    let message: [u8; TCP_CLIENT_HANDSHAKE_SIZE] =
        (*client.inbox.take(TCP_CLIENT_HANDSHAKE_SIZE)).try_into().map_err(|_| Reason::Internal)?;
    let mut long_term = None;
    let opened = handshake::open_client(&message, |pk| {
        long_term = BoxKey::precompute(pk, sk).ok();
        long_term.clone()
    });
    let (pk, theirs) = opened.map_err(|_| Reason::Handshake)?;
    let long_term = long_term.ok_or(Reason::Handshake)?;
    let session =
        BoxKey::precompute(&theirs.temporary_key, &temporary_sk).map_err(|_| Reason::Handshake)?;
    let hello = Hello { temporary_key: public_key(&temporary_sk), base_nonce };
    client.push_raw(&handshake::seal_server(&long_term, &nonce, &hello));
    Ok((pk, SecureChannel::new(&session, base_nonce, theirs.base_nonce)))
}
