// SPDX-License-Identifier: GPL-3.0-or-later
//! How well a relay answers: round trips of its pings, and suspicion while it does not.
//!
//! Only a pong proves that a relay reads what it is sent. So while data goes through a relay it is
//! pinged about once a second, sooner when it falls silent; a ping without answer after a few round
//! trips makes the relay a suspect, which carries data only if nothing else can. A suspect regains
//! its place with an answer that comes in time.

use crate::proto::relay::ping::PingCounts;
use crate::proto::time::Millis;

/// Milliseconds between pings to a relay that carries data.
pub const PROBE_INTERVAL_MS: u64 = 1000;
/// Milliseconds between pings to a relay that carries data and has fallen silent.
const URGENT_PROBE_INTERVAL_MS: u64 = 300;
/// A relay that passed on data this many milliseconds ago, and none since, has fallen silent.
const SILENT_AFTER_MS: core::ops::Range<u64> = 250..3000;
/// Data sent longer ago than this many milliseconds does not call for pings any more.
const IN_USE_MS: u64 = 1500;
/// Bounds of the time in which a ping must be answered, before the first false alarm.
const MIN_ANSWER_MS: u64 = 400;
const MAX_ANSWER_MS: u64 = 1500;
/// So many late answers in a row, and none in time, are those of a far relay.
const FAR_AFTER_ANSWERS: u32 = 4;
/// Each false alarm doubles that time, this often at most.
const MAX_FALSE_ALARMS: u32 = 2;
/// After this many milliseconds without suspicion, false alarms are forgotten.
const FORGET_ALARMS_MS: u64 = 60_000;

/// What is known of the answers over one connection to a relay.
#[derive(Debug, Default)]
pub struct Health {
    seen: PingCounts,
    pinged_at: Millis,
    last_ms: Option<u32>,
    smoothed_ms: Option<u32>,
    suspect_since: Option<Millis>,
    false_alarms: u32,
    calm_since: Millis,
    late_answers: u32,
    trusted_at: Option<Millis>,
    relapses: u32,
    last_data_sent: Option<Millis>,
    last_data_heard: Option<Millis>,
}

/// What a look at the pings came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// A ping should be sent now.
    pub probe: bool,
    /// The relay has become a suspect.
    pub suspected: bool,
    /// The relay is trusted again.
    pub trusted: bool,
}

impl Health {
    /// The newest round trip in milliseconds, as coarse as the steps of the program.
    #[must_use]
    pub fn last_ms(&self) -> Option<u32> {
        self.last_ms
    }

    /// The smoothed round trip in milliseconds.
    #[must_use]
    pub fn smoothed_ms(&self) -> Option<u32> {
        self.smoothed_ms
    }

