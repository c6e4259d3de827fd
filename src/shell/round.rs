// SPDX-License-Identifier: GPL-3.0-or-later
//! One round of all relay connections, and sending through them.
//!
//! Between any two calls into the machine nothing is borrowed, so the callbacks that a round leads
//! to may add and remove peers and relays, this one included.

use super::drive::{self, Limits};
use crate::proto::connections::event::Command;
use crate::proto::connections::note::Note;
use crate::proto::connections::{Connections, Link, Opening, PeerNumber, PeerRef, Turn};
use crate::proto::relay::state::SendError;
use crate::proto::time::{Clock, Timestamp};
use crate::wire::relay_packet::ToRelay;

/// Packets and bytes that all relays together may bring in one round, shared out evenly.
const ROUND: Limits = Limits { packets: 8192, bytes: 2 * 1024 * 1024 };
/// What each relay may bring at least.
const LEAST: Limits = Limits { packets: 64, bytes: 64 * 1024 };

/// What surrounds the connections.
pub trait Hub {
    /// What surrounds one of them.
    type Host<'a>: drive::Host
    where
        Self: 'a;

    /// Borrows the machine for one call. `None` if it is gone.
    fn with<R>(&self, call: impl FnOnce(&mut Connections) -> R) -> Option<R>;

    /// Reaches a relay's connection; one that was made for a peer is gone when the peer is.
    fn host(&self, link: Link, peer: Option<PeerRef>) -> Option<Self::Host<'_>>;

    /// Opens a socket and begins to connect it; false if that fails at once.
    fn open(&self, opening: Opening) -> bool;

    /// Closes a socket.
    fn close(&self, link: Link);

    /// The connections whose sockets have something to say; `None` if nobody can tell.
    fn ready(&self) -> Option<Vec<Link>>;

    /// Runs the step of one connection; a defect of ours that it meets costs only that connection,
    /// if possible.
    fn guard(&self, _: Link, step: impl FnOnce() -> bool) -> bool {
        step()
    }

    /// A line for the log.
    fn log(&self, note: Note);
}

/// One round: each relay that has something to do gets its turn, in the order of their numbers.
pub fn round<H: Hub>(hub: &H, now: Clock) {
    hub.with(|machine| machine.begin_round(now));
    let ready = hub.ready();
    let readers = hub.with(|machine| {
        match ready {
            Some(links) => links.into_iter().for_each(|link| machine.handle_ready(link)),
            None => machine.handle_all_ready(),
        }
        machine.readers()
    });
    let limits = share(readers.unwrap_or_default());
    let mut start = 0;
    while let Some(Some(turn)) = hub.with(|machine| machine.next_turn(start)) {
        start = turn.relay.0 + 1;
        let backlog = step(hub, turn, now.seconds, limits);
        hub.with(|machine| machine.handle_turn(turn, backlog));
        settle(hub, now.seconds);
    }
    hub.with(Connections::end_round);
    settle(hub, now.seconds);
    for note in hub.with(Connections::take_notes).unwrap_or_default() {
        hub.log(note);
    }
}

/// Does what the machine has asked for. To be called after each call into it that may ask.
pub fn settle<H: Hub>(hub: &H, now: Timestamp) {
    while let Some(Some(command)) = hub.with(Connections::poll_command) {
        match command {
            Command::Connect(opening) => {
                open(hub, opening, now);
            }
            Command::Close(link) => hub.close(link),
            Command::Flush(link) => {
                if let Some(host) = hub.host(link, None) {
                    drive::flush(&host);
                }
            }
        }
    }
}

/// The same after a call that seldom asks for anything; the clock is read only if it does.
pub fn settle_if_any<H: Hub>(hub: &H, now: impl FnOnce() -> Timestamp) {
    if hub.with(|machine| machine.has_commands()) == Some(true) {
        settle(hub, now());
    }
}

