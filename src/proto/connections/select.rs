// SPDX-License-Identifier: GPL-3.0-or-later
//! Which relay carries the data for a peer.
//!
//! One relay carries all of it, because packets that take turns on several relays overtake each
//! other. Slots are tried in toxcore's order, lowest first, except that what is known against a
//! relay comes before that, that a much faster relay is worth a change, and that a lower slot, if
//! it is no better, waits for a pause in what is sent, as long as the peer sends over the same relay.
//! Where to goes by our own relays alone, never by what the peer chose, so two peers cannot chase each
//! other.

use core::cmp::Ordering;

use super::peer_slot::MAX_FRIEND_TCP_CONNECTIONS;

/// Milliseconds between changes for the sake of speed.
pub const SWITCH_PAUSE_MS: u64 = 10_000;
/// Each such change doubles the pause, this often at most.
pub const MAX_PAUSE_DOUBLINGS: u64 = 5;
/// Milliseconds without packets after which the lower of two equal slots carries again.
pub const QUIET_MS: u64 = 500;

/// A relay on which the peer is online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The peer's slot.
    pub slot: usize,
    /// What is known against it, least first.
    pub fault: Fault,
    /// Smoothed round trip in milliseconds.
    pub round_trip_ms: Option<u32>,
}

/// What is known against a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing.
    None,
    /// Its last connection failed, and this one is young.
    Shaky,
    /// Data went there and the peer fell silent.
    Doubted,
    /// It does not answer.
    Suspect,
}

/// The candidates of a peer, in the order of its slots.
#[derive(Clone, Copy, Debug, Default)]
pub struct Candidates {
    entries: [Option<Candidate>; MAX_FRIEND_TCP_CONNECTIONS],
}

impl Candidates {
    /// Adds one, at the place of its slot.
    pub fn add(&mut self, candidate: Candidate) {
        if let Some(entry) = self.entries.get_mut(candidate.slot) {
            *entry = Some(candidate);
        }
    }

    /// The one in `slot`.
    #[must_use]
    pub fn get(&self, slot: usize) -> Option<Candidate> {
        *self.entries.get(slot)?
    }

    /// Which slot is to carry the data, given the one that does now. With `calm`, a change for the
    /// sake of speed is allowed. With `may_go_down`, the lower of two equal slots is taken: nothing is
    /// on its way that a change could overtake (net_crypto refuses what was, and waits for it to be
    /// sent again), or nothing speaks for the present one.
    #[must_use]
    pub fn carrier(&self, current: Option<usize>, calm: bool, may_go_down: bool) -> Option<usize> {
        let best = self.entries.iter().flatten().copied().reduce(|best, next| {
            if next.fault < best.fault || (next.fault == best.fault && is_much_faster(next, best)) {
                next
            } else {
                best
            }
        })?;
        let Some(current) = current.and_then(|slot| self.get(slot)) else {
            return Some(best.slot);
        };
        let keep = match best.fault.cmp(&current.fault) {
            Ordering::Less => false,
            Ordering::Greater => true,
            // Where it is equal, the lower slot carries when it may, unless the higher one is clearly
            // faster.
            Ordering::Equal if is_much_faster(best, current) => !calm,
            Ordering::Equal => !may_go_down || best.slot > current.slot || is_faster(current, best),
        };
        Some(if keep { current.slot } else { best.slot })
    }

    /// Where to go on when the carrier takes nothing: all others, best first.
    pub fn others(&self, carrier: usize) -> impl Iterator<Item = Candidate> {
        let mut others = self.entries;
        if let Some(entry) = others.get_mut(carrier) {
            *entry = None;
        }
        // A stable sort keeps the order of the slots.
        others.sort_by_key(|entry| entry.map_or(Fault::Suspect, |candidate| candidate.fault));
        others.into_iter().flatten()
    }
}

/// Faster by more than the coarseness of the measurement.
fn is_faster(a: Candidate, b: Candidate) -> bool {
    is_below(a, b, 4, 25)
}

/// Faster by enough to be worth the packets that overtake each other in a change.
fn is_much_faster(a: Candidate, b: Candidate) -> bool {
    is_below(a, b, 2, 50)
}