    /// Whether the relay owes us an answer for too long.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.suspect_since.is_some()
    }

    /// Whether trust came back so lately that the relay should not carry what another can.
    #[must_use]
    pub fn is_on_trial(&self, now: Millis) -> bool {
        self.trusted_at.is_some_and(|at| now.since(at) < 1000 << self.relapses)
    }

    /// Data was given to the relay.
    pub fn handle_data_sent(&mut self, now: Millis) {
        self.last_data_sent = Some(now);
    }

    /// The relay passed on data.
    pub fn handle_data_heard(&mut self, now: Millis) {
        self.last_data_heard = Some(now);
    }

    /// Whether [`Self::handle_pings`] has something to say although nothing has arrived.
    #[must_use]
    pub fn is_due(&self, now: Millis) -> bool {
        self.wants_probe(now) || (!self.is_suspect() && self.is_late(now))
    }

    /// The first millisecond from `now` on at which [`Self::is_due`] holds, if nothing happens until
    /// then. Some reasons pass if nobody looks in time, so the result for an old `now` may be over.
    #[must_use]
    pub fn due_at(&self, now: Millis) -> Option<Millis> {
        let after = |ms: u64| Millis(self.pinged_at.0.saturating_add(ms)).max(now);
        if self.seen.outstanding {
            return (!self.is_suspect()).then(|| after(self.answer_ms()));
        }
        let urgent = after(URGENT_PROBE_INTERVAL_MS);
        if self.is_suspect() {
            return Some(urgent);
        }
        let unused_at = Millis(self.last_data_sent?.0.saturating_add(IN_USE_MS));
        let silent = self.last_data_heard.and_then(|heard| {
            let silent_at = Millis(heard.0.saturating_add(SILENT_AFTER_MS.start)).max(urgent);
            (heard.0.saturating_add(SILENT_AFTER_MS.end) > silent_at.0).then_some(silent_at)
        });
        let regular = after(PROBE_INTERVAL_MS);
        let first = silent.map_or(regular, |silent| silent.min(regular));
        (first < unused_at).then_some(first)
    }

    /// Looks at the pings. To be called after reading, so that no answer waits in the socket, with
    /// the time at which reading began.
    pub fn handle_pings(&mut self, counts: PingCounts, now: Millis) -> Verdict {
        let mut verdict = Verdict::default();
        if counts.sent > self.seen.sent && !counts.outstanding {
            // Sent and answered since the last look: the answer is to this ping.
            self.pinged_at = now;
        }
        if counts.answered > self.seen.answered {
            verdict.trusted = self.handle_answer(now);
        }
        if counts.sent > self.seen.sent {
            self.pinged_at = now;
        }
        self.seen = counts;
        if !self.is_suspect() && self.is_late(now) {
            self.suspect_since = Some(now);
            verdict.suspected = true;
        }
        verdict.probe = self.wants_probe(now);
        verdict
    }

    /// An answer to the ping of `pinged_at`; whether it brings trust back.
    fn handle_answer(&mut self, now: Millis) -> bool {
        let took = now.since(self.pinged_at);
        let sample = u32::try_from(took).unwrap_or(u32::MAX);
        self.last_ms = Some(sample);
        if took >= self.answer_ms() {
            // It measures a stall, not the way to the relay, and one in time has to follow. But a
            // relay that answers late each time is only far.
            self.late_answers += 1;
            if self.late_answers < FAR_AFTER_ANSWERS {
                return false;
            }
            self.smoothed_ms = None;
        }
        self.late_answers = 0;
        self.smoothed_ms = Some(self.smoothed_ms.map_or(sample, |old| smooth(old, sample)));
        if now.since(self.calm_since) >= FORGET_ALARMS_MS {
            self.false_alarms = 0;
            self.relapses = 0;
        }
        if self.suspect_since.take().is_none() {
            return false;
        }
        self.false_alarms = MAX_FALSE_ALARMS.min(self.false_alarms + 1);
        self.calm_since = now;
        self.trusted_at = Some(now);
        self.relapses = 5.min(self.relapses + 1);
        true
    }

    fn is_late(&self, now: Millis) -> bool {
        self.seen.outstanding && now.since(self.pinged_at) >= self.answer_ms()
    }

    /// Milliseconds in which a ping must be answered: four round trips, within bounds.
    fn answer_ms(&self) -> u64 {
        let Some(trip) = self.smoothed_ms else { return MAX_ANSWER_MS << self.false_alarms };
        let trip = u64::from(trip);
        // A far relay has twice its round trip, whatever the bound for others.
        (4 * trip).clamp(MIN_ANSWER_MS, MAX_ANSWER_MS.max(2 * trip)) << self.false_alarms
    }

    fn wants_probe(&self, now: Millis) -> bool {
        if self.seen.outstanding {
            return false;
        }
        let quiet = now.since(self.pinged_at);
        let in_use = self.last_data_sent.is_some_and(|sent| now.since(sent) < IN_USE_MS);
        match (self.is_suspect(), in_use && self.has_fallen_silent(now), in_use) {
            (true, _, _) | (_, true, _) => quiet >= URGENT_PROBE_INTERVAL_MS,
            (_, _, true) => quiet >= PROBE_INTERVAL_MS,
            (false, false, false) => false,
        }
    }

    fn has_fallen_silent(&self, now: Millis) -> bool {
        self.last_data_heard.is_some_and(|heard| SILENT_AFTER_MS.contains(&now.since(heard)))
    }
}

