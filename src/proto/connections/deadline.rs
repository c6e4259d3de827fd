// SPDX-License-Identifier: GPL-3.0-or-later
//! Until when a program may wait for its sockets, and what the time in between means.

use super::peer_slot::RECOMMENDED_FRIEND_TCP_CONNECTIONS;
use super::round::MAX_ATTENTION_MS;
use super::{Connections, Link};
use crate::proto::time::{Clock, Deadline, Millis, Timestamp};

impl Connections {
    /// The first time at which a round has something to do although no socket has anything to say.
    /// It holds until something is called here, or done with a relay's machine. What waits for room
    /// in a socket does not count: the socket tells.
    ///
    /// A round at that time, or later, moves it into the future, unless there is more to do at once.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        if self.has_commands() || self.onion_lacks() {
            return Deadline::NOW;
        }
        let repeat = self.repeats.first().map(|(due, ..)| Timestamp(*due));
        let mut deadline = Deadline::at_second(repeat);
        let is_crowded = self.connected as usize > RECOMMENDED_FRIEND_TCP_CONNECTIONS;
        for (_, relay) in self.relays.iter() {
            deadline.merge(relay.deadline(self.clock));
            if is_crowded {
                deadline.merge(Deadline::at_second(relay.surplus_at()));
            }
        }
        deadline
    }

    /// The part of one connection. Sending through it has an influence on this part alone, so that
    /// [`Self::deadline`] need not be asked after each packet. Never, if the connection is gone.
    #[must_use]
    pub fn link_deadline(&self, link: Link) -> Deadline {
        let relay = self.relays.get(link.relay.0);
        let relay = relay.filter(|relay| relay.link(link.relay.0) == Some(link));
        relay.map_or(Deadline::NEVER, |relay| relay.deadline(self.clock))
    }

    /// The time, for what is called between two rounds that are far apart: how fresh a round trip or
    /// a doubt is, and when a packet was sent.
    pub fn tell_time(&mut self, now: Clock) {
        self.clock = now;
    }

    /// The program has waited for its sockets from `since` until now. To be called as soon as it
    /// wakes, before anything is sent or read.
    ///
    /// Silence counts while somebody listens, and whoever waits for the sockets listens: what had
    /// arrived would have ended the wait. Of the time between two rounds alone, which may be a pause
    /// of the program, only a second is counted; without this call, a peer that we send to now and
    /// then would seem silent for seconds when it was for minutes, and a relay that loses everything
    /// would keep its place. A wait that went on long after [`Self::deadline`] was a pause, too.
    pub fn handle_waited(&mut self, since: Millis, now: Clock) {
        self.attend(since, MAX_ATTENTION_MS);
        let deadline = self.deadline().millis(self.clock);
        let allowed = deadline.map_or(u64::MAX, |at| at.since(since));
        self.attend(now.millis, allowed.saturating_add(MAX_ATTENTION_MS));
        self.clock = now;
    }

    /// Counts the time until now as heard, `longest` milliseconds at most.
    pub(super) fn attend(&mut self, now: Millis, longest: u64) {
        self.attentive.0 += now.since(self.attended).min(longest);
        self.attended = now;
    }
}
