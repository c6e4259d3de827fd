// SPDX-License-Identifier: GPL-3.0-or-later
//! One step of a relay client: flush, read, hand over one packet at a time, look at the clock.
//!
//! Between any two calls into the machine nothing is borrowed, so sockets, random sources and
//! event handlers may do what they like, re-enter or end the connection included.

use super::transport::{Received, Transport, Written};
use crate::proto::relay::event::Event;
use crate::proto::relay::inbox::Inbox;
use crate::proto::relay::ledger::Record;
use crate::proto::relay::note::Note;
use crate::proto::relay::state::SendError;
use crate::proto::relay::{HandshakeRandom, Input, RelayClient};
use crate::proto::time::Timestamp;
use crate::wire::MAX_FRAME_SIZE;
use crate::wire::relay_packet::{PingId, ToRelay};

/// Most bytes that one step reads, so that no relay keeps the others waiting.
pub const MAX_BYTES_PER_STEP: usize = 1024 * 1024;
/// Most packets that one step handles.
pub const MAX_PACKETS_PER_STEP: usize = 4096;

/// A step with more packets than these does not ask the socket a second time: the call would cost
/// more than it brings.
const FEW_PACKETS: usize = 3;

/// What surrounds one relay client.
pub trait Host: Transport {
    /// Borrows the machine for one call. `None` if it is gone.
    fn with<R>(&self, call: impl FnOnce(&mut RelayClient) -> R) -> Option<R>;

    /// Draws the random bytes of a handshake.
    fn handshake_random(&self) -> HandshakeRandom;

    /// Draws the id of a ping.
    fn ping_id(&self) -> PingId;

    /// An event for the layer above.
    fn event(&self, event: Event<'_>);

    /// A line for the log.
    fn log(&self, note: Note);

    /// Whether somebody wants the records of the client's ledger.
    fn keeps_ledger(&self) -> bool {
        false
    }

    /// A record of the client's ledger.
    fn record(&self, _record: Record) {}
}

/// What one step may take in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Packets to handle.
    pub packets: usize,
    /// Bytes to read; the last read may go over it.
    pub bytes: usize,
}

impl Limits {
    /// For a connection that has a step to itself.
    pub const ALONE: Self = Self { packets: MAX_PACKETS_PER_STEP, bytes: MAX_BYTES_PER_STEP };
}

/// One step: all that can be done now without waiting, within the limits. Whether more may be
/// waiting that they left, in the inbox or in the socket.
pub fn step<H: Host>(host: &H, now: Timestamp, limits: Limits) -> bool {
    service(host, now);
    let backlog = match host.with(|relay| relay.take_inbox(now)) {
        Some(Some(inbox)) => read(host, now, inbox, limits),
        Some(None) | None => false,
    };
    host.with(|relay| relay.handle_timeout(now, backlog));
    log_notes(host);
    hand_over_records(host);
    backlog
}

/// A step for a connection of which it is known that nothing has arrived: looks at the clock only.
pub fn tick<H: Host>(host: &H, now: Timestamp) {
    service(host, now);
    host.with(|relay| relay.handle_timeout(now, false));
    log_notes(host);
    hand_over_records(host);
}

/// Draws the random bytes for the handshake, if they are needed already. A step does so too.
pub fn prepare<H: Host>(host: &H, now: Timestamp) {
    if host.with(|relay| relay.needs(now).handshake_random) == Some(true) {
        let random = host.handshake_random();
        host.with(|relay| relay.handle_handshake_random(random));
    }
}

/// Sends a packet now or not at all, after whatever waits.
///
/// # Errors
/// As [`RelayClient::begin_send`] and [`RelayClient::end_send`]; `NotConfirmed` if the machine is
/// gone.
pub fn send<H: Host>(host: &H, packet: &ToRelay<'_>) -> Result<(), SendError> {
    let mut frame = [0; MAX_FRAME_SIZE];
    let mut begin = || {
        let begun = host.with(|relay| relay.begin_send(packet, &mut frame));
        begun.unwrap_or(Err(SendError::NotConfirmed))
    };
    let length = match begin() {
        Err(SendError::Busy) => {
            write_waiting(host);
            begin()?
        }
        begun => begun?,
    };
    let frame = frame.get(..length).unwrap_or_default();
    let written = host.send(frame);
    let ended = host.with(|relay| (relay.end_send(frame, written), relay.needs_flush()));
    let (result, needs_flush) = ended.unwrap_or((Err(SendError::NotConfirmed), false));
    if needs_flush && written == Written::Bytes(frame.len()) {
        // A control packet was queued while the socket was being written.
        write_waiting(host);
    }
    hand_over_records(host);
    result
}

