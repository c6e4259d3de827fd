// SPDX-License-Identifier: GPL-3.0-or-later
//! What received bytes do to a relay client.

use super::event::Event;
use super::inbox::Inbox;
use super::ledger::Direction;
use super::note::Note;
use super::proxy::{Dialogue, Heard};
use super::secure_channel::SecureChannel;
use super::send_queue::Control;
use super::state::{Reason, Status};
use super::{Input, RelayClient, Session};
use crate::crypto::BoxKey;
use crate::wire::frame::{Front, front};
use crate::wire::handshake;
use crate::wire::relay_packet::{FromRelay, PingId};
use crate::wire::{FRAME_PREFIX_SIZE, TCP_SERVER_HANDSHAKE_SIZE};

impl RelayClient {
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

    fn handle_proxy_reply<'a>(&mut self, inbox: &mut Inbox) -> Input<'a> {
        if !self.out.is_empty() {
            return Input::Blocked;
        }
        let heard = |dialogue: &mut Dialogue| dialogue.hear(self.status, inbox.unread());
        match self.proxy.as_mut().map_or(Heard::Partial, heard) {
            Heard::Partial => return Input::Starved,
            Heard::Refused(refusal) => self.disconnect(Reason::Proxy(refusal)),
            Heard::Answer(length, status, message) => {
                inbox.take(length);
                self.status = status;
                self.out.push_raw(message);
            }
            Heard::Granted(length) => {
                inbox.take(length);
                self.status = Status::Connecting;
                self.proxy = None;
                self.ask_for_random();
            }
        }
        Input::Quiet
    }

    /// The proxy has agreed: what stays of the keys is what the handshake needs.
    fn ask_for_random(&mut self) {
        if let Session::Later { long_term } = &self.session {
            self.session = Session::NeedsRandom { long_term: long_term.clone() };
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
        let Session::Half { long_term, temporary_sk, base_nonce } = &self.session else {
            return Err(Reason::Internal);
        };
        let theirs =
            handshake::open_server(long_term, message).map_err(|_| Reason::HandshakeForged)?;
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
        self.traffic.packets_received += 1;
        if let [id, ..] = *packet {
            self.ledger.enter(id, packet.len(), Direction::Received);
        }
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
                self.pings_received += 1;
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
}