/// Opens a socket for a connection; false if that fails at once, and the machine knows.
pub fn open<H: Hub>(hub: &H, opening: Opening, now: Timestamp) -> bool {
    let opened = hub.open(opening);
    if opened {
        // A direct handshake is made here, so that its random bytes are drawn where the C code does.
        if let Some(host) = hub.host(opening.link, None) {
            drive::prepare(&host, now);
        }
    } else {
        hub.with(|machine| machine.handle_connect_failed(opening.link, now));
        settle(hub, now);
    }
    opened
}

/// Sends a packet to a peer through one relay, or out of band through all that may reach it.
///
/// # Errors
/// `NotOnline` if there is no such peer or no relay for it, `Length`, `Busy` if every relay is full,
/// or what the last relay gave.
pub fn send_packet<H: Hub>(hub: &H, number: PeerNumber, data: &[u8]) -> Result<(), SendError> {
    if data.is_empty() {
        return Err(SendError::Length(0));
    }
    let routes = hub.with(|machine| machine.routes(number)).flatten();
    let routes = routes.ok_or(SendError::NotOnline)?;
    let mut full = false;
    let mut last = SendError::NotOnline;
    for route in routes.iter() {
        if full && route.suspect {
            continue;
        }
        let packet = ToRelay::Data { connection_id: route.connection_id, data };
        match send_to(hub, route.link, Some(routes.peer), &packet) {
            Ok(()) => {
                hub.with(|machine| machine.handle_sent(routes.peer, route.link));
                return Ok(());
            }
            Err(error) => {
                full |= error == SendError::Busy;
                last = error;
            }
        }
    }
    let peer = routes.peer;
    let sent = if full { Err(SendError::Busy) } else { send_oob_copies(hub, peer, data, last) };
    if sent.is_err() {
        hub.with(|machine| machine.handle_dropped(peer));
    }
    sent
}

fn send_oob_copies<H: Hub>(
    hub: &H,
    peer: PeerRef,
    data: &[u8],
    mut last: SendError,
) -> Result<(), SendError> {
    let found = hub.with(|machine| machine.oob_links(peer)).flatten();
    let (destination, links) = found.ok_or(SendError::NotOnline)?;
    let mut copies = 0;
    for link in links {
        let packet = ToRelay::OobSend { destination: &destination, data };
        match send_to(hub, link, Some(peer), &packet) {
            Ok(()) => copies += 1,
            Err(error) => last = error,
        }
    }
    hub.with(|machine| machine.handle_sent_oob(peer, copies));
    if copies > 0 { Ok(()) } else { Err(last) }
}

/// Sends a packet to a relay now or not at all.
///
/// # Errors
/// As [`drive::send`]; `NotConfirmed` if the connection, or the peer it is for, is gone.
pub fn send_to<H: Hub>(
    hub: &H,
    link: Link,
    peer: Option<PeerRef>,
    packet: &ToRelay<'_>,
) -> Result<(), SendError> {
    let sent = match hub.host(link, peer) {
        Some(host) => drive::send(&host, packet),
        None => Err(SendError::NotConfirmed),
    };
    if let Err(error) = sent {
        hub.with(|machine| machine.handle_refused(link, error));
    }
    sent
}

fn step<H: Hub>(hub: &H, turn: Turn, now: Timestamp, limits: Limits) -> bool {
    let Some(host) = turn.link.and_then(|link| hub.host(link, None)) else { return false };
    let step = || {
        if turn.read {
            return drive::step(&host, now, limits);
        }
        drive::tick(&host, now);
        false
    };
    turn.link.is_some_and(|link| hub.guard(link, step))
}

/// So that no relay keeps the others waiting.
fn share(readers: usize) -> Limits {
    let readers = readers.max(1);
    Limits {
        packets: (ROUND.packets / readers).clamp(LEAST.packets, drive::MAX_PACKETS_PER_STEP),
        bytes: (ROUND.bytes / readers).clamp(LEAST.bytes, drive::MAX_BYTES_PER_STEP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_shared_out() {
        assert_eq!(share(0), Limits::ALONE);
        assert_eq!(share(2), Limits::ALONE);
        assert_eq!(share(8), Limits { packets: 1024, bytes: 256 * 1024 });
        assert_eq!(share(1000), LEAST);
    }
}