/// Writes what waits, as far as the socket takes it.
pub fn flush<H: Host>(host: &H) {
    write_waiting(host);
    hand_over_records(host);
}

fn write_waiting<H: Host>(host: &H) {
    while let Some(Some(batch)) = host.with(RelayClient::begin_flush) {
        let written = host.send(batch.bytes());
        if host.with(|relay| relay.end_flush(batch, written)) != Some(true) {
            return;
        }
    }
}

/// Does what the machine needs before it can take in more.
fn service<H: Host>(host: &H, now: Timestamp) {
    while let Some(needs) = host.with(|relay| relay.needs(now)) {
        if needs.handshake_random {
            let random = host.handshake_random();
            host.with(|relay| relay.handle_handshake_random(random));
        } else if needs.ping_id {
            // What was queued before the ping leaves before its id is drawn, as in the C code.
            write_waiting(host);
            let id = host.ping_id();
            host.with(|relay| relay.handle_ping_id(id, now));
        } else {
            if needs.flush {
                write_waiting(host);
            }
            return;
        }
    }
}

/// Reads and handles until nothing is left or the limits are reached; whether the latter.
fn read<H: Host>(host: &H, now: Timestamp, mut inbox: Inbox, limits: Limits) -> bool {
    let Limits { mut packets, mut bytes } = limits;
    let mut acknowledge = false;
    let mut drained = false;
    let mut asked_again = false;
    let backlog = loop {
        match handle_all(host, now, &mut inbox, &mut packets) {
            Progress::Starved => {}
            Progress::Stopped => break false,
            Progress::Spent => break true,
        }
        if drained {
            if asked_again || limits.packets - packets > FEW_PACKETS {
                break false;
            }
            // The relay may be holding small packets back until these are acknowledged (Nagle),
            // and on a near network they come at once. So does the end of the stream.
            host.acknowledge();
            acknowledge = false;
            asked_again = true;
        }
        let room = inbox.room();
        if bytes == 0 || room.is_empty() {
            break true;
        }
        match host.receive(room) {
            Received::Bytes(count) => {
                acknowledge = true;
                bytes = bytes.saturating_sub(count);
                // Less than there was room for: the socket is empty now, no need to ask again.
                drained = !inbox.received(count, now);
            }
            Received::Empty => break false,
            Received::Closed => {
                host.with(|relay| relay.handle_closed(None));
                break false;
            }
            Received::Failed(errno) => {
                host.with(|relay| relay.handle_closed(Some(errno)));
                break false;
            }
        }
    };
    host.with(|relay| relay.return_inbox(inbox));
    if acknowledge {
        host.acknowledge();
    }
    backlog
}

/// How far the bytes in an inbox led.
enum Progress {
    /// They are used up; more may be read.
    Starved,
    /// The machine takes no more now, or is gone.
    Stopped,
    /// The packets of this step are used up.
    Spent,
}

/// Handles what the inbox holds, at most `packets` packets.
fn handle_all<H: Host>(
    host: &H,
    now: Timestamp,
    inbox: &mut Inbox,
    packets: &mut usize,
) -> Progress {
    while *packets > 0 {
        match host.with(|relay| relay.handle_input(inbox)) {
            None | Some(Input::Blocked) => return Progress::Stopped,
            Some(Input::Starved) => return Progress::Starved,
            Some(Input::Quiet) => service(host, now),
            Some(Input::Event(event)) => host.event(event),
        }
        *packets -= 1;
    }
    Progress::Spent
}

fn log_notes<H: Host>(host: &H) {
    for note in host.with(RelayClient::take_notes).unwrap_or_default() {
        host.log(note);
    }
}

fn hand_over_records<H: Host>(host: &H) {
    if host.keeps_ledger() {
        for record in host.with(RelayClient::take_records).unwrap_or_default() {
            host.record(record);
        }
    }
}