/// Whether the round trip of `a`, plus a fraction of it and a margin, is below that of `b`.
fn is_below(a: Candidate, b: Candidate, fraction: u64, margin_ms: u64) -> bool {
    let (Some(a), Some(b)) = (a.round_trip_ms, b.round_trip_ms) else { return false };
    let (a, b) = (u64::from(a), u64::from(b));
    a + a / fraction + margin_ms < b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(list: &[(Fault, Option<u32>)]) -> Candidates {
        let mut candidates = Candidates::default();
        for (slot, (fault, round_trip_ms)) in list.iter().enumerate() {
            candidates.add(Candidate { slot, fault: *fault, round_trip_ms: *round_trip_ms });
        }
        candidates
    }

    #[test]
    fn the_lowest_slot_carries_while_nothing_is_known() {
        let list = candidates(&[(Fault::None, None), (Fault::None, None)]);
        assert_eq!(list.carrier(None, true, true), Some(0));
        assert_eq!(list.carrier(Some(1), true, true), Some(0), "as in the C code");
        assert_eq!(Candidates::default().carrier(Some(1), true, true), None);
        assert_eq!(list.others(0).map(|c| c.slot).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn faults_count_before_speed_and_speed_before_slots() {
        let list = candidates(&[
            (Fault::Suspect, Some(1)),
            (Fault::Shaky, Some(10)),
            (Fault::None, Some(900)),
            (Fault::None, Some(800)),
            (Fault::None, Some(100)),
        ]);
        assert_eq!(list.carrier(None, true, true), Some(4));
        let order: Vec<_> = list.others(4).map(|c| c.slot).collect();
        assert_eq!(order, [2, 3, 1, 0]);
    }

    #[test]
    fn a_fault_moves_the_data_at_once_and_speed_only_when_calm() {
        let list = candidates(&[(Fault::None, Some(400)), (Fault::None, Some(50))]);
        assert_eq!(list.carrier(Some(0), false, true), Some(0));
        assert_eq!(list.carrier(Some(0), true, true), Some(1));
        let list = candidates(&[(Fault::Doubted, Some(40)), (Fault::None, Some(50))]);
        assert_eq!(list.carrier(Some(0), false, true), Some(1));
    }

    #[test]
    fn in_the_middle_of_a_stream_only_a_better_relay_is_worth_a_change() {
        let list = candidates(&[(Fault::None, None), (Fault::None, None)]);
        assert_eq!(list.carrier(Some(1), true, false), Some(1), "no gain");
        assert_eq!(list.carrier(None, true, false), Some(0), "nobody carries");
        assert_eq!(list.carrier(Some(2), true, false), Some(0), "the carrier is gone");
        let list = candidates(&[(Fault::Suspect, None), (Fault::Suspect, None)]);
        assert_eq!(list.carrier(Some(1), true, false), Some(1), "bad, but no worse");
        let list = candidates(&[(Fault::None, None), (Fault::Shaky, None)]);
        assert_eq!(list.carrier(Some(1), false, false), Some(0), "health");
        let list = candidates(&[(Fault::None, Some(50)), (Fault::None, Some(400))]);
        assert_eq!(list.carrier(Some(1), true, false), Some(0), "speed");
        assert_eq!(list.carrier(Some(1), false, false), Some(1), "speed, too soon");
    }

    #[test]
    fn there_is_room_between_going_and_coming_back() {
        // Slot 1 took over from a slow slot 0, which then becomes faster bit by bit.
        let carrier = |slow| {
            let list = candidates(&[(Fault::None, Some(slow)), (Fault::None, Some(100))]);
            (list.carrier(Some(0), true, true), list.carrier(Some(1), true, true))
        };
        assert_eq!(carrier(201), (Some(1), Some(1)));
        assert_eq!(carrier(200), (Some(0), Some(1)), "whoever carries goes on");
        assert_eq!(carrier(151), (Some(0), Some(1)));
        assert_eq!(carrier(150), (Some(0), Some(0)));
    }
}
