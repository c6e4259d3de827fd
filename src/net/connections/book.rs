// SPDX-License-Identifier: GPL-3.0-or-later
//! The relays that the program has named: those for everybody, which are kept whatever happens to
//! them, and those whose host name is looked up here because no proxy does it.

use std::collections::BTreeMap;

use crate::crypto::PublicKey;
use crate::proto::connections::PeerRef;
use crate::proto::time::Millis;
use crate::wire::address::Target;

/// Most relays in the book.
const MAX_ENTRIES: usize = 256;
/// Milliseconds until a relay that led to nothing is tried again; doubled each time.
const FIRST_PAUSE_MS: u64 = 10_000;
/// The longest of these pauses.
const MAX_PAUSE_MS: u64 = 300_000;
/// A relay that cannot be reached may have moved, if its name was looked up this long ago.
const STALE_AFTER_MS: u64 = 60_000;

/// The relays that the program has named.
#[derive(Debug, Default)]
pub(super) struct Book(BTreeMap<PublicKey, Entry>);

#[derive(Debug)]
struct Entry {
    target: Target,
    /// It was added for everybody.
    is_global: bool,
    /// Peers that it is to be tied to once its address is known.
    peers: Vec<PeerRef>,
    state: State,
    looked_up: Millis,
    failures: u32,
    /// Why its name was not found, if that is how it stands.
    failure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its name is being looked up.
    Looking,
    /// The machine has it.
    Given,
    /// Its name was not found; to be looked up again at that time.
    Unknown(Millis),
    /// The machine has forgotten it; to be given again from then on, if relays are lacking.
    Idle(Millis),
}

/// Whom a relay is for, once its address is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) is_global: bool,
    pub(super) peers: Vec<PeerRef>,
}

impl Book {
    /// Notes a relay, for a peer or for everybody, or somebody more for one that is known. False if
    /// there are too many.
    pub(super) fn note(
        &mut self,
        relay: PublicKey,
        target: Target,
        peer: Option<PeerRef>,
        now: Millis,
    ) -> bool {
        if !self.0.contains_key(&relay) && self.0.len() >= MAX_ENTRIES {
            return false;
        }
        let entry = self.0.entry(relay).or_insert_with(|| Entry {
            target: target.clone(),
            is_global: false,
            peers: Vec::new(),
            state: State::Given,
            looked_up: now,
            failures: 0,
            failure: None,
        });
        entry.target = target;
        entry.is_global |= peer.is_none();
        entry.peers.extend(peer.filter(|peer| !entry.peers.contains(peer)));
        true
    }

    pub(super) fn remove(&mut self, relay: &PublicKey) -> bool {
        self.0.remove(relay).is_some()
    }

    /// Where the relay is, as the program has said.
    pub(super) fn target(&self, relay: &PublicKey) -> Option<&Target> {
        self.0.get(relay).map(|entry| &entry.target)
    }

    /// Why its name was not found, if that is how it stands.
    pub(super) fn failure(&self, relay: &PublicKey) -> Option<&str> {
        self.0.get(relay)?.failure.as_deref()
    }

    /// Whether its name is being looked up.
    pub(super) fn is_looking(&self, relay: &PublicKey) -> bool {
        self.0.get(relay).is_some_and(|entry| entry.state == State::Looking)
    }

    /// All relays.
    pub(super) fn relays(&self) -> impl Iterator<Item = PublicKey> {
        self.0.keys().copied()
    }

    /// A lookup begins.
    pub(super) fn look_up(&mut self, relay: &PublicKey, now: Millis) {
        if let Some(entry) = self.0.get_mut(relay) {
            entry.state = State::Looking;
            entry.looked_up = now;
        }
    }

    /// The machine has it now. Whom it is for; `None` if nobody wants it any more.
    pub(super) fn give(&mut self, relay: &PublicKey) -> Option<Wanted> {
        let entry = self.0.get_mut(relay)?;
        entry.state = State::Given;
        entry.failure = None;
        let peers = core::mem::take(&mut entry.peers);
        Some(Wanted { is_global: entry.is_global, peers })
    }

