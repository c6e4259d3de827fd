// SPDX-License-Identifier: GPL-3.0-or-later
//! The loop (tcp_connections.md section 14): what each relay's turn leads to, and what follows when
//! all have had theirs.

use core::cmp::Reverse;

use super::note::Note;
use super::peer_slot::RECOMMENDED_FRIEND_TCP_CONNECTIONS;
use super::relay_slot::{Phase, Relay};
use super::{Connections, Link, NUM_ONION_TCP_CONNECTIONS, RelayNumber};
use crate::proto::relay::state::Status;
use crate::proto::time::{Clock, Timestamp};

/// Milliseconds between two rounds after which the program has paused.
pub(super) const MAX_ATTENTION_MS: u64 = 1000;

/// A relay whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The relay.
    pub relay: RelayNumber,
    /// Its connection, to be stepped before [`Connections::handle_turn`]; `None` if it has none.
    pub link: Option<Link>,
    /// Something may have arrived, or an earlier step has left something: to be read.
    pub read: bool,
}

impl Connections {
    /// A round begins.
    pub fn begin_round(&mut self, now: Clock) {
        // What was not read for a while was not heard either: a pause of the program is no silence.
        self.attend(now.millis, MAX_ATTENTION_MS);
        self.clock = now;
    }

    /// The socket of this connection has something to read, has room again, or has failed.
    pub fn handle_ready(&mut self, link: Link) {
        if let Some(live) = self.live_mut(link) {
            live.ready = true;
        }
    }

    /// Nobody knows which sockets are ready: all have to be looked at.
    pub fn handle_all_ready(&mut self) {
        for number in 0..self.relays.len() {
            if let Some(live) = self.relays.get_mut(number).and_then(|relay| relay.live.as_mut()) {
                live.ready = true;
            }
        }
    }

    /// How many relays have something to read, for sharing out the work of a round.
    #[must_use]
    pub fn readers(&self) -> usize {
        let reads = |relay: &Relay| relay.live.as_ref().is_some_and(|l| l.ready || l.backlog);
        self.relays.iter().filter(|(_, relay)| reads(relay)).count()
    }

    /// The connections that have a socket, and whether something waits to be written there.
    pub fn links(&self) -> impl Iterator<Item = (Link, bool)> {
        self.relays.iter().filter_map(|(number, relay)| {
            let live = relay.live.as_ref()?;
            Some((relay.link(number)?, live.client.needs_flush()))
        })
    }

    /// The first relay from `start` on that is due.
    #[must_use]
    pub fn next_turn(&self, start: u32) -> Option<Turn> {
        let (number, relay) =
            self.relays.iter_from(start).find(|(_, relay)| relay.is_due(self.clock))?;
        let read = relay.live.as_ref().is_some_and(|live| live.ready || live.backlog);
        Some(Turn { relay: RelayNumber(number), link: relay.link(number), read })
    }

    /// The relay has had its step, if it has a connection; `backlog` as the step said.
    pub fn handle_turn(&mut self, turn: Turn, backlog: bool) {
        let Turn { relay: RelayNumber(number), link, .. } = turn;
        let now = self.clock.seconds;
        match (link, self.relays.get(number).map(|relay| relay.phase)) {
            (_, None) => {}
            (Some(link), Some(_)) => self.handle_step(link, backlog),
            (None, Some(Phase::Waiting(until))) => {
                if until <= now {
                    self.end_waiting(number, now);
                }
            }
            (None, Some(Phase::Sleeping)) => self.handle_sleeper(number),
            // Cannot be: these have a connection. Whatever happened, the relay starts anew.
            (None, Some(Phase::Connecting | Phase::Connected)) => self.connect_again(number, now),
        }
    }

    /// All relays have had their turns.
    pub fn end_round(&mut self) {
        let now = self.clock.seconds;
        self.repeat_requests(now);
        self.drop_surplus(now);
        if self.onion && self.marked < NUM_ONION_TCP_CONNECTIONS {
            self.mark_for_onion();
            self.wake_for_onion(now);
        }
    }

    fn handle_step(&mut self, link: Link, backlog: bool) {
        let now = self.clock.seconds;
        let number = link.relay.0;
        let Some(live) = self.live_mut(link) else { return };
        live.ready = false;
        live.backlog = backlog;
        if let Some(reason) = live.end() {
            return self.lose(number, reason, now);
        }
        let is_confirmed = live.client.status() == Status::Confirmed;
        if is_confirmed && self.relays.get(number).is_some_and(|r| r.phase == Phase::Connecting) {
            self.come_online(number, now);
        }
        self.judge(link);
        if self.relays.get(number).is_some_and(|relay| relay.may_sleep(now)) {
            self.unlink(number, None, now);
            self.set_phase(number, Phase::Sleeping);
        }
    }

    fn come_online(&mut self, number: u32, now: Timestamp) {
        self.set_phase(number, Phase::Connected);
        let peers = self.relays.get(number).map(|relay| relay.peers.clone()).unwrap_or_default();
        let mut announced = false;
        for peer in peers {
            self.update_peer(peer, |peer| peer.connected += 1);
            announced |= self.announce(number, peer, now);
        }
        self.connected += 1;
        let Some(relay) = self.relays.get_mut(number) else { return };
        self.changes.note_relay(relay.pk, true, None);
        relay.connected_time = if announced { now } else { Timestamp(0) };
        relay.record.reconnects += u32::from(relay.record.was_connected);
        relay.record.was_connected = true;
        relay.prove_address();
        if let Some(live) = &mut relay.live {
            live.confirmed_at = Some(now);
        }
        self.push_flush(number);
        if self.onion {
            self.mark_for_onion();
        }
        if self.connected == 1 {
            self.hurry_waiting();
        }
    }

