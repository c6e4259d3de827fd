// SPDX-License-Identifier: GPL-3.0-or-later
//! When, and to which ports, LAN discovery packets are sent (friend_connection.md section 11).

use super::slot::first_after;
use crate::proto::time::Timestamp;

/// Seconds between rounds.
pub const LAN_DISCOVERY_INTERVAL: u64 = 10;
/// The port of every round.
pub const TOX_PORT_DEFAULT: u16 = 33445;
/// The last port of the range.
pub const TOX_PORTRANGE_TO: u16 = 33545;
/// Further ports of a round.
const PORTS_PER_ROUND: u16 = 10;

/// The rounds.
#[derive(Debug)]
pub struct Lan {
    last: Timestamp,
    next_port: u16,
}

impl Default for Lan {
    fn default() -> Self {
        Self { last: Timestamp(0), next_port: TOX_PORT_DEFAULT + 1 }
    }
}

impl Lan {
    /// When the next round is due.
    #[must_use]
    pub fn due_at(&self) -> Timestamp {
        first_after(self.last, LAN_DISCOVERY_INTERVAL)
    }

    /// The ports of this round; empty if none is due.
    pub fn round(&mut self, now: Timestamp) -> Vec<u16> {
        if now < self.due_at() {
            return Vec::new();
        }
        self.last = now;
        let end = TOX_PORTRANGE_TO.min(self.next_port + PORTS_PER_ROUND);
        let ports = core::iter::once(TOX_PORT_DEFAULT).chain(self.next_port..end).collect();
        self.next_port = if end == TOX_PORTRANGE_TO { TOX_PORT_DEFAULT + 1 } else { end };
        ports
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_rounds_cover_the_range_and_start_over() {
        let mut lan = Lan::default();
        let mut seen = Vec::new();
        for round in 0..11 {
            let now = Timestamp(1_000_000 + 11 * round);
            let ports = lan.round(now);
            assert_eq!(ports[0], 33445);
            assert_eq!(lan.round(Timestamp(now.0 + 10)), []);
            seen.push((ports[1], ports[ports.len() - 1]));
        }
        assert_eq!(seen[0], (33446, 33455));
        assert_eq!(seen[1], (33456, 33465));
        assert_eq!(seen[9], (33536, 33544));
        assert_eq!(seen[10], (33446, 33455));
    }
}
