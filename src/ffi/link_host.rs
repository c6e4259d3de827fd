// SPDX-License-Identifier: GPL-3.0-or-later
//! What surrounds one relay connection of a `TCP_Connections` object.

use core::ffi::CStr;
use std::sync::Arc;

use super::connections::Visit;
use super::handle::Object;
use super::host::{draw_handshake, draw_ping_id, place};
use super::host_tcp::HostSocket;
use crate::proto::connections::{Link, PeerRef};
use crate::proto::relay::event::Event;
use crate::proto::relay::ledger::Record;
use crate::proto::relay::note::Note;
use crate::proto::relay::{HandshakeRandom, RelayClient, Written};
use crate::shell::drive;
use crate::shell::round::{self, Hub};
use crate::shell::transport::{Received, Transport};
use crate::wire::relay_packet::PingId;

const FILE: &CStr = c"TCP_connection.rs";

/// One relay connection, for the time of one call.
pub(super) struct LinkHost<'a> {
    pub(super) visit: &'a Visit<'a>,
    pub(super) link: Link,
    /// The peer that a packet is for.
    pub(super) peer: Option<PeerRef>,
    /// Kept open as long as it is used, whatever happens to the connection meanwhile.
    pub(super) socket: Arc<HostSocket>,
}

impl Transport for LinkHost<'_> {
    fn send(&self, bytes: &[u8]) -> Written {
        self.socket.send(bytes)
    }

    fn receive(&self, room: &mut [u8]) -> Received {
        self.socket.receive(room)
    }

    fn acknowledge(&self) {
        self.socket.acknowledge();
    }
}

impl drive::Host for LinkHost<'_> {
    fn with<R>(&self, call: impl FnOnce(&mut RelayClient) -> R) -> Option<R> {
        let result = self.visit.object.handle().with(|state| {
            if self.peer.is_some_and(|peer| !state.machine.is_current(peer)) {
                return None;
            }
            state.machine.client_mut(self.link).map(call)
        });
        result.flatten()
    }

    fn handshake_random(&self) -> HandshakeRandom {
        draw_handshake(&self.visit.object.env)
    }

    fn ping_id(&self) -> PingId {
        draw_ping_id(&self.visit.object.env)
    }

    fn event(&self, event: Event<'_>) {
        match self.visit.with(|machine| machine.handle_event(self.link, event)).flatten() {
            Some(delivery) => self.visit.deliver(delivery),
            // An id may have to be given back.
            None => round::settle(self.visit, self.visit.object.seconds()),
        }
    }

    fn log(&self, note: Note) {
        self.visit.log.write(note.level(), place!(c"do_tcp_connections"), &note);
    }

    fn keeps_ledger(&self) -> bool {
        self.visit.object.env.accounts().is_some()
    }

    fn record(&self, record: Record) {
        self.visit.object.env.record(record);
    }
}
