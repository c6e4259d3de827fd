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
}

impl Pings {
    /// Whether a ping is due.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        now.is_timeout(Timestamp(self.last), TCP_PING_FREQUENCY)
    }

    /// A ping leaves now; an older one without answer is forgotten.
    pub fn sent(&mut self, id: PingId, now: Timestamp) {
        self.last = now.0;
        self.outstanding = Some(id);
    }

    /// A pong came; one for another ping means nothing.
    pub fn handle_pong(&mut self, id: PingId) {
        if self.outstanding == Some(id) {
            self.outstanding = None;
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
}
