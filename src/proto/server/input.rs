// SPDX-License-Identifier: GPL-3.0-or-later
//! Bytes of a client, up to the packets in them.

use super::client::{Client, Stage};
use super::hello::{Answer, answer};
use super::inbox::Inbox;
use super::{ClientRef, HandshakeRandom, Input, PING_FREQUENCY_MS, Reason, RelayServer};
use crate::proto::time::Millis;
use crate::wire::frame::{Front, front};
use crate::wire::{FRAME_PREFIX_SIZE, TCP_CLIENT_HANDSHAKE_SIZE};

impl RelayServer {
    /// Room to read the client's socket into, for all frames that wait there; `None` if the client
    /// is gone. Empty only if [`Self::handle_input`] was not called until it was starved.
    pub fn room(&mut self, client: ClientRef) -> Option<&mut [u8]> {
        self.lend_inbox(client)?;
        Some(self.inbox.room())
    }

    /// So many bytes were read into [`Self::room`].
    pub fn received(&mut self, client: ClientRef, count: usize) {
        if self.inbox.owner() == Some(client) {
            self.inbox.received(count);
        }
    }

    /// Takes in one packet at most from what was read.
    pub fn handle_input(&mut self, client: ClientRef, now: Millis) -> Input {
        let Some(entry) = self.lend_inbox(client) else { return Input::Over };
        let is_answered = !matches!(entry.stage, Stage::Handshake);
        let outcome = if is_answered {
            self.handle_frame(client, now)
        } else if self.inbox.unread().len() < TCP_CLIENT_HANDSHAKE_SIZE {
            Ok(Input::Starved)
        } else {
            Ok(Input::NeedsRandom)
        };
        outcome.unwrap_or_else(|reason| {
            self.close(client.number, reason);
            Input::Over
        })
    }

    /// The random bytes that [`Input::NeedsRandom`] asks for.
    pub fn handle_handshake(&mut self, client: ClientRef, random: &HandshakeRandom) {
        let Some(entry) = self.lend_inbox(client) else { return };
        let Stage::Handshake = entry.stage else { return };
        let message = self.inbox.take(TCP_CLIENT_HANDSHAKE_SIZE).first_chunk();
        let answered =
            message.ok_or(Reason::Internal).and_then(|message| answer(&self.sk, message, random));
        let Some(entry) = self.current(client) else { return };
        match answered {
            Ok(Answer { pk, channel, message }) => {
                entry.pk = pk;
                entry.channel = Some(Box::new(channel));
                entry.stage = Stage::Unconfirmed;
                entry.push_raw(&message);
                self.waiting += message.len();
                self.note_dirty(client.number);
            }
            Err(reason) => self.close(client.number, reason),
        }
    }

    /// Puts the client's bytes into the inbox, and those of the one before where they belong.
    fn lend_inbox(&mut self, client: ClientRef) -> Option<&mut Client> {
        if self.inbox.owner() != Some(client) {
            if let Some((owner, rest)) = self.inbox.leave() {
                if let Some(entry) = self.current(owner) {
                    entry.rest = rest;
                }
            }
            let rest = core::mem::take(&mut self.current(client)?.rest);
            self.inbox.enter(client, &rest);
        }
        self.current(client)
    }

    fn handle_frame(&mut self, client: ClientRef, now: Millis) -> Result<Input, Reason> {
        let length = match front(self.inbox.unread()).map_err(Reason::Packet)? {
            Front::Partial => return Ok(Input::Starved),
            Front::Empty => {
                self.inbox.take(FRAME_PREFIX_SIZE);
                return Ok(Input::Packet);
            }
            Front::Whole(length) => length,
        };
        // The packet stays in its buffer while the machine handles it.
        let mut inbox = core::mem::replace(&mut self.inbox, Inbox::none());
        let outcome = self.open_frame(client, inbox.take(length), now);
        self.inbox = inbox;
        outcome.map(|()| Input::Packet)
    }

    fn open_frame(
        &mut self,
        client: ClientRef,
        frame: &mut [u8],
        now: Millis,
    ) -> Result<(), Reason> {
        let entry = self.current(client).ok_or(Reason::Internal)?;
        let channel = entry.channel.as_mut().ok_or(Reason::Internal)?;
        let packet = channel.open(frame).map_err(|_| Reason::FrameForged)?;
        if let Stage::Unconfirmed = entry.stage {
            self.confirm(client.number, now);
        }
        self.handle_packet(client.number, packet, now)
    }

    /// The client has shown that it has its key; one that was here under that key is replaced.
    fn confirm(&mut self, number: u32, now: Millis) {
        let Some(entry) = self.clients.get_mut(number) else { return };
        entry.stage = Stage::Confirmed;
        self.unconfirmed.remove(&(entry.due, number));
        let pk = entry.pk;
        if let Some(&older) = self.by_key.get(&pk) {
            self.close(older, Reason::Replaced);
        }
        self.by_key.insert(pk, number);
        self.set_due(number, Millis(now.0 + PING_FREQUENCY_MS));
    }
}
