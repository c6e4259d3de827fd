// SPDX-License-Identifier: GPL-3.0-or-later
//! What clients ask for and send: routes, notifications, data.

use super::client::{Answer, Client};
use super::routes::{Partner, Route};
use super::{ANSWERS, PING_FREQUENCY_MS, Reason, RelayServer, SCARCE_QUEUE, WAITING_IN_ALL};
use crate::crypto::PublicKey;
use crate::proto::time::Millis;
use crate::wire::client_packet::{FromClient, ToClient};
use crate::wire::connection_id::ConnectionId;
use crate::wire::relay_packet::PingId;

impl RelayServer {
    pub(super) fn handle_packet(
        &mut self,
        number: u32,
        packet: &[u8],
        now: Millis,
    ) -> Result<(), Reason> {
        match FromClient::parse(packet).map_err(Reason::Packet)? {
            FromClient::RoutingRequest(peer) => self.route(number, peer),
            FromClient::DisconnectNotification(id) => self.release(number, id),
            FromClient::Ping(id) => {
                if id != PingId::default() {
                    self.answer(number, Answer::Pong(id));
                }
                Ok(())
            }
            FromClient::Pong(id) => {
                let entry = self.clients.get_mut(number).ok_or(Reason::Internal)?;
                if entry.ping == Some(id) {
                    entry.ping = None;
                    entry.owes_ping = false;
                    self.set_due(number, Millis(now.0 + PING_FREQUENCY_MS));
                }
                Ok(())
            }
            FromClient::OobSend { destination, data } => {
                let sender = self.clients.get(number).ok_or(Reason::Internal)?.pk;
                if let Some(&receiver) = self.by_key.get(&destination) {
                    // From anybody, so they must not take all the room from those it knows.
                    let limit = self.limits.queue / 2;
                    let packet = ToClient::OobRecv { sender, data };
                    self.forward(receiver, &packet, data.len(), limit);
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
        let Some(id) = id else {
            self.answer(number, Answer::Refusal(peer));
            return Ok(());
        };
        entry.routes.set_asked(id);
        let other = self.by_key.get(&peer).copied().filter(|_| known.is_none());
        let back = other.and_then(|other| self.clients.get(other)?.routes.find(&pk));
        if let (Some(other), Some(back)) = (other, back) {
            self.set_partner(number, id, Some(Partner { client: other, connection_id: back }));
            self.set_partner(other, back, Some(Partner { client: number, connection_id: id }));
            self.settle(other);
        }
        self.settle(number);
        Ok(())
    }

    /// Takes the other end of a route away, and tells its client that it is gone.
    pub(super) fn untie(&mut self, end: Partner) {
        self.set_partner(end.client, end.connection_id, None);
        self.settle(end.client);
    }

    fn set_partner(&mut self, number: u32, id: ConnectionId, partner: Option<Partner>) {
        if let Some(entry) = self.clients.get_mut(number) {
            entry.routes.set_partner(id, partner);
        }
    }

    fn release(&mut self, number: u32, id: ConnectionId) -> Result<(), Reason> {
        let entry = self.clients.get_mut(number).ok_or(Reason::Internal)?;
        let route = entry.routes.remove(id).ok_or(Reason::UnknownConnection)?;
        if let Some(partner) = route.partner {
            self.untie(partner);
        }
        Ok(())
    }

    fn pass_on(&mut self, number: u32, id: ConnectionId, data: &[u8]) -> Result<(), Reason> {
        let entry = self.clients.get(number).ok_or(Reason::Internal)?;
        let Route { partner, .. } = entry.routes.get(id).ok_or(Reason::UnknownConnection)?;
        let Some(Partner { client, connection_id }) = partner else { return Ok(()) };
        // A client of toxcore's takes an empty one for the end of the connection (D-02).
        if !data.is_empty() {
            let packet = ToClient::Data { connection_id, data };
            self.forward(client, &packet, data.len(), self.limits.queue);
        }
        Ok(())
    }

    /// Sends a packet that may be lost, if at most `limit` bytes wait with it, and nothing that
    /// must not be lost has to precede it.
    fn forward(&mut self, number: u32, packet: &ToClient<'_>, bytes: usize, limit: usize) {
        if self.owes(number) {
            self.settle(number);
        }
        let limit = if self.owes(number) { 0 } else { self.scarce(limit) };
        match self.push(number, packet, limit) {
            Some(true) => {
                self.figures.forwarded += 1;
                self.figures.forwarded_bytes += bytes as u64;
            }
            Some(false) => self.figures.dropped += 1,
            None => {}
        }
    }

    /// Answers a client; one that asks for too much and does not read is given up.
    fn answer(&mut self, number: u32, answer: Answer) {
        let Some(entry) = self.clients.get_mut(number) else { return };
        entry.answers.push_back(answer);
        self.settle(number);
        if self.clients.get(number).is_some_and(|entry| entry.answers.len() > ANSWERS) {
            self.close(number, Reason::Flood);
        }
    }

    /// Seals what a client is owed, as far as there is room: the rest waits until it has read.
    pub(super) fn settle(&mut self, number: u32) {
        while let Some(packet) = self.clients.get(number).and_then(Client::owed) {
            // With an empty queue there is always room, whatever `Limits` says.
            let limit = self.scarce(self.limits.queue).max(SCARCE_QUEUE);
            if self.push(number, &packet, limit) != Some(true) {
                return;
            }
            if let Some(entry) = self.clients.get_mut(number) {
                entry.settle(&packet);
            }
        }
    }

    fn owes(&self, number: u32) -> bool {
        self.clients.get(number).is_some_and(Client::owes)
    }

    /// A limit of what waits for one client, in the light of what waits for all.
    fn scarce(&self, limit: usize) -> usize {
        if self.waiting > WAITING_IN_ALL { limit.min(SCARCE_QUEUE) } else { limit }
    }

    /// Puts a packet into a client's queue; whether there was room, `None` if it cannot be served.
    fn push(&mut self, number: u32, packet: &ToClient<'_>, limit: usize) -> Option<bool> {
        let entry = self.clients.get_mut(number)?;
        if entry.needs_buffer() {
            entry.give_buffer(self.spare.pop().unwrap_or_else(|| Vec::with_capacity(BUFFER_SIZE)));
        }
        match entry.push(packet, limit) {
            Ok(Some(added)) => {
                self.waiting += added;
                self.note_dirty(number);
                Some(true)
            }
            Ok(None) => Some(false),
            Err(reason) => {
                self.close(number, reason);
                None
            }
        }
    }
}

/// Bytes of a new write buffer.
const BUFFER_SIZE: usize = 4096;
