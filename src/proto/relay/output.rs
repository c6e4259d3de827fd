// SPDX-License-Identifier: GPL-3.0-or-later
//! What a relay client writes: what waits, and packets that are sent now or not at all.

use super::note::Note;
use super::send_queue::Batch;
use super::state::{Reason, SendError, Status};
use super::{RelayClient, Session, Written};
use crate::wire::connection_id::ConnectionId;
use crate::wire::relay_packet::ToRelay;
use crate::wire::{
    MAX_FORWARD_DATA_SIZE, MAX_FRAME_SIZE, MAX_PAYLOAD_SIZE, TCP_MAX_OOB_DATA_LENGTH,
};

impl RelayClient {
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
            Session::Later { .. }
            | Session::NeedsRandom { .. }
            | Session::Half { .. }
            | Session::Over => None,
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
    /// `NotConfirmed`, `Broken`, `NotOnline`, `Length`; `Busy` if something waits to be written first.
    pub fn begin_send(
        &mut self,
        packet: &ToRelay<'_>,
        frame: &mut [u8; MAX_FRAME_SIZE],
    ) -> Result<usize, SendError> {
        self.check_confirmed()?;
        self.check_payload(packet)?;
        match &self.session {
            Session::Full(channel) => self.out.begin_frame(channel, packet, frame),
            Session::Later { .. }
            | Session::NeedsRandom { .. }
            | Session::Half { .. }
            | Session::Over => Err(SendError::NotConfirmed),
        }
    }

    /// What became of the frame.
    ///
    /// # Errors
    /// `Busy` if the socket took nothing: the packet is forgotten. `Broken` if the socket has
    /// failed.
    pub fn end_send(&mut self, frame: &[u8], written: Written) -> Result<(), SendError> {
        let taken = self.note_written(written);
        let Session::Full(channel) = &mut self.session else {
            return Err(SendError::NotConfirmed);
        };
        let result = self.out.end_frame(channel, frame, taken);
        if self.failure.is_some() { Err(SendError::Broken) } else { result }
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

    /// Bytes that were taken. A failed socket is remembered: what it delivered before may still
    /// wait to be read, so the connection ends after that, in `handle_timeout`.
    fn note_written(&mut self, written: Written) -> usize {
        match written {
            Written::Bytes(count) => {
                self.wrote_any |= count > 0;
                self.traffic.bytes_sent += count as u64;
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
}
