// SPDX-License-Identifier: GPL-3.0-or-later
//! What a client goes through.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use super::event::{Failure, Status};
use crate::net::reactor::Ready;
use crate::net::socket::Stream;
use crate::proto::relay::send_queue::Jam;
use crate::proto::relay::state::Reason;
use crate::proto::relay::{self, RelayClient, Traffic};
use crate::proto::time::Deadline;

#[derive(Debug)]
pub(super) struct State {
    pub(super) stage: Stage,
    /// Where the relay, or the proxy, may be, should the address in use lead to nothing.
    pub(super) candidates: VecDeque<SocketAddr>,
    /// What the handler knows.
    pub(super) told: Status,
    /// Somebody waits for room in the socket.
    pub(super) starved: bool,
    pub(super) serial: usize,
}

#[derive(Debug)]
pub(super) enum Stage {
    LookingUp,
    Live(Box<Live>),
    Over(Failure, Traffic),
}

#[derive(Debug)]
pub(super) struct Live {
    pub(super) machine: RelayClient,
    pub(super) stream: Arc<Stream>,
    /// Tells its events from those of an earlier socket.
    pub(super) serial: usize,
    pub(super) ready: bool,
    pub(super) backlog: bool,
}

impl State {
    pub(super) fn status(&self) -> Status {
        match &self.stage {
            Stage::LookingUp => Status::LookingUp,
            Stage::Live(live) if live.machine.status() == relay::state::Status::Confirmed => {
                Status::Connected
            }
            Stage::Live(_) => Status::Connecting,
            Stage::Over(..) => Status::Disconnected,
        }
    }

    pub(super) fn live(&self) -> Option<&Live> {
        match &self.stage {
            Stage::Live(live) => Some(live),
            Stage::LookingUp | Stage::Over(..) => None,
        }
    }

    pub(super) fn live_mut(&mut self) -> Option<&mut Live> {
        match &mut self.stage {
            Stage::Live(live) => Some(live),
            Stage::LookingUp | Stage::Over(..) => None,
        }
    }

    pub(super) fn deadline(&self) -> Deadline {
        match self.live() {
            _ if self.status() > self.told || self.is_fed() => Deadline::NOW,
            Some(live) if live.ready || live.backlog => Deadline::NOW,
            Some(live) => live.machine.deadline(),
            None => Deadline::NEVER,
        }
    }

    /// Whether somebody was refused and there is room now. The refusal may have been due to a thread
    /// that was writing at that moment, of which no socket tells.
    pub(super) fn is_fed(&self) -> bool {
        let is_free = |live: &Live| live.machine.jam() == Jam::None && !live.stream.is_full();
        self.starved && self.live().is_some_and(is_free)
    }

    /// Notes what sockets have said.
    pub(super) fn mark(&mut self, ready: &[Ready]) {
        let Some(live) = self.live_mut() else { return };
        for ready in ready.iter().filter(|ready| ready.token == live.serial) {
            live.ready = true;
            if ready.is_writable {
                live.stream.note_room();
            }
            if ready.is_ending {
                live.stream.note_end();
            }
        }
    }
}

impl Live {
    pub(super) fn take_ready(&mut self) -> bool {
        core::mem::take(&mut self.ready) || self.backlog
    }

    /// Why it is over; a connection that cannot come about is not waited for.
    pub(super) fn end(&self) -> Option<Reason> {
        let failure = self.machine.failure()?;
        // What was received before a write failed is still handed over.
        let is_draining = matches!(
            self.machine.status(),
            relay::state::Status::Confirmed | relay::state::Status::Unconfirmed
        );
        (!is_draining).then_some(failure)
    }
}
