// SPDX-License-Identifier: GPL-3.0-or-later
//! One client of a relay: how far its connection is, what waits for it, when it is due.

use std::collections::VecDeque;

use super::Reason;
use super::routes::Routes;
use crate::crypto::PublicKey;
use crate::proto::relay::secure_channel::SecureChannel;
use crate::proto::time::Millis;
use crate::wire::client_packet::ToClient;
use crate::wire::relay_packet::PingId;
use crate::wire::{CRYPTO_MAC_SIZE, FRAME_PREFIX_SIZE};

/// How far a connection is.
#[derive(Debug)]
pub(super) enum Stage {
    /// Its handshake is not complete.
    Handshake,
    /// Answered; the first frame proves that the client has its key.
    Unconfirmed,
    /// In use.
    Confirmed,
}

/// What a client has asked for, while there is no room for it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// To a ping.
    Pong(PingId),
    /// To a request for a route to this peer.
    Refusal(PublicKey),
}

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) serial: u32,
    pub(super) stage: Stage,
    /// Known from the handshake on.
    pub(super) pk: PublicKey,
    pub(super) channel: Option<Box<SecureChannel>>,
    /// Bytes that it has sent and that are not looked at yet, unless the inbox has them.
    pub(super) rest: Vec<u8>,
    pub(super) routes: Routes,
    /// What it has asked for and is not sealed yet, oldest first.
    pub(super) answers: VecDeque<Answer>,
    /// Frames to be written, in order; the front may be written in part.
    out: Vec<u8>,
    /// Bytes of `out` that are written.
    written: usize,
    /// Its turn to write is noted already.
    pub(super) is_dirty: bool,
    /// When it is looked at again, whatever happens.
    pub(super) due: Millis,
    /// The ping that is not answered yet.
    pub(super) ping: Option<PingId>,
    /// That ping is not sealed yet.
    pub(super) owes_ping: bool,
}

impl Client {
    pub(super) fn new(serial: u32, due: Millis) -> Self {
        Self {
            serial,
            stage: Stage::Handshake,
            pk: PublicKey([0; 32]),
            channel: None,
            rest: Vec::new(),
            routes: Routes::default(),
            answers: VecDeque::new(),
            out: Vec::new(),
            written: 0,
            is_dirty: false,
            due,
            ping: None,
            owes_ping: false,
        }
    }

    /// Whether there are packets for it that must not be lost and are not sealed yet.
    pub(super) fn owes(&self) -> bool {
        self.routes.owes() || !self.answers.is_empty() || self.owes_ping
    }

    /// The next one of these.
    pub(super) fn owed(&self) -> Option<ToClient<'static>> {
        if let Some(id) = self.ping.filter(|_| self.owes_ping) {
            return Some(ToClient::Ping(id));
        }
        match self.answers.front() {
            Some(Answer::Pong(id)) => Some(ToClient::Pong(*id)),
            Some(Answer::Refusal(peer)) => {
                Some(ToClient::RoutingResponse { connection_id: None, peer: *peer })
            }
            None => self.routes.owed(),
        }
    }

    /// That one is sealed.
    pub(super) fn settle(&mut self, packet: &ToClient<'_>) {
        match packet {
            ToClient::Ping(_) => self.owes_ping = false,
            ToClient::RoutingResponse { connection_id: Some(id), .. }
            | ToClient::ConnectionNotification(id)
            | ToClient::DisconnectNotification(id) => self.routes.settle(*id),
            ToClient::Pong(_) | ToClient::RoutingResponse { connection_id: None, .. } => {
                self.answers.pop_front();
                if self.answers.is_empty() {
                    // An idle client has no buffers.
                    self.answers = VecDeque::new();
                }
            }
            // These may be lost, so they are never owed.
            ToClient::OobRecv { .. } | ToClient::Data { .. } => {}
        }
    }

    /// What waits to be written.
    pub(super) fn output(&self) -> &[u8] {
        self.out.get(self.written..).unwrap_or_default()
    }

    /// So many bytes were written, or fewer if less waited; the result is how many.
    pub(super) fn advance(&mut self, count: usize) -> usize {
        let count = count.min(self.output().len());
        self.written += count;
        if self.written == self.out.len() {
            self.written = 0;
            self.out.clear();
        }
        count
    }

    /// The write buffer, for somebody else's use, if nothing waits; else one without room.
    pub(super) fn take_empty_buffer(&mut self) -> Vec<u8> {
        if self.out.is_empty() { core::mem::take(&mut self.out) } else { Vec::new() }
    }

    /// Whether a write buffer would save it from making its own.
    pub(super) fn needs_buffer(&self) -> bool {
        self.out.capacity() == 0
    }

    /// Gives it a write buffer, which has to be empty.
    pub(super) fn give_buffer(&mut self, buffer: Vec<u8>) {
        self.out = buffer;
    }

    /// The answer to the handshake, which precedes all frames.
    pub(super) fn push_raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Seals a packet behind what waits, if that leaves at most `limit` bytes waiting; gives the
    /// bytes that it added.
    ///
    /// # Errors
    /// `Reason::Internal` if there is no channel, or the packet is too long.
    pub(super) fn push(
        &mut self,
        packet: &ToClient<'_>,
        limit: usize,
    ) -> Result<Option<usize>, Reason> {
        let Some(channel) = &mut self.channel else { return Err(Reason::Internal) };
        let length = FRAME_PREFIX_SIZE + CRYPTO_MAC_SIZE + packet.size();
        let waiting = self.out.len() - self.written;
        if waiting + length > limit {
            return Ok(None);
        }
        if self.written > 0 && self.out.len() + length > self.out.capacity() {
            self.out.drain(..self.written);
            self.written = 0;
        }
        let start = self.out.len();
        self.out.resize(start + length, 0);
        let room = self.out.get_mut(start..).unwrap_or_default();
        if channel.seal(room, |room| packet.emit(room)) != Ok(length) {
            self.out.truncate(start);
            return Err(Reason::Internal);
        }
        channel.commit();
        Ok(Some(length))
    }
}
