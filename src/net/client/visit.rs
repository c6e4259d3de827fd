// SPDX-License-Identifier: GPL-3.0-or-later
//! One call inside a client: what the shell asks of its surroundings.

use std::sync::Arc;

use super::event::Event;
use super::{Client, Tell};
use crate::net::socket::Stream;
use crate::net::{handshake_random, ping_id};
use crate::proto::relay::event::Event as Packet;
use crate::proto::relay::note::Note;
use crate::proto::relay::{HandshakeRandom, RelayClient};
use crate::shell::drive;
use crate::shell::transport::{Received, Transport, Written};
use crate::wire::relay_packet::PingId;

/// One call inside a client.
pub(super) struct Visit<'a> {
    pub(super) client: &'a Client,
    pub(super) stream: Arc<Stream>,
    /// In a turn; nothing is told outside of one.
    pub(super) tell: Option<Tell<'a>>,
}

impl Visit<'_> {
    pub(super) fn tell(&self, event: Event<'_>) {
        if let Some(tell) = self.tell {
            tell(event);
        }
    }
}

impl Transport for Visit<'_> {
    fn send(&self, bytes: &[u8]) -> Written {
        self.stream.send(bytes)
    }

    fn receive(&self, room: &mut [u8]) -> Received {
        self.stream.receive(room)
    }

    fn acknowledge(&self) {
        self.stream.acknowledge();
    }
}

impl drive::Host for Visit<'_> {
    fn with<R>(&self, call: impl FnOnce(&mut RelayClient) -> R) -> Option<R> {
        self.client.with(|state| state.live_mut().map(|live| call(&mut live.machine)))?
    }

    fn handshake_random(&self) -> HandshakeRandom {
        handshake_random(self)
    }

    fn ping_id(&self) -> PingId {
        ping_id()
    }

    fn event(&self, event: Packet<'_>) {
        if let Some(tell) = self.tell {
            // The status comes before the first packet, as it came about.
            self.client.tell_status(tell);
        }
        self.tell(match event {
            Packet::RoutingResponse { connection_id, peer } => {
                Event::Route { peer, connection_id: Some(connection_id) }
            }
            Packet::RoutingRefused { peer } => Event::Route { peer, connection_id: None },
            Packet::Status { connection_id, online, .. } => Event::Online { connection_id, online },
            Packet::Data { connection_id, data, .. } => Event::Data { connection_id, data },
            Packet::Oob { sender, data } => Event::Oob { sender, data },
            Packet::Onion(data) => Event::Onion(data),
            Packet::Forwarding(data) => Event::Forwarding(data),
        });
    }

    fn log(&self, note: Note) {
        self.tell(Event::Log(note.level(), &note));
    }
}