    /// Its name was not found. The milliseconds until it is looked up again; `None` if nobody wants it
    /// any more.
    pub(super) fn handle_unknown(
        &mut self,
        relay: &PublicKey,
        failure: String,
        now: Millis,
    ) -> Option<u64> {
        let entry = self.0.get_mut(relay)?;
        entry.failure = Some(failure);
        let pause = entry.next_pause();
        entry.state = State::Unknown(Millis(now.0 + pause));
        Some(pause)
    }

    pub(super) fn handle_connected(&mut self, relay: &PublicKey) {
        if let Some(entry) = self.0.get_mut(relay) {
            entry.failures = 0;
        }
    }

    /// Its connection was lost, or not made. Whether its name should be looked up again.
    pub(super) fn handle_lost(&self, relay: &PublicKey, now: Millis) -> bool {
        self.0.get(relay).is_some_and(|entry| {
            entry.state == State::Given
                && matches!(entry.target, Target::Name(..))
                && now.since(entry.looked_up) >= STALE_AFTER_MS
        })
    }

    /// The machine has forgotten relays: those for everybody are kept here, the others are not.
    pub(super) fn handle_forgotten(&mut self, knows: impl Fn(&PublicKey) -> bool, now: Millis) {
        self.0.retain(|relay, entry| {
            if entry.state != State::Given || knows(relay) {
                return true;
            }
            // The machine has kept it for the first of these pauses.
            let pause = entry.next_pause() - FIRST_PAUSE_MS;
            entry.state = State::Idle(Millis(now.0 + pause));
            entry.is_global
        });
    }

    /// Peers are gone: what was to be looked up for them alone is not any more.
    pub(super) fn handle_removed(&mut self, is_current: impl Fn(PeerRef) -> bool) {
        self.0.retain(|_, entry| {
            entry.peers.retain(|peer| is_current(*peer));
            entry.is_global || entry.state == State::Given || !entry.peers.is_empty()
        });
    }

    /// The next relay whose pause is over; those that the machine has forgotten only if relays are
    /// lacking.
    pub(super) fn next_due(&self, lacking: bool, now: Millis) -> Option<PublicKey> {
        let is_due = |entry: &Entry| entry.due(lacking).is_some_and(|due| due <= now);
        self.0.iter().find(|(_, entry)| is_due(entry)).map(|(relay, _)| *relay)
    }

    /// When [`Self::next_due`] has something to say.
    pub(super) fn deadline(&self, lacking: bool) -> Option<Millis> {
        self.0.values().filter_map(|entry| entry.due(lacking)).min()
    }
}

impl Entry {
    fn due(&self, lacking: bool) -> Option<Millis> {
        match self.state {
            State::Unknown(at) => Some(at),
            State::Idle(at) => lacking.then_some(at),
            State::Looking | State::Given => None,
        }
    }