    /// The last relay is lost: those that were given long pauses are tried sooner.
    pub(super) fn shorten_waiting(&mut self) {
        for number in 0..self.relays.len() {
            let Some(relay) = self.relays.get_mut(number) else { continue };
            if let Phase::Waiting(until) = relay.phase {
                relay.phase = Phase::Waiting(until.min(relay.next_attempt(&self.self_pk, true)));
            }
        }
    }

    /// The network is back: relays that were given long pauses meanwhile are tried soon.
    fn hurry_waiting(&mut self) {
        for number in 0..self.relays.len() {
            let Some(relay) = self.relays.get_mut(number) else { continue };
            if let Phase::Waiting(until) = relay.phase {
                relay.record.failures = relay.record.failures.min(1);
                relay.phase = Phase::Waiting(until.min(relay.next_attempt(&self.self_pk, false)));
            }
        }
    }

    /// Looks at how the relay answers.
    fn judge(&mut self, link: Link) {
        let now = self.clock.millis;
        let Some(live) = self.live_mut(link) else { return };
        let verdict = live.health.handle_pings(live.client.ping_counts(), now);
        if verdict.probe {
            live.client.probe();
        }
        if verdict.trusted {
            self.notes.push(Note::Trusted(link.relay));
        }
        if verdict.suspected {
            self.notes.push(Note::Suspected(link.relay));
            if let Some(relay) = self.relays.get_mut(link.relay.0) {
                relay.record.suspicions = relay.record.suspicions.saturating_add(1);
            }
        }
    }

    fn handle_sleeper(&mut self, number: u32) {
        let Some(relay) = self.relays.get_mut(number) else { return };
        if relay.peers.is_empty() && !relay.wake {
            self.remove_relay(number);
        } else if relay.wake {
            relay.wake = false;
            let now = self.clock.seconds;
            let until = relay.earliest_attempt();
            if until <= now {
                self.connect_again(number, now);
            } else {
                relay.phase = Phase::Waiting(until);
            }
        }
    }

    /// The surplus rule: while more than three are connected, the least useful goes.
    fn drop_surplus(&mut self, now: Timestamp) {
        let clock = self.clock;
        while self.connected as usize > RECOMMENDED_FRIEND_TCP_CONNECTIONS {
            let surplus = self.relays.iter().filter(|(_, relay)| relay.is_surplus(now));
            let Some((number, _)) = surplus.max_by_key(|(number, relay)| {
                let round_trip = relay.live.as_ref().and_then(|live| live.health.smoothed_ms());
                // A tenth of a second is worth nothing, the newer of two equals goes.
                let slowness = round_trip.map_or(u32::MAX, |ms| ms / 100);
                let use_of_it = Reverse(relay.peers.len());
                (use_of_it, relay.fault(clock), relay.record.failures, slowness, *number)
            }) else {
                return;
            };
            self.remove_relay(number);
        }
    }

    /// Whether [`Self::end_round`] has something to do for the onion.
    pub(super) fn onion_lacks(&self) -> bool {
        if !self.onion || self.marked >= NUM_ONION_TCP_CONNECTIONS {
            return false;
        }
        let unmarked = |relay: &Relay| relay.is_connected() && !relay.onion;
        self.relays.iter().any(|(_, relay)| unmarked(relay))
            || (self.missing_for_onion(self.clock.seconds) > 0
                && self.relays.iter().any(|(_, relay)| is_asleep(relay)))
    }

    /// Marks connected relays in the order of their numbers until there are three.
    pub(super) fn mark_for_onion(&mut self) {
        for number in 0..self.relays.len() {
            if self.marked >= NUM_ONION_TCP_CONNECTIONS {
                return;
            }
            let Some(relay) = self.relays.get_mut(number) else { continue };
            if relay.is_connected() && !relay.onion {
                relay.onion = true;
                self.marked += 1;
            }
        }
    }

    pub(super) fn unmark_all(&mut self) {
        for number in 0..self.relays.len() {
            if let Some(relay) = self.relays.get_mut(number) {
                relay.onion = false;
            }
        }
        self.marked = 0;
    }

    /// How many relays the onion lacks, those counted that are on their way. While nothing happens,
    /// time only makes it less.
    fn missing_for_onion(&self, now: Timestamp) -> usize {
        let on_their_way = self.relays.iter().filter(|(_, relay)| match relay.phase {
            Phase::Connecting => true,
            Phase::Sleeping => relay.wake,
            Phase::Waiting(until) => until.0 <= now.0.saturating_add(1),
            Phase::Connected => false,
        });
        let missing = NUM_ONION_TCP_CONNECTIONS as usize - self.marked as usize;
        missing.saturating_sub(on_their_way.count())
    }

    /// Wakes as many sleeping relays as the onion lacks.
    pub(super) fn wake_for_onion(&mut self, now: Timestamp) {
        let missing = self.missing_for_onion(now);
        if missing == 0 {
            return;
        }
        let asleep = self.relays.iter().filter(|(_, relay)| is_asleep(relay));
        let mut sleepers: Vec<_> = asleep.map(|(n, r)| (r.record.failures, n)).collect();
        // Those that have failed come last, or they would be woken again and again.
        sleepers.sort_unstable();
        for (_, number) in sleepers.into_iter().take(missing) {
            if let Some(relay) = self.relays.get_mut(number) {
                relay.wake = true;
            }
        }
    }

    pub(super) fn set_phase(&mut self, number: u32, phase: Phase) {
        if let Some(relay) = self.relays.get_mut(number) {
            relay.phase = phase;
        }
    }
}

/// Whether a relay is only remembered, and not to be woken yet.
fn is_asleep(relay: &Relay) -> bool {
    relay.phase == Phase::Sleeping && !relay.wake
}