/// A moving average that follows large changes quickly.
fn smooth(old: u32, sample: u32) -> u32 {
    let (old, sample) = (u64::from(old), u64::from(sample));
    let (low, high) = (old.min(sample), old.max(sample));
    let mean = if high > 2 * low { (old + sample) / 2 } else { (7 * old + sample) / 8 };
    u32::try_from(mean).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A relay that is stepped at times of our choice.
    #[derive(Default)]
    struct Probe {
        health: Health,
        counts: PingCounts,
    }

    impl Probe {
        fn ping(&mut self, now: u64) {
            self.counts.sent += 1;
            self.counts.outstanding = true;
            self.look(now);
        }

        fn pong(&mut self, now: u64) -> Verdict {
            self.counts.answered += 1;
            self.counts.outstanding = false;
            self.look(now)
        }

        fn look(&mut self, now: u64) -> Verdict {
            self.health.handle_pings(self.counts, Millis(now))
        }
    }

    #[test]
    fn measures_and_smooths_round_trips() {
        let mut relay = Probe::default();
        assert_eq!(relay.health.smoothed_ms(), None);
        relay.ping(1000);
        relay.pong(1080);
        assert_eq!((relay.health.last_ms(), relay.health.smoothed_ms()), (Some(80), Some(80)));
        relay.ping(2000);
        relay.pong(2160);
        assert_eq!(relay.health.smoothed_ms(), Some(90), "an eighth of the way");
        relay.ping(3000);
        relay.pong(3300);
        assert_eq!(relay.health.smoothed_ms(), Some(195), "half the way to a far one");
    }

    #[test]
    fn a_relay_that_carries_data_is_probed_and_an_idle_one_is_not() {
        let mut relay = Probe::default();
        relay.ping(1000);
        relay.pong(1050);
        assert!(!relay.look(9000).probe, "idle");
        relay.health.handle_data_sent(Millis(9000));
        assert!(relay.look(9010).probe);
        relay.ping(9010);
        assert!(!relay.look(9020).probe, "one is under way");
        relay.pong(9060);
        relay.health.handle_data_sent(Millis(9900));
        assert!(!relay.look(9900).probe);
        assert!(relay.look(10_010).probe);
        assert!(!relay.look(11_500).probe, "data went long ago");
    }

    #[test]
    fn a_relay_that_falls_silent_is_probed_sooner() {
        let mut relay = Probe::default();
        relay.ping(1000);
        relay.pong(1050);
        relay.health.handle_data_heard(Millis(1100));
        relay.health.handle_data_sent(Millis(1340));
        assert!(!relay.look(1340).probe);
        assert!(relay.look(1360).probe);
    }

    #[test]
    fn suspicion_takes_four_round_trips_within_bounds() {
        for (round_trip, limit) in [(0, 400), (200, 800), (700, 1500), (1400, 2800)] {
            let mut relay = Probe::default();
            relay.ping(1000);
            relay.pong(1000 + round_trip);
            relay.ping(9000);
            assert!(!relay.look(9000 + limit - 1).suspected);
            assert!(relay.health.is_due(Millis(9000 + limit)));
            assert!(relay.look(9000 + limit).suspected);
            assert!(relay.health.is_suspect());
            assert!(!relay.look(9001 + limit).suspected, "once");
        }
    }

    #[test]
    fn only_an_answer_in_time_brings_trust_back() {
        let mut relay = Probe::default();
        relay.ping(1000);
        relay.pong(1050);
        relay.ping(2000);
        assert!(relay.look(2500).suspected);
        assert_eq!(relay.pong(5000), Verdict { probe: true, ..Verdict::default() });
        assert_eq!(relay.health.smoothed_ms(), Some(50), "a stall is no round trip");
        relay.ping(5000);
        assert!(relay.pong(5060).trusted);
        assert!(!relay.health.is_suspect());
    }

    #[test]
    fn a_false_alarm_makes_patient_for_a_while() {
        let mut relay = Probe::default();
        relay.ping(1000);
        relay.pong(1050);
        for (start, limit) in [(10_000, 400), (20_000, 800), (30_000, 1600), (40_000, 1600)] {
            relay.ping(start);
            assert!(!relay.look(start + limit - 1).suspected);
            assert!(relay.look(start + limit).suspected);
            relay.pong(start + 5000);
            relay.ping(start + 5300);
            assert!(relay.pong(start + 5340).trusted);
        }
        relay.ping(150_000);
        relay.pong(150_050);
        relay.ping(151_000);
        assert!(relay.look(151_400).suspected, "forgotten after a calm minute");
    }

    #[test]
    fn a_relay_that_answers_late_each_time_is_only_far() {
        let mut relay = Probe::default();
        for start in [10_000, 20_000, 30_000, 40_000] {
            relay.ping(start);
            relay.look(start + 1500);
            assert!(relay.health.is_suspect());
            relay.pong(start + 2000);
        }
        assert!(!relay.health.is_suspect());
        assert_eq!(relay.health.smoothed_ms(), Some(2000));
    }

    #[test]
    fn a_ping_that_is_answered_within_one_step_took_no_time() {
        let mut relay = Probe::default();
        relay.ping(1000);
        relay.pong(1300);
        relay.counts = PingCounts { sent: 2, answered: 2, outstanding: false };
        relay.look(2100);
        assert_eq!(relay.health.last_ms(), Some(0));
    }

    #[test]
    fn each_relapse_makes_the_trial_longer() {
        let mut relay = Probe::default();
        relay.ping(1000);
        relay.pong(1050);
        for (start, trial) in [(10_000, 2000), (20_000, 4000), (30_000, 8000)] {
            relay.ping(start);
            relay.look(start + 3000);
            relay.pong(start + 3100);
            relay.ping(start + 3400);
            assert!(relay.pong(start + 3450).trusted);
            assert!(relay.health.is_on_trial(Millis(start + 3450 + trial - 1)));
            assert!(!relay.health.is_on_trial(Millis(start + 3450 + trial)));
        }
    }
    proptest! {
        /// The model tries each millisecond.
        #[test]
        fn it_is_due_at_the_first_millisecond_that_is(
            events in proptest::collection::vec((0u8..5, 0u64..1700), 0..12),
        ) {
            let mut relay = Probe::default();
            let mut now = 100_000;
            for (kind, pause) in events {
                now += pause;
                match kind {
                    0 if !relay.counts.outstanding => relay.ping(now),
                    1 if relay.counts.outstanding => drop(relay.pong(now)),
                    2 => relay.health.handle_data_sent(Millis(now)),
                    3 => relay.health.handle_data_heard(Millis(now)),
                    _ => drop(relay.look(now)),
                }
                let due = (now..now + 8000).map(Millis).find(|at| relay.health.is_due(*at));
                prop_assert_eq!(relay.health.due_at(Millis(now)), due);
            }
        }
    }
}