    fn next_pause(&mut self) -> u64 {
        let pause = (FIRST_PAUSE_MS << self.failures.min(8)).min(MAX_PAUSE_MS);
        self.failures = self.failures.saturating_add(1);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELAY: PublicKey = PublicKey([7; 32]);

    fn named(host: &str) -> Target {
        crate::net::address::parse(&format!("{host}:443")).unwrap()
    }

    fn peer() -> PeerRef {
        PeerRef { number: crate::proto::connections::PeerNumber(3), serial: 1 }
    }

    #[test]
    fn a_name_that_is_not_found_is_looked_up_after_longer_and_longer_pauses() {
        let mut book = Book::default();
        assert!(book.note(RELAY, named("a"), None, Millis(0)));
        book.look_up(&RELAY, Millis(0));
        assert!(book.is_looking(&RELAY));
        assert_eq!(book.deadline(true), None);
        assert_eq!(book.handle_unknown(&RELAY, String::new(), Millis(5)), Some(FIRST_PAUSE_MS));
        assert_eq!(book.next_due(false, Millis(FIRST_PAUSE_MS)), None);
        assert_eq!(book.deadline(false), Some(Millis(FIRST_PAUSE_MS + 5)));
        assert_eq!(book.next_due(false, Millis(FIRST_PAUSE_MS + 5)), Some(RELAY));
        assert_eq!(book.handle_unknown(&RELAY, String::new(), Millis(0)), Some(2 * FIRST_PAUSE_MS));
        for _ in 0..20 {
            book.handle_unknown(&RELAY, String::new(), Millis(0));
        }
        assert_eq!(book.handle_unknown(&RELAY, String::new(), Millis(0)), Some(MAX_PAUSE_MS));
        book.handle_connected(&RELAY);
        assert_eq!(book.handle_unknown(&RELAY, String::new(), Millis(0)), Some(FIRST_PAUSE_MS));
    }

    #[test]
    fn a_lost_relay_is_looked_up_again_if_its_address_is_old() {
        let mut book = Book::default();
        book.note(RELAY, named("a"), None, Millis(0));
        book.look_up(&RELAY, Millis(0));
        assert!(!book.handle_lost(&RELAY, Millis(STALE_AFTER_MS)), "it is under way");
        assert!(book.give(&RELAY).is_some());
        assert!(!book.handle_lost(&RELAY, Millis(STALE_AFTER_MS - 1)));
        assert!(book.handle_lost(&RELAY, Millis(STALE_AFTER_MS)));
    }

    #[test]
    fn what_the_machine_forgets_is_kept_if_it_is_for_everybody() {
        let mut book = Book::default();
        let other = PublicKey([8; 32]);
        book.note(RELAY, named("a"), None, Millis(0));
        book.note(other, named("b"), Some(peer()), Millis(0));
        assert_eq!(book.give(&other), Some(Wanted { is_global: false, peers: vec![peer()] }));
        book.handle_forgotten(|_| true, Millis(0));
        assert_eq!(book.relays().count(), 2);
        book.handle_forgotten(|_| false, Millis(0));
        assert_eq!(book.relays().collect::<Vec<_>>(), [RELAY]);
        assert_eq!(book.deadline(false), None, "there are relays enough");
        assert_eq!(book.next_due(true, Millis(0)), Some(RELAY));
        assert!(book.give(&RELAY).is_some());
        book.handle_forgotten(|_| false, Millis(7));
        assert_eq!(book.deadline(true), Some(Millis(FIRST_PAUSE_MS + 7)));
    }

    /// Otherwise a name that is never found would be looked up for ever, and keep its place.
    #[test]
    fn what_only_peers_wanted_that_are_gone_is_not_looked_up_any_more() {
        let (for_all, given) = (PublicKey([8; 32]), PublicKey([9; 32]));
        let mut book = Book::default();
        for (relay, peer) in [(RELAY, Some(peer())), (for_all, Some(peer())), (for_all, None)] {
            book.note(relay, named("a"), peer, Millis(0));
            book.look_up(&relay, Millis(0));
            book.handle_unknown(&relay, String::new(), Millis(0));
        }
        book.note(given, named("a"), Some(peer()), Millis(0));
        book.handle_removed(|_| true);
        assert_eq!(book.relays().count(), 3);
        book.handle_removed(|_| false);
        assert_eq!(book.relays().collect::<Vec<_>>(), [for_all, given]);
    }

    #[test]
    fn entries_are_limited_and_peers_come_once() {
        let mut book = Book::default();
        let key =
            |i: usize| PublicKey([(i >> 8) as u8, i as u8, 1].repeat(11)[..32].try_into().unwrap());
        for i in 0..MAX_ENTRIES {
            assert!(book.note(key(i), named("a"), None, Millis(0)));
        }
        assert!(!book.note(RELAY, named("a"), None, Millis(0)));
        assert!(book.remove(&key(0)));
        assert!(book.note(RELAY, named("a"), Some(peer()), Millis(0)));
        assert!(book.note(RELAY, named("a"), Some(peer()), Millis(0)));
        assert_eq!(book.give(&RELAY), Some(Wanted { is_global: false, peers: vec![peer()] }));
    }
}
