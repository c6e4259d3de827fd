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
//! into [`RelayServer::room`], say so with [`RelayServer::received`], and call
//! [`RelayServer::handle_input`] until it is [`Input::Starved`]; after each of these, write what [`RelayServer::take_dirty`] names and close
//! what [`RelayServer::take_closed`] names; [`RelayServer::handle_timeout`] when
//! [`RelayServer::deadline`] has come.

use std::collections::{BTreeSet, HashMap, VecDeque};

use self::client::{Client, Stage};
use self::inbox::Inbox;
pub use self::reason::Reason;
use self::routes::Partner;
use crate::crypto::{Nonce, PublicKey, SecretKey, rust::public_key};
use crate::proto::slots::Slots;
use crate::proto::time::Millis;
use crate::wire::relay_packet::PingId;

mod client;
mod hello;
mod inbox;
mod input;
mod packets;
mod reason;
pub mod routes;

/// Milliseconds from the call to the first frame.
pub const CONFIRM_TIMEOUT_MS: u64 = 10_000;
/// Milliseconds between two pings (`TCP_PING_FREQUENCY`).
pub const PING_FREQUENCY_MS: u64 = 30_000;
/// Milliseconds in which a ping has to be answered (`TCP_PING_TIMEOUT`).
pub const PING_TIMEOUT_MS: u64 = 10_000;
/// Pongs and refused routes that wait for a client beyond [`Limits::queue`]; one that asks for more
/// is given up. What else must not be lost is kept as the newest state of each connection id.
const ANSWERS: usize = 64;
/// Bytes that wait for all clients together, above which those who read slowly get no more: what
/// waits for each is then bounded by [`SCARCE_QUEUE`].
const WAITING_IN_ALL: usize = 64 * 1024 * 1024;
/// See [`WAITING_IN_ALL`].
const SCARCE_QUEUE: usize = 8 * 1024;
/// Write buffers that are kept for the next client that needs one, and the size of the largest.
const SPARE_BUFFERS: usize = 64;
const SPARE_SIZE: usize = 32 * 1024;

/// What a relay allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Clients at the same time, those that are not confirmed included.
    pub clients: u32,
    /// Bytes that may wait for one client; data and out-of-band packets beyond are dropped. For
    /// other packets it is 8 KiB at least.
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
    /// Clients refused because of [`Limits::clients`]: so many were confirmed.
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
    /// When each client that is not confirmed is due, with its number: the oldest one first.
    unconfirmed: BTreeSet<(Millis, u32)>,
    inbox: Inbox,
    /// Empty write buffers with room.
    spare: Vec<Vec<u8>>,
    /// Bytes that wait for all clients together.
    waiting: usize,
    dirty: VecDeque<ClientRef>,
    /// Ends of routes whose other end has gone, to be told.
    untied: VecDeque<Partner>,
    is_untying: bool,
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
            unconfirmed: BTreeSet::new(),
            inbox: Inbox::new(),
            spare: Vec::new(),
            waiting: 0,
            dirty: VecDeque::new(),
            untied: VecDeque::new(),
            is_untying: false,
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

    /// A new socket; `None` if there are too many confirmed clients already. If there are too many
    /// of both kinds, the oldest one that is not confirmed has to go.
    pub fn accept(&mut self, now: Millis) -> Option<ClientRef> {
        if self.len() >= self.limits.clients as usize && !self.make_room() {
            self.figures.refused += 1;
            return None;
        }
        self.figures.accepted += 1;
        self.serial = self.serial.wrapping_add(1);
        let due = Millis(now.0 + CONFIRM_TIMEOUT_MS);
        let number = self.clients.insert(Client::new(self.serial, due));
        self.timetable.insert((due, number));
        self.unconfirmed.insert((due, number));
        Some(ClientRef { number, serial: self.serial })
    }

    /// Sends away the oldest client that is not confirmed; whether there was one. An honest caller
    /// is confirmed within a round trip, so who fills the relay with others does not keep it out.
    pub fn make_room(&mut self) -> bool {
        let oldest = self.unconfirmed.first().copied();
        if let Some((_, number)) = oldest {
            self.close(number, Reason::Crowded);
        }
        oldest.is_some()
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
                    client.owes_ping = true;
                    self.set_due(number, Millis(now.0 + PING_TIMEOUT_MS));
                    self.settle(number);
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
        let Some(entry) = self.current(client) else { return };
        let advanced = entry.advance(count);
        let owes = entry.owes();
        let buffer = if owes { Vec::new() } else { entry.take_empty_buffer() };
        self.waiting = self.waiting.saturating_sub(advanced);
        self.keep_buffer(buffer);
        if owes {
            self.settle(client.number);
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

    fn keep_buffer(&mut self, buffer: Vec<u8>) {
        let fits = (1..=SPARE_SIZE).contains(&buffer.capacity());
        if fits && self.spare.len() < SPARE_BUFFERS {
            self.spare.push(buffer);
        }
    }

    /// Ends a connection; those who were tied to it are told.
    fn close(&mut self, number: u32, reason: Reason) {
        let Some(entry) = self.clients.remove(number) else { return };
        self.timetable.remove(&(entry.due, number));
        self.unconfirmed.remove(&(entry.due, number));
        self.waiting = self.waiting.saturating_sub(entry.output().len());
        if let Stage::Confirmed = entry.stage {
            if self.by_key.get(&entry.pk) == Some(&number) {
                self.by_key.remove(&entry.pk);
            }
        }
        self.closed.push_back((ClientRef { number, serial: entry.serial }, reason));
        self.untied.extend(entry.routes.partners());
        // To tell them may end their connections, too, and so on along any chain of them: all are
        // told here, by the outermost call.
        if self.is_untying {
            return;
        }
        self.is_untying = true;
        while let Some(end) = self.untied.pop_front() {
            self.untie(end);
        }
        self.is_untying = false;
    }
}

#[cfg(test)]
mod tests;
