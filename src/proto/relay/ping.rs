// SPDX-License-Identifier: GPL-3.0-or-later
//! When to ping the relay, and what its pongs mean.

use crate::proto::time::Timestamp;
use crate::wire::relay_packet::PingId;

/// Seconds between our pings.
pub const TCP_PING_FREQUENCY: u64 = 30;
/// Seconds in which a pong must come.
pub const TCP_PING_TIMEOUT: u64 = 10;
/// Seconds in which a pong must come while the relay sends more than one call may read.
pub const BACKLOG_PING_TIMEOUT: u64 = 20;

/// Our pings to one relay. The first is due at once on any clock that has reached 30.
#[derive(Debug, Default)]
pub struct Pings {
    last: u64,
    outstanding: Option<PingId>,
    /// The owner wants to know at once whether the relay still answers.
    probe: bool,
    sent: u64,
    answered: u64,
}

impl Pings {
    /// Whether a ping is due.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.probe || now.is_timeout(Timestamp(self.last), TCP_PING_FREQUENCY)
    }

    /// From when on [`Self::is_due`] holds.
    #[must_use]
    pub fn due_at(&self) -> Timestamp {
        if self.probe { Timestamp(0) } else { Timestamp(self.last).plus(TCP_PING_FREQUENCY) }
    }

    /// From when on [`Self::has_failed`] holds, if no pong comes.
    #[must_use]
    pub fn fails_at(&self, backlog: bool) -> Option<Timestamp> {
        let timeout = if backlog { BACKLOG_PING_TIMEOUT } else { TCP_PING_TIMEOUT };
        self.outstanding.map(|_| Timestamp(self.last).plus(timeout))
    }

    /// Makes a ping due now. One that is outstanding serves as well, so that it keeps its time.
    pub fn probe(&mut self) {
        self.probe = self.outstanding.is_none();
    }

    /// A ping leaves now; an older one without answer is forgotten.
    pub fn sent(&mut self, id: PingId, now: Timestamp) {
        self.last = now.0;
        self.outstanding = Some(id);
        self.probe = false;
        self.sent += 1;
    }

    /// The pings in numbers.
    #[must_use]
    pub fn counts(&self) -> PingCounts {
        let outstanding = self.outstanding.is_some();
        PingCounts { sent: self.sent, answered: self.answered, outstanding }
    }

    /// A pong came; one for another ping means nothing.
    pub fn handle_pong(&mut self, id: PingId) {
        if self.outstanding == Some(id) {
            self.outstanding = None;
            self.answered += 1;
        }
    }

    /// Whether the relay has failed to answer in time.
    ///
    /// To be asked after reading, because the pong may wait in the socket (D-09). With `backlog`,
    /// it may wait behind more data than one call reads, so the relay gets more time.
    #[must_use]
    pub fn has_failed(&self, now: Timestamp, backlog: bool) -> bool {
        let timeout = if backlog { BACKLOG_PING_TIMEOUT } else { TCP_PING_TIMEOUT };
        self.outstanding.is_some() && now.is_timeout(Timestamp(self.last), timeout)
    }
}

/// The pings of one connection in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PingCounts {
    /// Pings that were sent.
    pub sent: u64,
    /// Pings that were answered.
    pub answered: u64,
    /// Whether the newest is not answered yet.
    pub outstanding: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: PingId = [1; 8];

    #[test]
    fn pings_every_thirty_seconds() {
        let mut pings = Pings::default();
        assert!(pings.is_due(Timestamp(30)));
        pings.sent(ID, Timestamp(1000));
        assert!(!pings.is_due(Timestamp(1029)));
        assert!(pings.is_due(Timestamp(1030)));
    }

    #[test]
    fn fails_ten_seconds_after_an_unanswered_ping() {
        let mut pings = Pings::default();
        assert!(!pings.has_failed(Timestamp(1000), false));
        pings.sent(ID, Timestamp(1000));
        pings.handle_pong([2; 8]);
        assert!(!pings.has_failed(Timestamp(1009), false));
        assert!(pings.has_failed(Timestamp(1010), false));
        assert!(!pings.has_failed(Timestamp(1019), true));
        assert!(pings.has_failed(Timestamp(1020), true));
        pings.handle_pong(ID);
        assert!(!pings.has_failed(Timestamp(1020), false));
    }

    #[test]
    fn a_probe_is_a_ping_out_of_turn_unless_one_is_under_way() {
        let mut pings = Pings::default();
        pings.sent(ID, Timestamp(1000));
        pings.probe();
        assert!(!pings.is_due(Timestamp(1001)), "the outstanding ping is the probe");
        pings.handle_pong(ID);
        pings.probe();
        assert!(pings.is_due(Timestamp(1001)));
        pings.sent([2; 8], Timestamp(1001));
        assert!(!pings.is_due(Timestamp(1001)));
        assert_eq!(pings.counts(), PingCounts { sent: 2, answered: 1, outstanding: true });
        assert!(pings.has_failed(Timestamp(1011), false), "a probe has the time of any ping");
    }
}
